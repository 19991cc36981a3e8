"""Animated pictures with the real exposure of each drawing."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from keycel_backend.io.compose import WHITE, Rgb, over_color
from keycel_backend.io.results import write_whole

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels

_GIF_COLORS = 255
_PALETTE_SAMPLE_SIDE = 320


@dataclass(frozen=True)
class ExposedPicture:
    pixels: Pixels
    """RGBA; transparent parts are shown as white paper."""
    exposure: int
    """How long it is shown, in frames."""


def write_animation(path: Path, pictures: Sequence[ExposedPicture], fps: float) -> None:
    """Write an endless animation: APNG (`.png`, `.apng`; exact colours) or GIF (`.gif`; 255 colours).

    Durations are rounded so that errors do not add up: every drawing starts within half a unit
    (1 ms; GIF 10 ms) of its time in the shot.

    Raises:
        KeycelError: OUT_NOT_WRITABLE, RES_DISK_FULL.
    """
    is_gif = path.suffix.lower() == ".gif"
    unit = 10 if is_gif else 1
    durations = _durations([picture.exposure for picture in pictures], fps, unit)
    frames = [over_color(picture.pixels, WHITE) for picture in pictures]
    images = _limited_palette(frames) if is_gif else [Image.fromarray(frame) for frame in frames]
    stream = io.BytesIO()
    images[0].save(
        stream,
        format="GIF" if is_gif else "PNG",
        save_all=True,
        append_images=images[1:],
        duration=durations,
        loop=0,
    )
    write_whole(path, stream.getvalue())


def _durations(exposures: Sequence[int], fps: float, unit: int) -> list[int]:
    """Milliseconds per picture, multiples of `unit`."""
    starts = np.concatenate([[0], np.cumsum(exposures)]) * (1000.0 / fps / unit)
    return [int(duration) * unit for duration in np.diff(np.round(starts))]


def _limited_palette(frames: Sequence[Rgb]) -> list[Image.Image]:
    """All frames in one palette, without dither: flat colours must not flicker or grain."""
    thumbnails = [Image.fromarray(frame) for frame in frames]
    for thumbnail in thumbnails:
        # Nearest neighbour keeps the flats' own colours, which an average would dilute.
        thumbnail.thumbnail((_PALETTE_SAMPLE_SIDE, _PALETTE_SAMPLE_SIDE), Image.Resampling.NEAREST)
    montage = Image.fromarray(np.concatenate([np.asarray(thumbnail) for thumbnail in thumbnails]))
    palette = montage.quantize(_GIF_COLORS, method=Image.Quantize.MEDIANCUT)
    return [Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
