"""Which part of a picture is its foreground, found without any network."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from keycel_backend.regions.arrays import Bytes, Labels, Mask, Pixels
from keycel_backend.regions.filling import on_border
from keycel_backend.regions.segmentation import Segmentation

_GIVEN = 128
"""Alpha, or brightness of an opaque mask, from which on a pixel counts as marked."""
_LIKE_GROUND = 12
"""Difference in any channel up to which a pixel next to plain ground still belongs to it."""
_LEAST_GROUND = 0.05
"""Share of a picture that plain ground must cover to count as background."""


def marked(mask: Pixels) -> Mask:
    """(height, width) what the artist painted on a mask: opaque strokes, or white on an opaque picture."""
    if (mask[..., 3] < _GIVEN).any():
        return mask[..., 3] >= _GIVEN
    return mask[..., :3].max(axis=2) >= _GIVEN


def drawn_foreground(segmentation: Segmentation) -> Mask:
    """(height, width) a drawing without the regions that lie around it.

    Regions at the border of the canvas are background, but for those that meet it only below: figures
    are cropped by the lower edge. Lines go with the region on their inner side. A drawing that is all
    background that way has no foreground to tell apart: everything is foreground.
    """
    labels, count = segmentation.labels, segmentation.count
    around = on_border(labels, count) & _above_the_lower_edge(labels, count)
    inside = np.concatenate([[False], ~around])[segmentation.filled]
    ink = labels == 0
    near = cv2.dilate(inside.view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_)
    foreground = inside | (ink & near)
    return foreground if inside.any() else np.ones(labels.shape, np.bool_)


def _above_the_lower_edge(labels: Labels, count: int) -> Mask:
    """Regions that meet the upper edge, or one of the sides above the lower half."""
    half = max(1, labels.shape[0] // 2)
    seen = np.concatenate([labels[0], labels[:half, 0], labels[:half, -1]])
    touching = np.zeros(count + 1, np.bool_)
    touching[seen] = True
    return touching[1:]


def pictured_foreground(picture: Pixels) -> Mask | None:
    """(height, width) the foreground of a painted picture; None where no background can be told from it.

    What is less than half opaque is background. Of an opaque picture it is ground of one colour that
    reaches its border.
    """
    visible = picture[..., 3] >= _GIVEN
    if not visible.all():
        return visible
    ground = _plain_ground(np.ascontiguousarray(picture[..., :3]))
    return ~ground if _LEAST_GROUND <= ground.mean() < 1.0 else None


def _plain_ground(rgb: Bytes) -> Mask:
    """Pixels of the border's most frequent colour, or nearly so, that hang together with the border."""
    border = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    colors, counts = np.unique(border, axis=0, return_counts=True)
    ground = colors[counts.argmax()].astype(np.int16)
    alike = np.abs(rgb.astype(np.int16) - ground).max(axis=2) <= _LIKE_GROUND
    count, pieces = cv2.connectedComponents(alike.view(np.uint8), connectivity=4)
    pieces = cast(Labels, pieces)
    reaching = np.zeros(count, np.bool_)
    reaching[np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])] = True
    reaching[0] = False
    return reaching[pieces]
