"""Which colours a reference image adds to the palette."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from keycel_backend.engines.anidoc.material import dark_lines
from keycel_backend.engines.base import Rgba
from keycel_backend.regions.arrays import Bytes, Floats, Mask, Pixels
from keycel_backend.regions.lines import lies_on_paper
from keycel_backend.regions.palette import Codes, Palette, color_codes, flat_colors, pixels_of
from keycel_backend.regions.reference_palette import reference_palette

_MOST_COLORS = 48
"""A painting with soft shades has thousands; its most frequent ones stand for them."""
_LEAST_SHARE = 1.0 / 2000.0
"""Of the image's painted pixels that a colour must cover."""
_LEAST_PAINT = 0.5
"""Share of a colour's pixels that must be off the lines: junctions of lines are wide, too."""
_ALIKE = 4.0
"""Distance in Lab up to which two colours are one."""
_NEAR_WHITE = 240
_PAPER_GRAIN = 2
"""Levels by which paper differs from itself after lossy compression."""
_CALM = 24
"""Levels by which a pixel's neighbours may differ where it is paint with some grain, and no edge."""
_EXPLAINED = 8.0
"""Distance in Lab up to which a pixel is a flat colour with some grain."""
_GRAIN = 5
"""Pixels of the median that takes grain away."""
_LEAST_SOFT = 0.02
"""Of the calm paint that no flat colour explains: less is left out."""
_LEAST_PATCH = 0.002
"""Of the calm paint that a colour must stand for."""
_MOST_SOFT = 12
"""Colours that stand for soft paint."""


@dataclass(frozen=True, slots=True)
class ReferenceColors:
    colors: tuple[Rgba, ...]
    """Opaque; flat ones first, the most frequent of them at the beginning."""
    on_ground: bool
    """The character stands on transparent, or on paper that is nearly white."""

    def added_to(self, palette: Palette) -> Palette:
        """The palette with the colours that it has nothing like; its own entries keep their numbers."""
        known = list(palette.colors)
        for color in self.colors:
            opaque = [one for one in known if one[3]]
            if not opaque or _distance(color, opaque) > _ALIKE:
                known.append(color)
        return Palette(tuple(known))


def read_reference_colors(image: Pixels) -> ReferenceColors:
    """Colours of an RGBA image, without its paper and its lines.

    Flat ones are taken exactly. For paint with shades or grain, as in a painting or a JPEG, a few of its
    colours stand.
    """
    codes = color_codes(image)
    paper = _paper_code(image, codes)
    clear = codes != 0
    if paper is not None:
        clear &= ~_like_paper(image[..., :3], paper, _PAPER_GRAIN)
    flat = _inside(codes) & clear
    whole, counts = (flat_colors(codes, mask) for mask in (flat, flat & ~dark_lines(image[..., :3])))
    least = _LEAST_SHARE * max(1, int(clear.sum()))
    frequent = [code for code, number in counts.items() if number >= max(least, _LEAST_PAINT * whole[code])][
        :_MOST_COLORS
    ]
    colors = tuple(
        (int(red), int(green), int(blue), 255)
        for red, green, blue, _ in pixels_of(np.array([frequent], np.uint32)).reshape(-1, 4)
    )
    soft = _soft_colors(image, codes != 0, paper, colors)
    return ReferenceColors((*colors, *soft), paper is not None or bool((codes == 0).any()))


def _soft_colors(image: Pixels, opaque: Mask, paper: int | None, known: tuple[Rgba, ...]) -> tuple[Rgba, ...]:
    """Colours for the paint that none of the `known` ones explains."""
    rgb, lines = image[..., :3], dark_lines(image[..., :3])
    smooth = cast(Bytes, cv2.medianBlur(np.ascontiguousarray(rgb), _GRAIN))
    ground = np.zeros_like(opaque)
    if paper is not None:
        ground = _like_paper(rgb, paper, _CALM // 2) | _like_paper(smooth, paper, _CALM // 2)
    paint = opaque & _calm(rgb) & ~lines & ~ground
    lab = _lab_picture(rgb)
    left = paint & np.logical_and.reduce([_unlike(lab, color) for color in known], initial=True)
    if not left.any() or left.sum() < _LEAST_SOFT * paint.sum():
        return ()
    soft: list[Rgba] = []
    for color in reference_palette(np.dstack([smooth, left * np.uint8(255)]), _MOST_SOFT).colors[1:]:
        near = opaque & ~_unlike(lab, color)
        stands = (near & left).sum() >= _LEAST_PATCH * paint.sum()
        off_lines = (near & ~lines).sum() >= _LEAST_PAINT * near.sum()
        if stands and off_lines and (not soft or _distance(color, soft) > _EXPLAINED):
            soft.append(color)
    return tuple(soft)


def _unlike(lab: Floats, color: Rgba) -> Mask:
    """Pixels that are not `color` with some grain."""
    return cast(Mask, ((lab - _lab(np.array([color[:3]], np.uint8))[0]) ** 2).sum(axis=2) > _EXPLAINED**2)


def _like_paper(rgb: Bytes, paper: int, levels: int) -> Mask:
    """Pixels of the paper's colour, up to so many levels."""
    away = np.abs(rgb.astype(np.int16) - pixels_of(np.array([paper], np.uint32))[0, :3])
    return cast(Mask, away.max(axis=2) <= levels)


def _calm(rgb: Bytes) -> Mask:
    """Pixels that are no edge, grain or not."""
    square = np.ones((3, 3), np.uint8)
    return cast(Mask, (cv2.dilate(rgb, square) - cv2.erode(rgb, square)).max(axis=2) <= _CALM)


def _paper_code(image: Pixels, codes: Codes) -> int | None:
    """The commonest colour along the border of an opaque image, if it is nearly white."""
    if not lies_on_paper(image):
        return None
    border = np.concatenate([codes[0], codes[-1], codes[:, 0], codes[:, -1]])
    values, counts = np.unique(border, return_counts=True)
    code = int(values[counts.argmax()])
    return code if pixels_of(np.array([code], np.uint32))[0, :3].min() >= _NEAR_WHITE else None


def _inside(codes: Codes) -> Mask:
    """Pixels whose neighbours have their colour: no edge."""
    same = np.ones(codes.shape, np.bool_)
    same[1:] &= codes[1:] == codes[:-1]
    same[:-1] &= codes[1:] == codes[:-1]
    same[:, 1:] &= codes[:, 1:] == codes[:, :-1]
    same[:, :-1] &= codes[:, 1:] == codes[:, :-1]
    return same


def _distance(color: Rgba, others: list[Rgba]) -> float:
    """To the nearest one, in Lab."""
    lab = _lab(np.array([color, *others], np.uint8)[:, :3])
    return float(np.sqrt(((lab[1:] - lab[0]) ** 2).sum(axis=1)).min())


def _lab(rgb: Bytes) -> Floats:
    return _lab_picture(rgb[None])[0]


def _lab_picture(rgb: Bytes) -> Floats:
    return cast(Floats, cv2.cvtColor(rgb.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB))
