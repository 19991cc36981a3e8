"""A small shot drawn on the spot: a figure that walks and waves, on an irregular exposure."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray
from support.kra_writer import Layer, Pixels

TIMES = (0, 2, 3, 5, 6, 8, 11, 12, 14, 15, 17, 20, 21, 23, 24, 26, 29, 30, 32, 33, 35, 38, 39, 41)
"""24 drawings on ones, twos and threes."""
REPEATED = (5, 44)
"""The drawing at 5 comes back at 44 as a clone keyframe (here and in the demo, as the tests use it)."""
INK = (25, 20, 45)
SKIN, SHIRT, TROUSERS = (240, 196, 160), (70, 120, 190), (60, 70, 80)


def figure(time: int, width: int, height: int, painted: bool) -> Pixels:
    """RGBA, shape (height, width, 4): the lines, or the painted flats without lines."""
    scale = height / 720
    center = round(width * (0.3 + 0.4 * time / 44))
    swing = math.sin(time / 6) * 60
    parts = [
        (TROUSERS, _box(-60, 430, -8, 610)),
        (TROUSERS, _box(8, 430, 60, 610)),
        (SHIRT, _box(-80, 250, 80, 430)),
        (SKIN, _ball(120 + swing / 2, 300 - swing, 34)),
        (SKIN, _ball(0, 165, 82)),
    ]
    picture = np.zeros((height, width, 4), np.uint8)
    for color, outline in parts:
        shape = np.rint(outline * scale + (center, 0)).astype(np.int32)
        if painted:
            cv2.fillPoly(picture, [shape], (*color, 255))
        else:
            cv2.fillPoly(picture, [shape], (0, 0, 0, 0))
            cv2.polylines(picture, [shape], True, (*INK, 255), max(2, round(4 * scale)))
    return picture


def _box(left: float, top: float, right: float, bottom: float) -> NDArray[np.float64]:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def _ball(x: float, y: float, radius: float) -> NDArray[np.float64]:
    turn = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    return np.stack([x + radius * np.cos(turn), y + radius * np.sin(turn)], axis=1)


def layers(width: int, height: int, times: tuple[int, ...] = TIMES, mirrored: bool = False) -> list[Layer]:
    """Line layer on top, painted keyframes at the first and last drawing, white paper."""

    def picture(time: int, painted: bool) -> Pixels:
        drawn = figure(time, width, height, painted)
        return np.ascontiguousarray(drawn[:, ::-1]) if mirrored else drawn

    cels = {(time,): picture(time, painted=False) for time in times}
    if REPEATED[0] in times:
        cels[REPEATED] = cels.pop((REPEATED[0],))
    painted = {(time,): picture(time, painted=True) for time in (times[0], times[-1])}
    paper = np.full((height, width, 4), 255, np.uint8)
    return [Layer("Lines", cels), Layer("Colour keys", painted), Layer("Paper", still=paper)]
