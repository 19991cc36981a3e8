"""Region tracks: the same part of the figure from drawing to drawing, and what its members say together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from keycel_backend.regions.arrays import Floats, Integers
from keycel_backend.regions.features import RegionFeatures
from keycel_backend.regions.matching import Match
from keycel_backend.regions.propagation import Colors

_FOLLOWED = 0.5
"""Belief from which on a region is the same as the one it is matched to."""


_LINKED = 0.8
"""Belief from which on the colours of two regions are pooled."""
_FADING = 0.8
"""Say of the member one drawing away, of the one after that its square, and so on: light changes."""
_NO_LINK = -1


def first_tracks(features: RegionFeatures) -> list[str]:
    """A track of its own for each region.

    Named by the drawing and its region there, so that works done at different times agree on it as long
    as the drawings stay.
    """
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


def linked(found: Match, area: Floats) -> Integers:
    """(regions,) row in the drawing matched to of what is certainly the same region, else -1.

    Of several that match the same region only the one that covers most of it (`area`) is.
    """
    rows = np.arange(len(area))
    best = found.belief[:, :-1].argmax(axis=1)
    source, belief = found.source[rows, best], found.belief[rows, best]
    kept = np.full(len(area), _NO_LINK, np.int64)
    claimed: set[int] = set()
    for row in np.argsort(-belief * area, kind="stable").tolist():
        if belief[row] >= _LINKED and int(source[row]) not in claimed:
            claimed.add(int(source[row]))
            kept[row] = source[row]
    return kept


def agreed(colors: Sequence[Colors], heirs: Sequence[Integers]) -> list[Colors]:
    """What the members of each track believe together; `heirs` of each drawing lead to the one before it.

    Every member counts as far as it is known, and the less the more drawings away it is. How well a
    region is known stays its own.
    """
    says = [one.known[:, None] * one.shares for one in colors]
    before = [says[0]]
    for say, to in zip(says[1:], heirs[1:], strict=True):
        before.append(say + _FADING * np.where(to[:, None] >= 0, before[-1][to], 0.0))
    after = [says[-1]]
    for say, to in zip(says[-2::-1], heirs[:0:-1], strict=True):
        heard = np.zeros_like(say)
        heard[to[to >= 0]] = after[-1][to >= 0]
        after.append(say + _FADING * heard)
    return [
        _pooled(one, past + future - say)
        for one, past, future, say in zip(colors, before, after[::-1], says, strict=True)
    ]


def _pooled(own: Colors, votes: Floats) -> Colors:
    total = votes.sum(axis=1, keepdims=True)
    shares = np.where(total > 1e-6, votes / np.maximum(total, 1e-6), own.shares)
    return Colors(shares.astype(np.float32), own.known)
