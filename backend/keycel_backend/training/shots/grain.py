"""Noise of a shot, made once and cut out at another place for every drawing."""

from __future__ import annotations

from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Noise = NDArray[np.float32]
Picture = TypeVar("Picture", NDArray[np.uint8], NDArray[np.float32])


class Grain:
    """Slow and fine noise, larger than the maps it serves."""

    def __init__(self, height: int, width: int, rng: np.random.Generator) -> None:
        self._fine = rng.random((height + 64, width + 64), np.float32)
        self._fine = cast(Noise, cv2.GaussianBlur(self._fine, (0, 0), 0.8))
        self._fine = np.clip((self._fine - 0.5) * 3.0 + 0.5, 0.0, 1.0)
        self._slow = _stretched(rng, height, width, 28)
        self._shift = (_stretched(rng, height, width, 24), _stretched(rng, height, width, 24))

    def fine(self, size: tuple[int, ...], rng: np.random.Generator) -> Noise:
        """0..1 from pixel to pixel."""
        return _cut(self._fine, size, rng)

    def slow(self, size: tuple[int, ...], rng: np.random.Generator) -> Noise:
        """-1..1, changing over some 40 pixels of a usual canvas."""
        return _cut(self._slow, size, rng)

    def stray(self, size: tuple[int, ...], reach: float, rng: np.random.Generator) -> tuple[Noise, Noise]:
        """Where each pixel of a drawing comes from, columns and rows, up to about `reach` pixels away."""
        columns = np.arange(size[1], dtype=np.float32)[None]
        rows = np.arange(size[0], dtype=np.float32)[:, None]
        x, y = (_cut(shift, size, rng) * np.float32(reach) for shift in self._shift)
        return columns + x, rows + y


def moved(picture: Picture, origin: tuple[Noise, Noise]) -> Picture:
    """`picture` fetched from the places of `stray`, nearest pixel."""
    return cast(Picture, cv2.remap(picture, *origin, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE))


def _stretched(rng: np.random.Generator, height: int, width: int, cells: int) -> Noise:
    """Smooth noise in -1..1 with about `cells` bumps over the height."""
    rows, columns = cells + 2, max(4, round(cells * width / height)) + 2
    coarse = rng.uniform(-1.0, 1.0, (rows, columns)).astype(np.float32)
    return cast(Noise, cv2.resize(coarse, (width + 64, height + 64), interpolation=cv2.INTER_CUBIC))


def _cut(noise: Noise, size: tuple[int, ...], rng: np.random.Generator) -> Noise:
    top, left = int(rng.integers(0, 64)), int(rng.integers(0, 64))
    return noise[top : top + size[0], left : left + size[1]]
