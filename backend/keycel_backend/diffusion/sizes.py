"""Pictures of any size for networks that want multiples: padded at right and bottom, cropped exactly."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as functional
from torch import Tensor


@dataclass(frozen=True, slots=True)
class WorkingSize:
    """Sides in pixels: of the pictures, of what the networks see of them, and of that with its padding."""

    height: int
    width: int
    working_height: int
    working_width: int
    padded_height: int
    padded_width: int

    @classmethod
    def of(cls, height: int, width: int, scale: float, multiple: int) -> WorkingSize:
        """`scale`: of the picture inside the networks, 1 for as it is."""
        working = [max(1, round(side * scale)) for side in (height, width)]
        padded = [-(-side // multiple) * multiple for side in working]
        return cls(height, width, working[0], working[1], padded[0], padded[1])

    def padded_picture(self, pictures: Tensor) -> Tensor:
        """(frames, channels, height, width); the border goes on outside."""
        return functional.pad(self._resized(pictures), self._padding, mode="replicate")

    def padded_lines(self, lines: Tensor) -> Tensor:
        """(frames, height, width) float, dark lines on white 255; there are no lines outside."""
        return functional.pad(self._resized(lines[:, None])[:, 0], self._padding, value=255.0)

    def cropped(self, pictures: Tensor) -> Tensor:
        """(frames, channels, padded height, padded width) to the size of the pictures."""
        cropped = pictures[..., : self.working_height, : self.working_width]
        if (self.working_height, self.working_width) == (self.height, self.width):
            return cropped
        return functional.interpolate(cropped, (self.height, self.width), mode="bilinear", antialias=True)

    @property
    def _padding(self) -> tuple[int, int, int, int]:
        return 0, self.padded_width - self.working_width, 0, self.padded_height - self.working_height

    def _resized(self, pictures: Tensor) -> Tensor:
        size = self.working_height, self.working_width
        if size == (self.height, self.width):
            return pictures
        return functional.interpolate(pictures, size, mode="bilinear", antialias=True)
