"""Which pixel formats of Krita are read, and how they become RGBA of 8 bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from keycel_backend.io.pictures import to_rgba8

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels


@dataclass(frozen=True)
class ColorSpace:
    """A stored pixel format of whole numbers with straight alpha, alpha last."""

    byte_order: tuple[int, ...]
    """Output byte to stored byte: Krita stores blue, green, red, alpha, little-endian."""
    bytes_per_channel: int

    @property
    def pixel_size(self) -> int:
        return len(self.byte_order)

    @property
    def alpha(self) -> slice:
        """The alpha's bytes within a stored pixel."""
        return slice(self.pixel_size - self.bytes_per_channel, self.pixel_size)

    def to_rgba8(self, raw: NDArray[np.uint8]) -> Pixels:
        """Bytes in output order, shape (height, width, pixel_size), to RGBA of 8 bits.

        Values are scaled, not colour-managed: grey becomes equal red, green and blue, and a linear
        16-bit layer keeps its linear values.
        """
        if self.bytes_per_channel == 1:
            return to_rgba8(raw)
        values = np.frombuffer(np.ascontiguousarray(raw), dtype="<u2")
        return to_rgba8(np.reshape(values.astype(np.uint16), (*raw.shape[:2], -1)))


COLOR_SPACES = {
    "RGBA": ColorSpace((2, 1, 0, 3), 1),
    "RGBA16": ColorSpace((4, 5, 2, 3, 0, 1, 6, 7), 2),
    "GRAYA": ColorSpace((0, 1), 1),
    "GRAYA16": ColorSpace((0, 1, 2, 3), 2),
}
