"""Between the artist's drawing and what the networks see and draw: small grey pictures of soft lines.

To the networks: lines as dark as they can be and never so thin that a small picture loses them. From them:
clean lines in the artist's width and colour on transparent, at canvas size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from skimage.morphology import skeletonize

from keycel_backend.regions.arrays import Bytes, Floats, Labels, Mask, Pixels, distance_to
from keycel_backend.regions.lines import LineArt

THINNEST = 2.0
"""Pixels of the networks' pictures: what a line is thickened to at least."""
_TYPICAL = 75
"""Percentile of the strength of ink that counts as a well-drawn line: it becomes black."""
_STEP = 4.0 / np.pi * np.log(1.0 + np.sqrt(2.0))
"""Length of a line over its pixels along its middle, mean over all directions."""
_FAINTEST = 32.0
"""Darkness, of 255, under which nothing counts as drawn."""
_SOLID = 1.5
"""Places deeper inside ink than this many widths of a line are filled, not lines."""
_EDGE = 0.1
"""Pixels by which half a line is drawn too wide otherwise; measured on lines of 1 to 8 pixels."""
_SOFT, _SHARPER = 1.0, 1.0
"""Of the sharpening: a blur in pixels of the networks' pictures, and how much of its difference is added."""
_BESIDE = 0.75
"""What is less dark than this share of the darkest place nearby is no ink."""
_SMOOTH = 0.8
"""Standard deviation, in pixels, that takes the steps of the pixel grid out of a line's middle."""


@dataclass(frozen=True, slots=True)
class Pen:
    """How the artist draws."""

    width: float
    """Of a line, in pixels of the canvas."""
    shown: float
    """Of the same line as the networks see it, in pixels of the canvas."""
    color: tuple[int, int, int]
    opacity: int
    """Of a well-drawn line, 1..255."""

    @classmethod
    def of(cls, drawing: Pixels, art: LineArt, width: int) -> Pen:
        """`width`: of the networks' pictures. There is ink in the drawing."""
        thinnest = THINNEST * drawing.shape[1] / width
        line_width = _width(art)
        strong = art.ink & (art.strength >= _typical(art))
        red, green, blue = (int(value) for value in np.median(drawing[strong][:, :3], axis=0))
        opacity = 255 if art.on_paper else max(1, round(_typical(art)))
        return cls(line_width, max(line_width, thinnest), (red, green, blue), opacity)


def _typical(art: LineArt) -> float:
    """Strength of a well-drawn line; of black ink where nothing is drawn."""
    return 255.0 if art.is_empty else float(np.percentile(art.strength[art.ink], _TYPICAL))


def _cover(art: LineArt) -> Floats:
    """How much of each pixel is inked, 0..1, whatever the strength of the ink."""
    return np.clip(art.strength.astype(np.float32) / max(_typical(art), 1.0), 0.0, 1.0)


def _width(art: LineArt) -> float:
    """Of a line: all ink of lines over the length of all lines. Soft edges count as what they cover."""
    middle = skeletonize(art.ink) & (distance_to(~art.ink) <= art.line_width)
    if not middle.any():
        return art.line_width
    along = distance_to(middle) <= art.line_width
    return max(1.0, float(_cover(art)[along].sum()) / (_STEP * np.count_nonzero(middle)))


def sketch(art: LineArt, pen: Pen, width: int, height: int) -> Bytes:
    """(height, width) the drawing as the networks see it: dark lines on white."""
    darkness = (255.0 * _cover(art)).astype(np.uint8)
    reach = round(pen.shown - pen.width) | 1
    if reach > 1:
        darkness = cv2.dilate(darkness, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    small = cv2.resize(darkness, (width, height), interpolation=cv2.INTER_AREA)
    return 255 - cast(Bytes, small)


def clean_ink(picture: Bytes, pen: Pen, width: int, height: int) -> Pixels:
    """(height, width, 4) the artist's lines on transparent, from a picture of the networks of any size.

    Lines get the pen's width whatever they have in the picture; places much thicker than lines stay filled.
    """
    sharp = _sharpened(255.0 - picture.astype(np.float32))
    darkness = cast(Floats, cv2.resize(sharp, (width, height), interpolation=cv2.INTER_CUBIC))
    ink = _without_specks(darkness >= _threshold(darkness, picture, pen), pen)
    cover = np.maximum(_lines(ink, pen), _fills(ink, pen))
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[..., :3] = pen.color
    pixels[..., 3] = np.round(cover * pen.opacity)
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def _sharpened(darkness: Floats) -> Floats:
    """Narrow gaps between lines opened again, as far as a small picture still shows them."""
    soft = cast(Floats, cv2.GaussianBlur(darkness, (0, 0), _SOFT))
    return np.clip(darkness + _SHARPER * (darkness - soft), 0.0, 255.0)


def _threshold(darkness: Floats, picture: Bytes, pen: Pen) -> Floats:
    """Darkness from which on each pixel is ink.

    Otsu's for the whole picture, but no noise on empty paper; more beside dark lines, so that the grey
    between two of them stays paper.
    """
    light, _ = cv2.threshold(picture, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    reach = round(pen.shown) | 1
    darkest = cv2.dilate(darkness, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    return np.maximum(_BESIDE * cast(Floats, darkest), max(255.0 - float(light), _FAINTEST))


def _without_specks(ink: Mask, pen: Pen) -> Mask:
    """Only what is as large as a dot of the pen, as the networks see it."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
    kept = np.zeros(count, np.bool_)
    kept[1:] = stats[1:, cv2.CC_STAT_AREA] >= 0.5 * pen.shown**2
    return kept[cast(Labels, labels)]


def _lines(ink: Mask, pen: Pen) -> Floats:
    """Cover 0..1 of lines of the pen's width along the middle of what is inked."""
    depth = distance_to(~ink)
    middle = _without_spurs(skeletonize(ink), pen)
    middle &= depth <= _SOLID * pen.shown  # in filled places there is no line
    away = cast(Floats, cv2.GaussianBlur(distance_to(middle).astype(np.float32), (0, 0), _SMOOTH))
    # blurring lifts the distance of the middle itself from 0
    lifted = _SMOOTH * float(np.sqrt(2.0 / np.pi))
    half = pen.width / 2.0 - _EDGE
    return np.clip(half + 0.5 - np.maximum(away - lifted * np.exp(-away), 0.0), 0.0, 1.0)


def _fills(ink: Mask, pen: Pen) -> Floats:
    """Cover 0..1 of filled places, as much smaller as lines become."""
    depth = distance_to(~ink)
    inside = depth > _SOLID * pen.shown
    if not inside.any():
        return np.zeros(ink.shape, np.float32)
    filled = ink & (distance_to(inside) <= _SOLID * pen.shown)
    edge = depth - (pen.shown - pen.width) / 2.0
    return np.where(filled, np.clip(edge, 0.0, 1.0), 0.0).astype(np.float32)


def _without_spurs(middle: Mask, pen: Pen) -> Mask:
    """A skeleton without the short branches that bumps of an outline make."""
    around = np.ones((3, 3), np.float32)
    alive = middle.copy()
    length = max(1, round(pen.shown / 2.0))
    for _ in range(length):
        neighbours = cv2.filter2D(alive.astype(np.float32), -1, around, borderType=cv2.BORDER_CONSTANT)
        alive &= ~(neighbours == 2.0)
    # true ends grow back along what was there; a spur was taken away whole
    for _ in range(length):
        neighbours = cv2.filter2D(alive.astype(np.float32), -1, around, borderType=cv2.BORDER_CONSTANT)
        ends = alive & (neighbours == 2.0)
        alive |= middle & cv2.dilate(ends.view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_)
    return alive
