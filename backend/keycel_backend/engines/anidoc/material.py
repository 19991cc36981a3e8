"""Drawings and reference pictures as AniDoc's networks were trained to see them."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from keycel_backend.regions.arrays import Bytes, Floats, Mask, Pixels
from keycel_backend.regions.lines import LineArt

WHITE = 255.0
_LEAST_WIDTH = 1.5
"""Pixels of the networks that a line is wide at least: thinner ones would break in black and white."""
_LEAST_COVER = 0.35
"""Share of a pixel of the networks that ink must cover to make it a line."""
_WIDEST_LINE = 0.014
"""Of a painted picture, as a share of its longer side."""
_DARKER = 30
"""Levels by which lines of a painted picture are darker than the paint on both sides."""


def sketch(art: LineArt, width: int, height: int) -> Bytes:
    """(height, width) 0 line, 255 paper, nothing between, whatever ink and paper were.

    Faint, coloured and anti-aliased lines count as the pixels of ink that they are. Lines too thin for the
    size of the networks are widened.
    """
    ink = art.ink.astype(np.uint8)
    scale = min(width / ink.shape[1], height / ink.shape[0])
    missing = _LEAST_WIDTH / scale - art.line_width
    if missing >= 1.0:
        side = round(missing) + 1
        ink = cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    cover = _resized(ink.astype(np.float32), width, height)
    return np.where(cover >= _LEAST_COVER, 0, 255).astype(np.uint8)


def reference_image(picture: Pixels, width: int, height: int) -> Bytes:
    """(height, width, 3) RGB of an RGBA picture, over white."""
    alpha = picture[..., 3:].astype(np.float32) / 255.0
    over_white = picture[..., :3] * alpha + WHITE * (1.0 - alpha)
    resized = _resized(over_white.astype(np.float32), width, height)
    return np.clip(resized, 0.0, 255.0).round().astype(np.uint8)


def dark_lines(picture: Bytes) -> Mask:
    """(height, width) where a painted (height, width, 3) RGB picture of any size has lines.

    Lines are what is narrow and darker than its surroundings (a black top-hat).
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    side = max(3, round(_WIDEST_LINE * max(grey.shape))) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return cast(Mask, cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, disc) > _DARKER)


def _resized(picture: Floats, width: int, height: int) -> Floats:
    smaller = width <= picture.shape[1] and height <= picture.shape[0]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return cast(Floats, cv2.resize(picture, (width, height), interpolation=method))
