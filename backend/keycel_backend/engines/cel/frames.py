"""One drawing of a stretch as the networks see it, and the way from pictures to latents and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np
import torch
from torch import Tensor

from keycel_backend.diffusion.sketchkey.latents import decode, encode
from keycel_backend.diffusion.sketchkey.sizes import PictureSize
from keycel_backend.engines.cel.carrying import LINE
from keycel_backend.regions.arrays import Bytes


@dataclass(frozen=True, slots=True)
class CelFrame:
    """One drawing of a stretch; the first is painted."""

    seed: int
    """Of its noise."""
    lines: Bytes
    """(height, width) dark lines on white, at the size of sketches."""
    shown: bool = True
    """Whether the networks see the lines. Paint is carried along them in any case."""
    picture: Bytes | None = None
    """(height, width, 3) RGB where it is painted by the artist."""


def resized(frame: CelFrame, size: PictureSize) -> CelFrame:
    """The frame for pictures of that size, which is not larger than its own."""
    picture = frame.picture
    return replace(
        frame,
        lines=_shrunk(frame.lines, *size.hint),
        picture=None if picture is None else _shrunk(picture, size.height, size.width),
    )


def _shrunk(picture: Bytes, height: int, width: int) -> Bytes:
    if picture.shape[:2] == (height, width):
        return picture
    return cast("Bytes", cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))


def ink(frame: CelFrame) -> Tensor:
    """(height, width) of sketches: 1 line, 0 paper; no line where the networks see none."""
    return torch.as_tensor(frame.shown & (frame.lines < LINE)).float()


def to_picture(latent: Tensor) -> Bytes:
    values = ((decode(latent[None])[0] + 1.0) * 127.5).round().clamp(0.0, 255.0)
    return np.ascontiguousarray(values.byte().permute(1, 2, 0).cpu().numpy())


def latent_of(picture: Bytes) -> Tensor:
    """(channels, height, width)"""
    values = torch.as_tensor(picture).permute(2, 0, 1)[None].float() / 127.5 - 1.0
    return encode(values)[0]
