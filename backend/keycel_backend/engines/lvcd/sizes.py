"""The size at which the networks see a drawing: numbers only."""

from __future__ import annotations

SIZE_MULTIPLE = 64
"""Sides of the networks' pictures are multiples of this many pixels."""


def model_size(width: int, height: int, longest: int) -> tuple[int, int]:
    """(width, height) of the networks' pictures for a canvas, both multiples of `SIZE_MULTIPLE`.

    The longer side is about `longest`, but no longer than the canvas needs; the shorter follows to the
    nearest multiple. The authors squeeze pictures in the same way.
    """
    side = _multiple(min(longest, max(width, height)))
    if width >= height:
        return side, _multiple(side * height / width)
    return _multiple(side * width / height), side


def _multiple(side: float) -> int:
    return max(1, round(side / SIZE_MULTIPLE)) * SIZE_MULTIPLE
