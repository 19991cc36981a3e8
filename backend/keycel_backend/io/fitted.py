"""A picture brought to the size of a shot, as the protocol wants all of a shot's pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from keycel_backend.io.source import PictureSource
from keycel_backend.regions.arrays import Pixels


@dataclass(frozen=True, slots=True)
class FittedPicture:
    """A `PictureSource`: all of `source` as large as it fits, in the middle of a transparent canvas."""

    source: PictureSource
    size: tuple[int, int]
    """(width, height) of the canvas."""

    def load(self) -> Pixels:
        """RGBA of the canvas's size; a picture that has it already is not touched. Raises like `source`."""
        picture = self.source.load()
        width, height = self.size
        rows, columns = picture.shape[:2]
        if (columns, rows) == self.size:
            return picture
        scale = min(width / columns, height / rows)
        inner = max(1, round(columns * scale)), max(1, round(rows * scale))
        left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
        canvas = np.zeros((height, width, 4), np.uint8)
        canvas[top : top + inner[1], left : left + inner[0]] = _resized(picture, inner)
        return canvas

    def is_blank(self) -> bool:
        return self.source.is_blank()

    def describe(self) -> str:
        return self.source.describe()


def _resized(picture: Pixels, size: tuple[int, int]) -> Pixels:
    """Without mixing colours: a palette is read from the picture."""
    return cast(Pixels, cv2.resize(picture, size, interpolation=cv2.INTER_NEAREST_EXACT))
