"""Finds where the pixels of a region lie in the region it was: dense motion, made to fit the outlines.

Motion between line pictures is known at lines only. Inside a region it is evened out, and the
region's outline is then drawn to the outline it has in the other drawing, by steps that are spread
smoothly over the region, as in non-rigid iterated closest points (Besl and McKay 1992 with a smooth
instead of a rigid step).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from keycel_backend.regions.arrays import Floats, Labels, Mask, blur, nearest_index

_CALM = 4.0
"""Working pixels over which motion inside a region is evened out."""
_STEPS = 2
_FAR = 8.0
"""Working pixels; outlines that miss each other by more are not told apart by how much."""
_GRIP = 6.0
"""Working pixels; an outline is hardly drawn to one that is much farther away."""
_SPREAD = 0.15
"""Of a region's size: how far a step of its outline reaches."""


@dataclass(frozen=True, slots=True)
class Landing:
    """Where each pixel of a box lies in the source crop, (height, width) each, in pixels of the crop."""

    x: Floats
    y: Floats


def fit(
    own: Mask, corner: tuple[int, int], motions: Sequence[Floats], members: Mask
) -> tuple[Landing, float]:
    """Where a region's pixels lie among `members`, and the share of them, 0..1, that do.

    `own`: the region in its box. `corner`: row and column of the box in the source crop. `motions`: of the
    box's pixels; the one counts that brings outline to outline best. `members`: the crop's pixels
    that belong to the region's sources.
    """
    top, left = corner
    ys, xs = np.mgrid[top : top + own.shape[0], left : left + own.shape[1]].astype(np.float32)
    starts = [_moved(xs, ys, _even(motion, own)) for motion in motions]
    starts.append(_placed(xs, ys, own, members))
    rim, outline = _rim(own), nearest_index(_rim(members))[0]
    landing = min(starts, key=lambda start: _missed(start, rim, outline))
    for _ in range(_STEPS):
        landing = _drawn(landing, rim, outline)
    column, row = _pixels(landing, own, members.shape)
    return landing, float(members[row, column].mean())


def _even(motion: Floats, own: Mask) -> Floats:
    """Motion evened out over the pixels of a region, and continued beyond them."""
    weight = own.astype(np.float32) + np.float32(1e-3)
    total = blur(weight, _CALM)
    return np.stack([blur(motion[..., axis] * weight, _CALM) / total for axis in range(2)], axis=2)


def _moved(xs: Floats, ys: Floats, motion: Floats) -> Landing:
    return Landing(xs + motion[..., 0], ys + motion[..., 1])


def _placed(xs: Floats, ys: Floats, own: Mask, members: Mask) -> Landing:
    """The region put over its sources by middle and extent alone."""
    there_y, there_x = np.argwhere(members).astype(np.float32).T
    return Landing(_matched(xs, xs[own], there_x), _matched(ys, ys[own], there_y))


def _matched(places: Floats, here: Floats, there: Floats) -> Floats:
    scale = np.clip((there.std() + 1.0) / (here.std() + 1.0), 0.5, 2.0)
    return ((places - here.mean()) * scale + there.mean()).astype(np.float32)


def _rim(place: Mask) -> Mask:
    """Outermost pixels; the border of the canvas or the crop is no outline."""
    inner = cv2.erode(place.view(np.uint8), np.ones((3, 3), np.uint8))
    rim = place & (inner == 0)
    return rim if rim.any() else place


def _pixels(landing: Landing, places: Mask, size: tuple[int, ...]) -> tuple[Labels, Labels]:
    """Nearest column and row of the source crop for some pixels."""
    column = np.clip(np.round(landing.x[places]), 0, size[1] - 1).astype(np.int32)
    row = np.clip(np.round(landing.y[places]), 0, size[0] - 1).astype(np.int32)
    return column, row


def _ways(landing: Landing, rim: Mask, outline: Labels) -> tuple[Floats, Floats]:
    """From the landed rim to the nearest point of the outline, whose flat index `outline` has by pixel."""
    column, row = _pixels(landing, rim, outline.shape)
    there_y, there_x = np.divmod(outline[row, column], outline.shape[1])
    return there_x - landing.x[rim], there_y - landing.y[rim]


def _missed(landing: Landing, rim: Mask, outline: Labels) -> float:
    return float(np.minimum(np.hypot(*_ways(landing, rim, outline)), _FAR).mean())


def _drawn(landing: Landing, rim: Mask, outline: Labels) -> Landing:
    """One step of the outline towards its own, spread over the region."""
    way_x, way_y = _ways(landing, rim, outline)
    say = np.exp(-(way_x**2 + way_y**2) / _GRIP**2).astype(np.float32)
    reach = _SPREAD * float(np.sqrt(rim.size)) + 2.0
    total = _wide_blur(_on(rim, say), reach) + np.float32(1e-4)
    return Landing(
        landing.x + _wide_blur(_on(rim, say * way_x), reach) / total,
        landing.y + _wide_blur(_on(rim, say * way_y), reach) / total,
    )


def _on(rim: Mask, values: Floats) -> Floats:
    picture = np.zeros(rim.shape, np.float32)
    picture[rim] = values
    return picture


def _wide_blur(picture: Floats, sigma: float) -> Floats:
    """A Gaussian blur, computed on a smaller picture where it is wide."""
    factor = max(1, int(sigma / 3.0))
    height, width = picture.shape
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)
    return np.asarray(cv2.resize(blur(small, sigma / factor), (width, height)), np.float32)
