"""Colouring between two sketches: OUR READING of the paper, whose code and weights were never published.

The condition has the first sketch in the first half of the frames and the last one in the second, as the
release's script begins to arrange them before it stops with an error, and points that move along straight
lines. The published weights were not trained for it.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from keycel_backend.diffusion.anidoc.labels import Tracks, visible_places

MOST_TRAJECTORIES = 5
"""Points that are told at most; the more they move, the likelier."""
_TEMPLATE = 200
"""Side of the picture of one point, in pixels."""
_SIGMA = 40.0
_REACH = 20
"""Of a point on a heat map, in pixels."""


def two_sketches(first: Tensor, last: Tensor, frames: int) -> Tensor:
    """(height, width) each to (frames, height, width); with an odd count one more frame shows the last."""
    return torch.stack([first if frame < frames // 2 else last for frame in range(frames)])


def straight_tracks(start: Tensor, end: Tensor, frames: int) -> Tracks:
    """(points, 2) x, y in the first and the last frame to points that move evenly between, always visible."""
    share = torch.arange(frames, dtype=torch.float64) / max(frames - 1, 1)
    positions = start.double() + share[:, None, None] * (end.double() - start.double())
    return Tracks(positions, torch.ones(frames, len(start), dtype=torch.bool))


def heat_maps(tracks: Tracks, height: int, width: int) -> Tensor:
    """(frames, height, width) uint8: a Gaussian around each visible point in the frame, 255 at its middle.

    The release has this routine and nothing that uses it: the paper's sparse network takes such maps as
    further channels, which the published one does not have. Near an edge a point's picture is squeezed, not
    cut off; later points overwrite earlier ones.
    """
    template = point_picture()
    maps = np.zeros((len(tracks.positions), height, width), np.uint8)
    for number, frame in enumerate(maps):
        for x, y in visible_places(tracks, number):
            if 0 <= x < width and 0 <= y < height:
                _put(frame, template, int(x), int(y))
    return torch.as_tensor(maps)


def _put(frame: NDArray[np.uint8], template: NDArray[np.uint8], x: int, y: int) -> None:
    height, width = frame.shape
    left, right = max(x - _REACH, 1), min(x + _REACH, width - 1)
    top, bottom = max(y - _REACH, 1), min(y + _REACH, height - 1)
    if left < right and top < bottom:
        size = (right - left, bottom - top)
        frame[top:bottom, left:right] = cv2.resize(template, size, interpolation=cv2.INTER_LINEAR)


def point_picture() -> NDArray[np.uint8]:
    """The Gaussian that stands for a point before it is made small: square, 255 at its middle."""
    middle = _TEMPLATE // 2
    away = (np.arange(_TEMPLATE) - middle) ** 2.0
    picture = np.exp(-(away[:, None] + away[None]) / (2.0 * _SIGMA**2))
    disc = cv2.circle(np.zeros(picture.shape, np.float32), (middle, middle), middle, 1.0, -1)
    return (picture * disc * 255.0).astype(np.uint8)
