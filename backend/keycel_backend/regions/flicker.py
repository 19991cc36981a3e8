"""Checks what an engine suggests for a drawing's regions against the drawings before and after.

A colour that lasts for a single drawing, while the same region has another one on both sides, is a
flicker of the engine far more often than paint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from keycel_backend.regions.arrays import Floats, Integers
from keycel_backend.regions.confidence import UNSURE
from keycel_backend.regions.matching import Match
from keycel_backend.regions.proposal import Votes

FLICKER = "The drawings before and after suggest another colour."
_TRACKED = 0.6
"""Belief in matched regions of one colour from which a region counts as found again."""
_DOUBTED = 0.8 * UNSURE
"""Most confidence of a colour that both neighbours contradict."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What is known of the drawing before or after, and where a drawing's regions lie in it."""

    match: Match
    entries: Integers
    """(its regions,) palette entries."""
    confidence: Floats
    """(its regions,) 0..1."""


def steadied(votes: Votes, neighbours: Sequence[Neighbour]) -> Votes:
    """The same votes, but for regions that have another colour in both neighbouring drawings.

    Such a region takes that colour where the neighbours are surer of it than the region is of its own; else
    it is marked unsure. With fewer than two neighbours nothing changes: a new colour may stay.
    """
    if len(neighbours) < 2:
        return votes
    opinions = [_opinion(neighbour) for neighbour in neighbours]
    track = opinions[0][0]
    agreed = np.all([entries == track for entries, _, _ in opinions], axis=0)
    found = np.min([belief for _, belief, _ in opinions], axis=0)
    sure = np.min([confidence for _, _, confidence in opinions], axis=0)
    flicker = agreed & (found >= _TRACKED) & (track != votes.entries)
    follows = flicker & (sure > votes.confidence)
    doubted = flicker & ~follows
    entries = np.where(follows, track, votes.entries)
    confidence = np.where(follows, sure, votes.confidence)
    confidence = np.where(doubted, np.minimum(confidence, _DOUBTED), confidence).astype(np.float32)
    reasons = tuple(FLICKER if changed else why for why, changed in zip(votes.reasons, flicker, strict=True))
    return replace(votes, entries=entries, confidence=confidence, reasons=reasons)


def _opinion(neighbour: Neighbour) -> tuple[Integers, Floats, Floats]:
    """(regions,) likeliest entry, belief in matched regions that have it, and how sure these are of it."""
    belief, source = neighbour.match.belief[:, :-1], neighbour.match.source
    entries = neighbour.entries[source]
    same = entries[:, :, None] == entries[:, None, :]
    mass = (same * belief[:, None, :]).sum(axis=2)
    best = mass.argmax(axis=1)
    rows = np.arange(len(source))
    say = same[rows, best] * belief
    sure = (say * neighbour.confidence[source]).sum(axis=1) / np.maximum(say.sum(axis=1), 1e-6)
    return entries[rows, best], mass[rows, best], sure
