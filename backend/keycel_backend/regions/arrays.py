"""Array types, and the few OpenCV calls the package rests on with exact types and fixed settings."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""RGBA picture, shape (height, width, 4), straight alpha."""
Mask = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
Floats = NDArray[np.floating[Any]]
Labels = NDArray[np.int32]
"""Region number per pixel, shape (height, width); 0 means none."""
Integers = NDArray[np.int64]
"""Indices and counts."""


def distance_to(mask: Mask) -> Floats:
    """Euclidean distance of every pixel to the nearest true pixel, in pixels (0 on the mask).

    A mask without any true pixel gives a large constant (the picture's diagonal).
    """
    if not mask.any():
        return np.full(mask.shape, float(np.hypot(*mask.shape)), np.float32)
    return cast(Floats, cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5))


def nearest_index(mask: Mask) -> tuple[Labels, Floats]:
    """Flat index of the nearest true pixel for every pixel, and the distance to it. `mask` is not empty."""
    off, nearest, distance = _nearest(mask)
    index = np.arange(mask.size, dtype=np.int32)
    index[off] = nearest
    return index.reshape(mask.shape), distance


def nearest_value(labels: Labels) -> Labels:
    """`labels` with every 0 replaced by the nearest other label; not all are 0."""
    off, nearest, _ = _nearest(labels > 0)
    filled = labels.copy()
    filled.ravel()[off] = labels.ravel()[nearest]
    return filled


def _nearest(mask: Mask) -> tuple[Integers, Labels, Floats]:
    """Flat indices of all false pixels, of the true pixel nearest to each, and everyone's distance to it."""
    distance, number = cv2.distanceTransformWithLabels(
        (~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    off = np.flatnonzero(~mask)
    # the nearest true pixel always has a false neighbour: the others need not be looked up
    beside = cv2.dilate((~mask).view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_)
    shore = np.flatnonzero(beside & mask)
    numbers = cast(Labels, number).ravel()
    index_of_number = np.zeros(np.count_nonzero(mask) + 1, np.int32)
    index_of_number[numbers[shore]] = shore
    return off, index_of_number[numbers[off]], cast(Floats, distance)


def connected_pieces(mask: Mask) -> tuple[int, Labels]:
    """Number of 4-connected pieces of `mask` and their labels, counted from 1."""
    count, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=4, ltype=cv2.CV_32S)
    return count - 1, cast(Labels, labels)


def dilate(mask: Mask, radius: int) -> Mask:
    """Dilation by a disc of `radius` pixels."""
    if radius <= 0:
        return mask
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cast(Bytes, cv2.dilate(mask.view(np.uint8), disc)).view(np.bool_)


def shrink(picture: Floats, size: tuple[int, int]) -> Floats:
    """Area-averaged picture of `size` (height, width)."""
    return cast(Floats, cv2.resize(picture, (size[1], size[0]), interpolation=cv2.INTER_AREA))


def sample_nearest(picture: NDArray[np.int32], size: tuple[int, int]) -> NDArray[np.int32]:
    """Every pixel of the smaller picture takes the value at its centre."""
    height, width = picture.shape[:2]
    rows = np.minimum(((np.arange(size[0]) + 0.5) * height / size[0]).astype(np.int64), height - 1)
    columns = np.minimum(((np.arange(size[1]) + 0.5) * width / size[1]).astype(np.int64), width - 1)
    return picture[rows[:, None], columns[None, :]]


def blur(picture: Floats, sigma: float) -> Floats:
    return cast(Floats, cv2.GaussianBlur(picture, (0, 0), sigma))
