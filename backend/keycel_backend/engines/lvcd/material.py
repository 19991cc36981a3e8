"""Drawings and painted keyframes as the networks were trained to see them."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from keycel_backend.regions.arrays import Bytes, Floats, Mask
from keycel_backend.regions.lines import LineArt
from keycel_backend.regions.palette import Codes, pixels_of

WHITE = (255, 255, 255)
"""Unpainted ground as the networks see it."""
_TYPICAL = 75
"""Percentile of the strength of ink that counts as a well-drawn line: it becomes black."""


def sketch(art: LineArt, width: int, height: int) -> Bytes:
    """(height, width) the drawing as dark lines on white, whatever ink and paper were.

    Faint lines are made as strong as black ones; thin lines grow pale with size, as in the training.
    """
    darkness = _darkness(art, art.ink | (art.strength > 0))
    return (255.0 - _resized(darkness, width, height)).round().astype(np.uint8)


def reference_picture(flats: Codes, art: LineArt, width: int, height: int) -> Bytes:
    """(height, width, 3) RGB: the keyframe as a finished frame, flats over white with lines over them.

    Coloured separation lines are left out, as they are painted over in a finished frame.
    """
    paint = pixels_of(flats)[..., :3].astype(np.float32)
    paint[flats == 0] = WHITE
    shown = paint * (1.0 - _darkness(art, ~art.trace) / 255.0)[..., None]
    return _resized(shown, width, height).round().astype(np.uint8)


def _darkness(art: LineArt, where: Mask) -> Floats:
    """(height, width) 0 paper to 255 line."""
    if art.is_empty:
        return np.zeros(art.strength.shape, np.float32)
    gain = 255.0 / max(float(np.percentile(art.strength[art.ink], _TYPICAL)), 1.0)
    strength = np.where(where, art.strength, 0).astype(np.float32)
    return np.minimum(strength * gain, 255.0)


def _resized(picture: Floats, width: int, height: int) -> Floats:
    smaller = width <= picture.shape[1] and height <= picture.shape[0]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    resized = cv2.resize(picture, (width, height), interpolation=method)
    return np.clip(cast(Floats, resized), 0.0, 255.0)
