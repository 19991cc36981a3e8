"""Sizes of what the networks see of a canvas: numbers only, no torch."""

from __future__ import annotations

from dataclasses import dataclass

PATCH = 4
"""Pixels of a picture along each side of a latent."""
HINT_SCALE = 2
"""A sketch is seen this many times as large as the picture: lines are thinner than patches of paint."""
HINT_PIXELS = PATCH * HINT_SCALE
"""Pixels of a sketch along each side of a latent."""


@dataclass(frozen=True, slots=True)
class PictureSize:
    """Of the pictures the networks paint, in pixels."""

    height: int
    width: int

    @classmethod
    def of(cls, height: int, width: int, side: int, multiple: int) -> PictureSize:
        """About as many pixels as a square of `side`, with nearly the canvas' shape.

        Sides are multiples of `multiple`; pictures are squeezed to them.
        """
        wide = _nearest(side * (width / height) ** 0.5, multiple)
        return cls(_nearest(wide * height / width, multiple), wide)

    @property
    def hint(self) -> tuple[int, int]:
        """(height, width) of sketches."""
        return self.height * HINT_SCALE, self.width * HINT_SCALE

    @property
    def latent(self) -> tuple[int, int]:
        """(height, width)"""
        return self.height // PATCH, self.width // PATCH


def _nearest(length: float, multiple: int) -> int:
    return max(1, int(length / multiple + 0.5)) * multiple
