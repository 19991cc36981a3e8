"""Smooth curves for drawing: splines through control points, and tubes along a spine.

Points are arrays of shape (n, 2), x right and y down, in canvas pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
ControlPoint = tuple[float, float] | tuple[float, float, str]
"""x, y, and "corner" where the curve breaks."""

_SAMPLES = 14
_RASTER = 3
"""Raster points per pixel where outlines are traced."""


def open_curve(controls: Sequence[ControlPoint] | Points, samples: int = _SAMPLES) -> Points:
    """Catmull-Rom spline (Catmull and Rom 1974) through all control points."""
    points = np.array([control[:2] for control in controls], float)
    if len(points) < 3:
        return points
    ends = [2 * points[0] - points[1], 2 * points[-1] - points[-2]]
    padded = np.concatenate([[ends[0]], points, [ends[1]]])
    share = np.linspace(0, 1, samples, endpoint=False)[:, None]
    pieces = [_segment(padded[i : i + 4], share) for i in range(len(points) - 1)]
    return np.concatenate([*pieces, points[-1:]])


def closed_curve(controls: Sequence[ControlPoint]) -> Points:
    """Closed outline through all control points, smooth except at those marked "corner"."""
    corners = [index for index, control in enumerate(controls) if len(control) == 3]
    if not corners:
        points = np.array([control[:2] for control in controls], float)
        padded = np.concatenate([points[-1:], points, points[:2]])
        share = np.linspace(0, 1, _SAMPLES, endpoint=False)[:, None]
        return np.concatenate([_segment(padded[i : i + 4], share) for i in range(len(points))])
    turned = [*controls[corners[0] :], *controls[: corners[0] + 1]]
    breaks = [index for index, control in enumerate(turned) if len(control) == 3]
    pieces = [open_curve(turned[start : end + 1])[:-1] for start, end in pairwise(breaks)]
    return np.concatenate(pieces)


def ellipse(center: tuple[float, float], radii: tuple[float, float], turn: float = 0.0) -> Points:
    """Ellipse outline; `turn` in radians."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    flat = np.stack([radii[0] * np.cos(angle), radii[1] * np.sin(angle)], axis=1)
    return rotated(flat, turn) + np.array(center)


def rotated(points: Points, turn: float, pivot: tuple[float, float] = (0.0, 0.0)) -> Points:
    """Rotation by `turn` radians, clockwise as seen on a canvas."""
    cosine, sine = np.cos(turn), np.sin(turn)
    matrix = np.array([[cosine, sine], [-sine, cosine]])
    return (points - pivot) @ matrix + pivot


@dataclass(frozen=True)
class Tube:
    """A limb, tail or ribbon: a spine and its half width along it."""

    spine: Points
    half_widths: NDArray[np.float64]

    @classmethod
    def along(cls, controls: Sequence[ControlPoint] | Points, half_widths: Sequence[float]) -> Tube:
        """Spline spine; the half widths are spread evenly over it and interpolated."""
        spine = open_curve(controls)
        given = np.linspace(0, 1, len(half_widths))
        widths = np.interp(np.linspace(0, 1, len(spine)), given, np.array(half_widths, float))
        return cls(spine, _smoothed(widths, 5.0, closed=False))

    def outline(self) -> Points:
        """Border of the union of discs along the spine."""
        reach = float(np.max(self.half_widths)) + 4
        origin = np.floor(np.min(self.spine, axis=0) - reach)
        size = np.ceil((np.max(self.spine, axis=0) + reach - origin) * _RASTER).astype(int)
        raster = np.zeros((int(size[1]), int(size[0])), np.uint8)
        left, right = self.sides()
        for start in range(len(self.spine) - 1):
            quad = np.array([left[start], left[start + 1], right[start + 1], right[start]])
            cv2.fillConvexPoly(raster, _fixed((quad - origin) * _RASTER), 255, shift=4)
        for center, radius in ((self.spine[0], self.half_widths[0]), (self.spine[-1], self.half_widths[-1])):
            x, y = np.round((center - origin) * _RASTER).astype(int)
            cv2.circle(raster, (int(x), int(y)), round(float(radius) * _RASTER), 255, -1)
        contours, _ = cv2.findContours(raster, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        traced = np.reshape(cast("NDArray[np.int32]", max(contours, key=len)), (-1, 2)).astype(float)
        smooth = np.stack([_smoothed(traced[:, axis], 4.0, closed=True) for axis in range(2)], axis=1)
        return smooth[::4] / _RASTER + origin

    def sides(self) -> tuple[Points, Points]:
        """The two borders, point by point beside the spine."""
        along = np.gradient(self.spine, axis=0)
        along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
        across = np.stack([-along[:, 1], along[:, 0]], axis=1) * self.half_widths[:, None]
        return self.spine - across, self.spine + across

    def at(self, share: float) -> Points:
        """Point of the spine at a share 0..1 of its length in samples, shape (2,)."""
        return self.spine[round(share * (len(self.spine) - 1))]

    def part(self, start: float, end: float, margin: float = 3.0) -> Points:
        """Outline of the stretch between two shares, wider than the tube by `margin`."""
        first, last = (round(share * (len(self.spine) - 1)) for share in (start, end))
        wide = Tube(self.spine, self.half_widths + margin)
        left, right = wide.sides()
        return np.concatenate([left[first : last + 1], right[first : last + 1][::-1]])

    def across(self, share: float, bulge: float = 0.0) -> Points:
        """A line over the tube, bulging towards its end by `bulge` pixels."""
        index = round(share * (len(self.spine) - 1))
        left, right = Tube(self.spine, self.half_widths + 2).sides()
        ahead = self.spine[min(index + 1, len(self.spine) - 1)] - self.spine[max(index - 1, 0)]
        ahead = ahead / max(float(np.linalg.norm(ahead)), 1e-6)
        middle = (left[index] + right[index]) / 2 + ahead * bulge
        return open_curve(np.array([left[index], middle, right[index]]))


def _segment(four: Points, share: Points) -> Points:
    before, start, end, after = four
    return (
        start
        + share * (end - before) / 2
        + share**2 * (before - 2.5 * start + 2 * end - after / 2)
        + share**3 * (1.5 * (start - end) + (after - before) / 2)
    )


def _smoothed(values: NDArray[np.float64], sigma: float, closed: bool) -> NDArray[np.float64]:
    reach = int(3 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    padded = np.pad(values, reach, mode="wrap" if closed else "edge")
    smooth: NDArray[np.float64] = np.convolve(padded, kernel / np.sum(kernel), mode="valid").real
    return smooth


def _fixed(points: Points) -> NDArray[np.int32]:
    """Sixteenths of a raster point, as OpenCV's `shift=4` wants them."""
    return np.round(points * 16).astype(np.int32)
