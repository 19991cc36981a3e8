"""Drawings, masks and the reference image as the networks were trained to see them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from keycel_backend.diffusion.colorizediffusion.modes import Reference
from keycel_backend.diffusion.colorizediffusion.preparation import (
    Placement,
    SketchPreparation,
    fit,
    prepare_sketch,
    to_tensor,
    with_white_margin,
)
from keycel_backend.engines.lvcd.material import sketch
from keycel_backend.engines.lvcd.sizes import model_size
from keycel_backend.io.compose import WHITE, over_color
from keycel_backend.regions.arrays import Mask, Pixels
from keycel_backend.regions.foreground import pictured_foreground
from keycel_backend.regions.lines import LineArt


@dataclass(frozen=True, slots=True)
class DrawingMaterial:
    """A drawing at the size of the networks, both sides multiples of 64."""

    sketch: Tensor
    """(1, 3, height, width): lines bright on dark."""
    mask: Tensor
    """(1, 1, height, width): the foreground near 1."""
    placement: Placement
    """Where the drawing lies; around it there is nothing."""


def prepare_drawing(
    drawing: Pixels,
    art: LineArt,
    foreground: Mask,
    preparation: SketchPreparation | None,
    longest: int,
) -> DrawingMaterial:
    """From RGBA at canvas size.

    Args:
        foreground: (height, width) of the canvas.
        preparation: None for our own reading of the lines.
        longest: side of the networks' picture in pixels, about.
    """
    height, width = art.strength.shape
    if preparation is None:
        picture, preparation = sketch(art, width, height), SketchPreparation.INVERT
        picture = np.repeat(picture[..., None], 3, axis=2)
    else:
        picture = over_color(drawing, WHITE)
    columns, rows = model_size(width, height, longest)
    lines, placement = prepare_sketch(picture, preparation, rows, columns)
    marked = torch.as_tensor(foreground.astype(np.float32))[None, None]
    # around the drawing `fit` leaves what means "nothing": background, here
    mask = (fit(marked * 2.0 - 1.0, rows, columns)[0] + 1.0) / 2.0
    return DrawingMaterial(lines, mask, placement)


def prepare_reference(picture: Pixels, margin: float) -> Reference:
    """From RGBA of any size. Where it is transparent and black there is nothing: white.

    Its alpha is its foreground; of an opaque picture it is what plain ground around it leaves.
    """
    rgb = picture[..., :3].copy()
    rgb[nothing_of(picture)] = WHITE
    foreground = pictured_foreground(picture)
    mask = None
    if foreground is not None:
        # white beside the image is background, as white is in this picture
        background = np.where(foreground[..., None], np.uint8(0), np.uint8(255))
        wide = with_white_margin(background, margin)[..., 0]
        mask = torch.as_tensor(wide == 0)[None, None].float()
    return Reference(to_tensor(with_white_margin(rgb, margin)), mask)


def nothing_of(picture: Pixels) -> Mask:
    """(height, width) where a picture has neither paint nor a colour under its transparency."""
    return (picture[..., 3] < 128) & ~picture[..., :3].any(axis=2)
