"""One cel: paint and ink put down part by part, back to front, at three times the final size."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from keycel_backend.demo.curves import Points
from keycel_backend.demo.palette import Paint, color_table, shadow_table

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels

SUPERSAMPLING = 3
INK, SHADOW_TRACE, HIGHLIGHT_TRACE = range(3)
"""The pens: dark ink, blue for shadow borders, red for borders of lighter or redder paint."""
_PEN_COLORS = ((44, 28, 36), (52, 112, 236), (228, 60, 72))
_LIGHT = np.array([-0.55, -0.83])
"""Towards the light: lines away from it are heavier."""
_FIXED = 16
_SPACING = 2.5


@dataclass(frozen=True)
class _Line:
    """A line as it was drawn: raster points (x, y), the segments that show, widths in pixels."""

    points: Points
    shown: NDArray[np.bool_]
    widths: NDArray[np.float64]
    pen: int


@dataclass(frozen=True)
class Part:
    """The area that one part covers, to clip or join others to it, and its outline."""

    mask: NDArray[np.uint8]
    left: int
    top: int
    outline: _Line | None = None

    def covers(self, points: NDArray[np.int64]) -> NDArray[np.bool_]:
        """For raster points (x, y), whether they lie on the part."""
        height, width = self.mask.shape
        x, y = points[:, 0] - self.left, points[:, 1] - self.top
        inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
        covered = np.zeros(len(points), bool)
        covered[inside] = self.mask[y[inside], x[inside]] > 0
        return covered


class Cel:
    """Paints parts over each other; what is hidden loses its paint and its lines."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (height * SUPERSAMPLING, width * SUPERSAMPLING)
        self._paint = np.zeros(self._size, np.uint8)
        self._pens = [np.zeros(self._size, np.uint8) for _ in _PEN_COLORS]
        self._in_shadow = shadow_table()

    def part(
        self,
        outline: Points,
        paint: Paint,
        ink: float = 3.2,
        within: Part | None = None,
        joined_to: Part | None = None,
        pen: int = INK,
    ) -> Part:
        """Paint a closed shape over everything before it and draw its outline.

        Args:
            outline: Closed, shape (n, 2), canvas pixels.
            paint: Its paint.
            ink: Line width in pixels; 0 draws no outline.
            within: Only the piece on this part is painted and outlined.
            joined_to: No outline where the shape overlaps this part: the two grow together.
            pen: One of INK, SHADOW_TRACE, HIGHLIGHT_TRACE.
        """
        area = self._area(outline, within)
        box = self._box(area)
        covered = area.mask > 0
        self._paint[box][covered] = paint
        for lines in self._pens:
            lines[box][covered] = 0
        if within is not None and within.outline is not None:
            self._put(within.outline)  # the paint has covered the inner half of it
        if not ink:
            return area
        closed = np.concatenate([outline, outline[:1]])
        line = self._draw(closed, _outline_widths(closed, ink), within, joined_to, pen)
        return replace(area, outline=line)

    def shadow(self, outline: Points, within: Part, ink: float = 2.0) -> None:
        """Darken the piece of a part inside `outline`, bordered by a blue trace line."""
        area = self._area(outline, within)
        box = self._box(area)
        covered = area.mask > 0
        paint = self._paint[box]
        paint[covered] = self._in_shadow[paint[covered]]
        closed = np.concatenate([outline, outline[:1]])
        self._draw(closed, np.full(len(closed), ink), within, None, SHADOW_TRACE)

    def floor_shadow(self, outline: Points, ink: float = 2.0) -> None:
        """A cast shadow on nothing but paper, bordered by a blue trace line."""
        self.part(outline, Paint.GROUND_SHADOW, ink=0)
        closed = np.concatenate([outline, outline[:1]])
        self._draw(closed, np.full(len(closed), ink), None, None, SHADOW_TRACE)

    def stroke(
        self, line: Points, width: float, within: Part | None = None, taper: bool = True, pen: int = INK
    ) -> None:
        """Draw an open line, thinning out towards its ends if `taper`."""
        share = np.linspace(0, 1, len(line))
        pressure = 0.35 + 0.65 * np.sin(np.pi * share) ** 0.6 if taper else np.ones(len(line))
        self._draw(line, width * pressure, within, None, pen)

    def gap(self, center: tuple[float, float], length: float) -> None:
        """Lift the pen: no line within `length` / 2 pixels of a point, as where a stroke ended early."""
        x, y = (round(value * SUPERSAMPLING) for value in center)
        for lines in self._pens:
            cv2.circle(lines, (x, y), round(length / 2 * SUPERSAMPLING), 0, -1)

    def flats(self) -> Pixels:
        """True colours without lines: hard-edged, transparent where nothing is painted."""
        centers = self._paint[SUPERSAMPLING // 2 :: SUPERSAMPLING, SUPERSAMPLING // 2 :: SUPERSAMPLING]
        return color_table()[centers]

    def lines(self) -> Pixels:
        """Anti-aliased lines on transparent ground."""
        height, width = (side // SUPERSAMPLING for side in self._size)
        picture = np.zeros((height, width, 4), np.uint8)
        rows, columns = self._drawn_box()
        fine = tuple(slice(side.start * SUPERSAMPLING, side.stop * SUPERSAMPLING) for side in (rows, columns))
        covers = [_reduced(lines[fine]) for lines in self._pens]
        color = np.zeros((*covers[0].shape, 3), np.float32)
        alpha = np.zeros(covers[0].shape, np.float32)
        for cover, pen_color in zip(reversed(covers), reversed(_PEN_COLORS), strict=True):
            color += (np.array(pen_color, np.float32) - color) * cover[..., None]
            alpha += (1 - alpha) * cover
        straight = color / np.maximum(alpha, 1e-6)[..., None]
        stored = np.dstack([straight, alpha * 255])
        picture[rows, columns] = np.round(np.clip(stored, 0, 255)).astype(np.uint8)
        return picture

    def _drawn_box(self) -> tuple[slice, slice]:
        """Rows and columns of the final picture that hold any line."""
        drawn = np.maximum.reduce(self._pens)
        left, top, width, height = cv2.boundingRect(drawn)
        right, bottom = left + width, top + height
        return (
            slice(top // SUPERSAMPLING, -(-bottom // SUPERSAMPLING)),
            slice(left // SUPERSAMPLING, -(-right // SUPERSAMPLING)),
        )

    def _area(self, outline: Points, within: Part | None) -> Part:
        raster = outline * SUPERSAMPLING
        low = np.maximum(np.floor(np.min(raster, axis=0)).astype(int) - 1, 0)
        high = np.minimum(np.ceil(np.max(raster, axis=0)).astype(int) + 2, self._size[::-1])
        width, height = (int(side) for side in np.maximum(high - low, 0))
        left, top = int(low[0]), int(low[1])
        mask = np.zeros((height, width), np.uint8)
        if not mask.size:
            return Part(mask, left, top)
        fixed = np.round((raster - low) * _FIXED).astype(np.int32)
        cv2.fillPoly(mask, [fixed], 255, shift=4)
        if within is not None:
            mask &= _windowed(within, left, top, mask.shape)
        return Part(mask, left, top)

    def _box(self, area: Part) -> tuple[slice, slice]:
        height, width = area.mask.shape
        return slice(area.top, area.top + height), slice(area.left, area.left + width)

    def _draw(
        self,
        line: Points,
        widths: NDArray[np.float64],
        within: Part | None,
        joined_to: Part | None,
        pen: int,
    ) -> _Line:
        line, widths = _dense(line, widths)
        raster = line * SUPERSAMPLING
        drawn = np.ones(len(line), bool)
        nearest = np.round(raster).astype(np.int64)
        if within is not None:
            drawn &= within.covers(nearest)
        if joined_to is not None:
            drawn &= ~joined_to.covers(nearest)
        placed = _Line(raster, drawn[:-1] & drawn[1:], widths, pen)
        self._put(placed)
        return placed

    def _put(self, line: _Line) -> None:
        fixed = np.round(line.points * _FIXED).astype(int).tolist()
        thickness = np.maximum(1, np.round(line.widths * SUPERSAMPLING)).astype(int).tolist()
        target = self._pens[line.pen]
        for index in np.flatnonzero(line.shown).tolist():
            cv2.line(target, fixed[index], fixed[index + 1], 255, thickness[index], shift=4)


def _reduced(lines: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Share of each final pixel that is line, 0..1."""
    size = (lines.shape[1] // SUPERSAMPLING, lines.shape[0] // SUPERSAMPLING)
    small = cast("NDArray[np.uint8]", cv2.resize(lines, size, interpolation=cv2.INTER_AREA))
    return np.divide(small, 255, dtype=np.float32)


def _dense(line: Points, widths: NDArray[np.float64]) -> tuple[Points, NDArray[np.float64]]:
    """The same line with a point at least every other pixel, so that it can be clipped finely."""
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    finer = np.linspace(0, along[-1], max(2, int(along[-1] / _SPACING) + 1))
    at = np.unique(np.concatenate([along, finer]))  # keep the corners
    dense = np.stack([np.interp(at, along, line[:, axis]) for axis in range(2)], axis=1)
    return dense, np.interp(at, along, widths)


def _windowed(part: Part, left: int, top: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The part's mask as seen through another window."""
    window = np.zeros(shape, np.uint8)
    height, width = part.mask.shape
    x0, x1 = max(left, part.left), min(left + shape[1], part.left + width)
    y0, y1 = max(top, part.top), min(top + shape[0], part.top + height)
    if x0 < x1 and y0 < y1:
        piece = part.mask[y0 - part.top : y1 - part.top, x0 - part.left : x1 - part.left]
        window[y0 - top : y1 - top, x0 - left : x1 - left] = piece
    return window


def _outline_widths(closed: Points, ink: float) -> NDArray[np.float64]:
    """Heavier away from the light, with a slow variation of the hand's pressure."""
    along = np.gradient(closed, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    outward = np.stack([along[:, 1], -along[:, 0]], axis=1)
    x, y = closed[:, 0], closed[:, 1]
    signed_area = float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
    if signed_area < 0:
        outward = -outward
    shade = np.clip(-(outward @ _LIGHT), -1, 1)
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    pressure = 1 + 0.12 * np.sin(lengths / 37.0) + 0.08 * np.sin(lengths / 13.0 + 1.3)
    return ink * (0.85 + 0.4 * shade) * pressure
