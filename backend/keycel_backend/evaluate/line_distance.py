"""EDMD: how far the line drawing of a prediction is from that of the truth (LVCD, section 6.1)."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from keycel_backend.evaluate.image_quality import UnitRgb

_CANNY_LOW, _CANNY_HIGH = 60, 140
_LARGEST_DISTANCE = 64.0


def edge_distance_map(picture: UnitRgb) -> NDArray[np.float64]:
    """Euclidean distance in pixels to the nearest edge, cut off at 64.

    Edges are those of Canny in any of the three channels.
    """
    stored = np.round(picture * 255).astype(np.uint8)
    edges = np.zeros(stored.shape[:2], bool)
    for channel in range(3):
        smooth = cv2.GaussianBlur(stored[..., channel], (3, 3), 0)
        edges |= cast("NDArray[np.uint8]", cv2.Canny(smooth, _CANNY_LOW, _CANNY_HIGH)) > 0
    if not edges.any():
        return np.full(edges.shape, _LARGEST_DISTANCE)
    distances = cv2.distanceTransform((~edges).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.minimum(cast("NDArray[np.float32]", distances).astype(np.float64), _LARGEST_DISTANCE)


def edmd(truth: UnitRgb, predicted: UnitRgb) -> float:
    """Root mean square difference of the two distance maps, in pixels of the given pictures."""
    difference = edge_distance_map(truth) - edge_distance_map(predicted)
    return float(np.sqrt(np.mean(difference**2)))
