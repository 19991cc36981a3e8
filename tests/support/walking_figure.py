"""A small shot drawn on the spot: a figure that walks and waves, on an irregular exposure."""

from __future__ import annotations

import math

import cv2
import numpy as np

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
    swing = math.sin(time / 6) * 60
    center = width * (0.3 + 0.4 * time / 44)
    parts = [
        (TROUSERS, "box", (center - 60, 430, center - 8, 610)),
        (TROUSERS, "box", (center + 8, 430, center + 60, 610)),
        (SHIRT, "box", (center - 80, 250, center + 80, 430)),
        (SKIN, "ball", (center + 120 + swing / 2, 300 - swing, 34)),
        (SKIN, "ball", (center, 165, 82)),
    ]
    picture = np.zeros((height, width, 4), np.uint8)
    for color, kind, values in parts:
        place = [
            round(value * scale) if kind == "box" or index else round(value)
            for index, value in enumerate(values)
        ]
        if kind == "box":
            left, top, right, bottom = round(values[0]), place[1], round(values[2]), place[3]
            shape = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        else:
            shape = cv2.ellipse2Poly((place[0], place[1]), (place[2], place[2]), 0, 0, 360, 4)
        if painted:
            cv2.fillPoly(picture, [shape], (*color, 255))
        else:
            cv2.fillPoly(picture, [shape], (0, 0, 0, 0))
            cv2.polylines(picture, [shape], True, (*INK, 255), max(2, round(4 * scale)))
    return picture


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
