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

_MOST_COLORS = 48
"""A painting with soft shades has thousands; its most frequent ones stand for them."""
_LEAST_SHARE = 1.0 / 2000.0
"""Of the image's painted pixels that a colour must cover."""
_LEAST_PAINT = 0.5
"""Share of a colour's pixels that must be off the lines: junctions of lines are wide, too."""
_ALIKE = 4.0
"""Distance in Lab up to which two colours are one."""
_NEAR_WHITE = 240


@dataclass(frozen=True, slots=True)
class ReferenceColors:
    colors: tuple[Rgba, ...]
    """Opaque, the most frequent first."""
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
    """Flat colours of an RGBA image, without its paper."""
    codes = color_codes(image)
    paper = _paper_code(image, codes)
    clear = codes != 0
    if paper is not None:
        clear &= codes != paper
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
    return ReferenceColors(colors, paper is not None or bool((codes == 0).any()))


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
    values = rgb.astype(np.float32) / 255.0
    return cast(Floats, cv2.cvtColor(values[None], cv2.COLOR_RGB2LAB))[0]
