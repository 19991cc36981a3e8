"""The fox cub's colours, and what each becomes in shadow."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Paint(IntEnum):
    """What is painted where. Several paints share one colour, as on a model sheet."""

    NOTHING = 0
    FUR = 1
    FUR_SHADOW = 2
    CREAM = 3
    CREAM_SHADOW = 4
    SOCK = 5
    SOCK_SHADOW = 6
    JACKET = 7
    JACKET_SHADOW = 8
    TRIM = 9
    TRIM_SHADOW = 10
    SCARF = 11
    SCARF_SHADOW = 12
    STRIPE = 13
    STRIPE_SHADOW = 14
    LEATHER = 15
    LEATHER_SHADOW = 16
    SOLE = 17
    EYE = 18
    IRIS = 19
    PUPIL = 20
    TONGUE = 21
    MOUTH = 22
    BLUSH = 23
    METAL = 24
    METAL_SHADOW = 25
    GLASS = 26
    FLAME = 27
    GROUND_SHADOW = 28


COLORS: dict[Paint, tuple[int, int, int]] = {
    Paint.FUR: (241, 143, 62),
    Paint.FUR_SHADOW: (207, 104, 52),
    Paint.CREAM: (255, 241, 216),
    Paint.CREAM_SHADOW: (229, 201, 184),
    Paint.SOCK: (96, 58, 56),
    Paint.SOCK_SHADOW: (68, 40, 48),
    Paint.JACKET: (66, 160, 160),
    Paint.JACKET_SHADOW: (44, 120, 134),
    Paint.TRIM: (186, 226, 208),
    Paint.TRIM_SHADOW: (136, 184, 180),
    Paint.SCARF: (216, 64, 68),
    Paint.SCARF_SHADOW: (162, 40, 64),
    Paint.STRIPE: (251, 203, 92),
    Paint.STRIPE_SHADOW: (216, 154, 72),
    Paint.LEATHER: (154, 96, 60),
    Paint.LEATHER_SHADOW: (114, 68, 52),
    Paint.SOLE: (74, 64, 80),
    Paint.EYE: (238, 243, 250),
    Paint.IRIS: (86, 172, 94),
    Paint.PUPIL: (46, 32, 42),
    Paint.TONGUE: (240, 130, 128),
    Paint.MOUTH: (134, 42, 54),
    Paint.BLUSH: (250, 176, 132),
    Paint.METAL: (104, 112, 138),
    Paint.METAL_SHADOW: (74, 80, 106),
    Paint.GLASS: (255, 230, 140),
    Paint.FLAME: (238, 243, 250),
    Paint.GROUND_SHADOW: (200, 205, 222),
}

_IN_SHADOW = {
    Paint.FUR: Paint.FUR_SHADOW,
    Paint.CREAM: Paint.CREAM_SHADOW,
    Paint.SOCK: Paint.SOCK_SHADOW,
    Paint.JACKET: Paint.JACKET_SHADOW,
    Paint.TRIM: Paint.TRIM_SHADOW,
    Paint.SCARF: Paint.SCARF_SHADOW,
    Paint.STRIPE: Paint.STRIPE_SHADOW,
    Paint.LEATHER: Paint.LEATHER_SHADOW,
    Paint.METAL: Paint.METAL_SHADOW,
}


def shadow_table() -> NDArray[np.uint8]:
    """Paint to paint in shadow; the rest stays as it is."""
    table = np.arange(256, dtype=np.uint8)
    for lit, dark in _IN_SHADOW.items():
        table[lit] = dark
    return table


def color_table() -> NDArray[np.uint8]:
    """Paint to RGBA, shape (256, 4); nothing is transparent."""
    table = np.zeros((256, 4), np.uint8)
    for paint, color in COLORS.items():
        table[paint] = (*color, 255)
    return table
