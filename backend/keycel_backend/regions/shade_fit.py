"""Finds where the pixels of a region lie in the region it was: dense motion, made to fit the outlines.

Motion between line pictures is known at lines only. Inside a region it is evened out, and the
region's outline is then drawn to the outline it has in the other drawing, by steps that are spread
smoothly over the region, as in non-rigid iterated closest points (Besl and McKay 1992 with a smooth
instead of a rigid step).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from keycel_backend.regions.arrays import Floats, Integers, Labels, Mask, blur, nearest_index

_CALM = 4.0
"""Working pixels over which motion inside a region is evened out."""
_STEPS = 2
"""Of the outline towards its own; more gain next to nothing."""
_TURNS = 8
"""Rounds of iterated closest points."""
_ENOUGH = 200
"""Points of an outline that tell how well it fits."""
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


def fit(own: Mask, corner: tuple[int, int], motion: Floats, members: Mask) -> tuple[Landing, float]:
    """Where a region's pixels lie among `members`, and the share of them, 0..1, that do.

    `own`: the region in its box. `corner`: row and column of the box in the source crop. `motion`: of the
    box's pixels. `members`: the crop's pixels that belong to the region's sources.

    Of the motion, of the outlines' middles and extents, and of a turn of the better of the two, that counts
    which brings outline to outline best.
    """
    top, left = corner
    ys, xs = np.mgrid[top : top + own.shape[0], left : left + own.shape[1]].astype(np.float32)
    rim, outline = _rim(own), nearest_index(_rim(members))[0]

    def missed(landing: Landing) -> float:
        return _missed(landing, rim, outline)

    landing = min(_moved(xs, ys, _even(motion, own)), _placed(xs, ys, own, members), key=missed)
    landing = min(landing, _turned(landing, xs, ys, rim, outline), key=missed)
    for _ in range(_STEPS):
        landing = _drawn(landing, rim, outline)
    column, row = _pixels(landing.x[own], landing.y[own], members.shape)
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


def _turned(landing: Landing, xs: Floats, ys: Floats, rim: Mask, outline: Labels) -> Landing:
    """The shift, turn and change of size that bring outline to outline, from `landing` on.

    Iterated closest points; a point x, y is the complex number x + iy.
    """
    few = _few(rim)
    here, there = _points(xs, ys, few), _points(landing.x, landing.y, few)
    middle = here.mean()
    around = here - middle
    power = float((np.abs(around) ** 2).mean()) + 1e-3
    for _ in range(_TURNS):
        centre = there.mean()
        factor = (np.conj(around) * (there - centre)).mean() / power
        there = factor * around + centre
        way_x, way_y = _ways(there.real, there.imag, outline)
        there = there + way_x + 1j * way_y
    centre = there.mean()
    factor = (np.conj(around) * (there - centre)).mean() / power
    x, y = xs - np.float32(middle.real), ys - np.float32(middle.imag)
    cosine, sine = np.float32(factor.real), np.float32(factor.imag)
    return Landing(
        cosine * x - sine * y + np.float32(centre.real), sine * x + cosine * y + np.float32(centre.imag)
    )


def _points(x: Floats, y: Floats, places: Integers) -> NDArray[np.complex64]:
    return (x.ravel()[places] + 1j * y.ravel()[places]).astype(np.complex64)


def _few(rim: Mask) -> Integers:
    """Flat indices of some pixels of a rim, evenly taken."""
    places = np.flatnonzero(rim)
    return places[:: max(1, len(places) // _ENOUGH)]


def _rim(place: Mask) -> Mask:
    """Outermost pixels; the border of the canvas or the crop is no outline."""
    inner = cv2.erode(place.view(np.uint8), np.ones((3, 3), np.uint8))
    rim = place & (inner == 0)
    return rim if rim.any() else place


def _pixels(x: Floats, y: Floats, size: tuple[int, ...]) -> tuple[Labels, Labels]:
    """Nearest column and row of the source crop."""
    column = np.clip(np.round(x), 0, size[1] - 1).astype(np.int32)
    row = np.clip(np.round(y), 0, size[0] - 1).astype(np.int32)
    return column, row


def _ways(x: Floats, y: Floats, outline: Labels) -> tuple[Floats, Floats]:
    """From landed points to the nearest point of the outline, whose flat index `outline` has by pixel."""
    column, row = _pixels(x, y, outline.shape)
    there_y, there_x = np.divmod(outline[row, column], outline.shape[1])
    return there_x - x, there_y - y


def _missed(landing: Landing, rim: Mask, outline: Labels) -> float:
    few = _few(rim)
    ways = _ways(landing.x.ravel()[few], landing.y.ravel()[few], outline)
    return float(np.minimum(np.hypot(*ways), _FAR).mean())


def _drawn(landing: Landing, rim: Mask, outline: Labels) -> Landing:
    """One step of the outline towards its own, spread over the region."""
    way_x, way_y = _ways(landing.x[rim], landing.y[rim], outline)
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
