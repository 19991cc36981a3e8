"""Carries colours from painted regions to matched regions, and pools what several references say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keycel_backend.regions.arrays import Floats
from keycel_backend.regions.matching import Match

NEIGHBOUR, NEXT_BUT_ONE, KEYFRAME = 1.0, 0.5, 0.6
"""Say of the drawing next to it, of the one after that, and of the keyframe itself."""
_DECISION = 1.5
"""Exponent that sharpens what several say; 1 would blur colours into each other over many drawings. What one
match alone says is left as it is: sharpened it would claim to be surer than it is."""


@dataclass(frozen=True, slots=True)
class Colors:
    """What is believed of the colours of one drawing's regions."""

    shares: Floats
    """(regions, palette entries); rows sum to 1."""
    known: Floats
    """(regions,) 0..1: how much of that comes from matched regions rather than from nothing."""


def painted(shares: Floats) -> Colors:
    """Colours of a painted keyframe's own regions."""
    return Colors(shares, np.ones(len(shares), np.float32))


def pool(evidence: Sequence[tuple[float, Match, Colors]]) -> Colors:
    """Pooled answer of several (weight, match, colours of the matched drawing); at least one.

    A matched region votes as far as its own colour is known.
    """
    total = sum(weight for weight, _, _ in evidence)
    shares = known = np.float32(0)
    for weight, found, colors in evidence:
        say = weight / total * found.belief[:, :-1] * colors.known[found.source]
        shares = shares + np.einsum("nk,nkc->nc", say, colors.shares[found.source])
        known = known + say.sum(axis=1)
    exponent = _DECISION if len(evidence) > 1 else 1.0
    return Colors(_sharpened(np.asarray(shares), exponent), np.asarray(known))


def blend(left: Colors, right: Colors, place: float) -> Colors:
    """Answers from the keyframes before and after; `place` 0..1 is where between them the drawing lies."""
    left_say = (1.0 - place) * (0.02 + left.known**2 * left.shares.max(axis=1))
    right_say = place * (0.02 + right.known**2 * right.shares.max(axis=1))
    total = left_say + right_say
    shares = (left_say / total)[:, None] * left.shares + (right_say / total)[:, None] * right.shares
    known = (left_say * left.known + right_say * right.known) / total
    return Colors(shares.astype(np.float32), known.astype(np.float32))


def supplement(colors: Colors, other: Colors) -> Colors:
    """Where little is known, what `other` keyframes say counts instead."""
    missing = (1.0 - colors.known) * other.known
    total = np.maximum(colors.known + missing, 1e-6)
    shares = (colors.known[:, None] * colors.shares + missing[:, None] * other.shares) / total[:, None]
    empty = colors.known + missing < 1e-6
    shares[empty] = colors.shares[empty]
    return Colors(shares.astype(np.float32), np.clip(colors.known + missing, 0.0, 1.0).astype(np.float32))


def _sharpened(votes: Floats, exponent: float) -> Floats:
    shares = votes / np.maximum(votes.sum(axis=1, keepdims=True), 1e-9)
    raised = (shares + 1e-6) ** exponent
    return (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
