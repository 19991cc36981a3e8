"""Procedural shots as the networks see them, small, made once and kept on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from keycel_backend.diffusion.sketchkey.sizes import PictureSize
from keycel_backend.engines.lvcd.material import sketch
from keycel_backend.regions.arrays import Bytes
from keycel_backend.regions.lines import read_line_art
from keycel_backend.training.shots.shot import ProceduralShot, ShotSettings, generate_shot

SETTINGS = ShotSettings(heights=(180, 320), drawings=(10, 16))
"""The networks see a few hundred pixels: larger canvases only cost time."""


@dataclass(frozen=True, slots=True)
class CelExample:
    """All drawings of a shot, in order."""

    lines: Bytes
    """(drawings, hint height, hint width) dark lines on white, at the size of sketches."""
    paint: Bytes
    """(drawings, height, width, 4) RGBA flats without lines, colours multiplied by alpha."""
    surface: Bytes
    """(drawings, height, width) 255 where a single surface covers the whole pixel: colours are no mixture."""

    @property
    def size(self) -> PictureSize:
        return PictureSize(*self.paint.shape[1:3])


def make_example(seed: int, side: int, multiple: int) -> CelExample:
    """The shot of `seed`; `side` and `multiple` as for `PictureSize.of`."""
    return example_of(generate_shot(seed, SETTINGS), side, multiple)


def example_of(shot: ProceduralShot, side: int, multiple: int) -> CelExample:
    size = PictureSize.of(shot.height, shot.width, side, multiple)
    lines = [sketch(read_line_art(drawing.line), *size.hint[::-1]) for drawing in shot.drawings]
    paint = [_smaller(_premultiplied(drawing.flats), size) for drawing in shot.drawings]
    surface = [_smaller(_unmixed(drawing.identity), size) == 255 for drawing in shot.drawings]
    return CelExample(np.stack(lines), np.stack(paint), np.stack(surface).astype(np.uint8) * 255)


def save(example: CelExample, path: Path) -> None:
    """A file is either whole or not there."""
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.savez_compressed(
            file, allow_pickle=False, lines=example.lines, paint=example.paint, surface=example.surface
        )
    unfinished.replace(path)


def load(path: Path) -> CelExample:
    with np.load(path) as stored:
        return CelExample(stored["lines"], stored["paint"], stored["surface"])


def _premultiplied(flats: Bytes) -> Bytes:
    return np.where(flats[..., 3:] > 0, flats, np.uint8(0))


def _unmixed(identity: NDArray[np.int32]) -> Bytes:
    """255 where a pixel and all around it are of one surface."""
    numbers = identity.astype(np.float32)
    kernel = np.ones((3, 3), np.uint8)
    return ((cv2.dilate(numbers, kernel) == cv2.erode(numbers, kernel)) * 255).astype(np.uint8)


def _smaller(picture: Bytes, size: PictureSize) -> Bytes:
    small = cv2.resize(picture, (size.width, size.height), interpolation=cv2.INTER_AREA)
    return cast(Bytes, small)
