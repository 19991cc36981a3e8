"""Region tracks: the same part of the figure from drawing to drawing.

A track is named by the drawing in which it begins and its region there, so that works done at different times
agree on it as long as the drawings stay.
"""

from __future__ import annotations

import hashlib

from keycel_backend.regions.features import RegionFeatures
from keycel_backend.regions.matching import Match

_FOLLOWED = 0.5
"""Belief from which on a region is the same as the one it is matched to."""


def first_tracks(features: RegionFeatures) -> list[str]:
    """A track of its own for each region."""
    drawing = hashlib.sha256(features.labels.tobytes()).hexdigest()[:12]
    return [f"{drawing}-{row}" for row in range(features.count)]


def followed(tracks: list[str], found: Match, target: RegionFeatures) -> list[str]:
    """Tracks of `target`, matched by `found` to the drawing that `tracks` are of.

    Regions into which one falls apart share its track; one without a likely source begins its own.
    """
    own = first_tracks(target)
    best = found.belief[:, :-1].argmax(axis=1)
    belief, source = found.belief, found.source
    return [
        tracks[source[row, at]] if belief[row, at] >= _FOLLOWED else own[row]
        for row, at in enumerate(best.tolist())
    ]
