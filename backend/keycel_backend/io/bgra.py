"""Arrays to the raw bytes of the protocol and back: BGRA, 8 bits, straight alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from keycel_shared.wire import Buffer

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels


def to_bgra(picture: Pixels) -> memoryview:
    """Bytes of an RGBA picture, rows top to bottom without padding."""
    return np.ascontiguousarray(_swapped(picture)).data.cast("B")


def from_bgra(data: Buffer, width: int, height: int) -> Pixels:
    """RGBA picture, shape (height, width, 4), of `width * height * 4` bytes."""
    return _swapped(np.reshape(np.frombuffer(data, np.uint8), (height, width, 4)))


def _swapped(picture: Pixels) -> Pixels:
    return cast("Pixels", cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA))
