"""Drawings of the test figure with the shape that every pixel shows, for the region matcher's tests."""

from __future__ import annotations

import cv2
import numpy as np
from support.drawn_shots import as_lines, ellipse, figure

from keycel_backend.regions.arrays import Labels, Pixels
from keycel_backend.regions.features import RegionFeatures, measure
from keycel_backend.regions.lines import read_line_art
from keycel_backend.regions.segmentation import automatic_gap, segment

BALL = 99


def drawn(moved: tuple[float, float], with_ball: bool = False) -> tuple[Pixels, Labels]:
    """Line art of the test figure and which shape every pixel shows (1, 2, ...; 0: background)."""
    shapes = [(number, shape.outline) for number, shape in enumerate(figure(0.0, moved), start=1)]
    if with_ball:
        shapes.append((BALL, ellipse(40, 60, 25, 25)))
    strength, identity = np.zeros((240, 320), np.uint8), np.zeros((240, 320), np.int32)
    for number, outline in shapes:
        points = [np.round(outline * 8).astype(np.int32)]
        inside = np.zeros_like(strength)
        cv2.fillPoly(inside, points, 1, shift=3)
        identity[inside > 0] = number
        strength[inside > 0] = 0
        cv2.polylines(strength, points, True, 255, 2, cv2.LINE_AA, 3)
    return as_lines(strength), identity


def features_of(lines: Pixels) -> RegionFeatures:
    art = read_line_art(lines)
    return measure(art.ink, segment(art.ink, automatic_gap(320, 240, art.line_width)))
