"""Draws parts into maps of surface, facet and depth with a depth buffer.

Inside a part its cells are painted from far to near; between parts the nearer pixel wins. A part's
depth is smoothed over the size of a cell, so that two parts meet in a smooth curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from keycel_backend.training.shots.camera import View
from keycel_backend.training.shots.geometry import Points, refined_columns, refined_rows
from keycel_backend.training.shots.parts import Cells, Flat, Part, Solid

STROKE = -1
"""Facet of pixels on an open line."""
FACETS = 16
"""Numbers set aside for the facets of one part: facet // FACETS tells parts apart."""
_MOST_JOINED = 1 << 12
_SHIFT = 4
_UNIT = 1 << _SHIFT
_LARGEST_CELL = 20.0
"""Pixels; larger cells are divided, or outlines would look like polygons."""
_FAR = -1.0e9
_LARGEST = 20000.0
"""Pixels; anything beyond is off the canvas and would overflow the fixed-point drawing calls."""


@dataclass(slots=True)
class Maps:
    """What is seen at every pixel, (height, width) each."""

    surface: NDArray[np.int32]
    facet: NDArray[np.int32]
    depth: NDArray[np.float32]
    """Pixels towards the viewer."""


class _Kinds:
    """Small numbers for pairs of surface and facet, so that one map holds both. 0 is the background."""

    def __init__(self) -> None:
        self._number = {(0, 0): 0}

    def number(self, surface: int, facet: int) -> int:
        return self._number.setdefault((surface, facet), len(self._number))

    def numbers(self, surfaces: Cells, facets: Cells) -> NDArray[np.uint16]:
        codes, place = np.unique((facets.astype(np.int64) << 32) | surfaces, return_inverse=True)
        known = [self.number(int(code & 0xFFFFFFFF), int(code >> 32)) for code in codes]
        return np.array(known, np.uint16)[place.ravel()]

    def tables(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Surface and facet by number."""
        pairs = np.array(list(self._number), np.int32)
        return pairs[:, 0], pairs[:, 1]


@dataclass(slots=True)
class _Layer:
    """Kinds, strokes and depth of a part in its own box, or of the whole canvas."""

    left: int
    top: int
    kind: NDArray[np.uint16]
    stroke: NDArray[np.uint8]
    depth: NDArray[np.float32]


def render(parts: Sequence[Part], view: View) -> Maps:
    size = (view.height, view.width)
    far = np.full(size, _FAR, np.float32)
    canvas = _Layer(0, 0, np.zeros(size, np.uint16), np.zeros(size, np.uint8), far)
    kinds = _Kinds()
    for number, part in enumerate(parts):
        first = FACETS * (_MOST_JOINED + number)
        layer = (
            _solid(part, view, kinds, first) if isinstance(part, Solid) else _flat(part, view, kinds, first)
        )
        if layer is not None:
            _put(canvas, layer)
    surface, facet = kinds.tables()
    # without slivers where two skins graze each other
    clean = cast(NDArray[np.uint16], cv2.medianBlur(canvas.kind, 5))
    maps = Maps(surface[clean], facet[clean], canvas.depth)
    maps.facet[canvas.stroke > 0] = STROKE
    return maps


def _put(canvas: _Layer, layer: _Layer) -> None:
    height, width = layer.kind.shape
    box = (slice(layer.top, layer.top + height), slice(layer.left, layer.left + width))
    nearer = (layer.kind > 0) & (layer.depth > canvas.depth[box])
    np.copyto(canvas.kind[box], layer.kind, where=nearer)
    np.copyto(canvas.stroke[box], layer.stroke, where=nearer)
    np.copyto(canvas.depth[box], layer.depth, where=nearer)


def _box(projected: Points, view: View) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom on the canvas; None if nothing of the part is on it."""
    flat = projected.reshape(-1, 3)
    low, high = flat.min(axis=0), flat.max(axis=0)
    left, top = max(0, int(low[0]) - 1), max(0, int(low[1]) - 1)
    right, bottom = min(view.width, int(high[0]) + 2), min(view.height, int(high[1]) + 2)
    if right - left < 2 or bottom - top < 2 or not np.isfinite(flat).all() or np.abs(flat).max() > _LARGEST:
        return None
    return left, top, right, bottom


def _fixed(points: Points, left: int, top: int) -> NDArray[np.int32]:
    return np.round((points[..., :2] - (left, top)) * _UNIT).astype(np.int32)


def _solid(part: Solid, view: View, kinds: _Kinds, first: int) -> _Layer | None:
    grid = view.project(part.points)
    box = _box(grid, view)
    if box is None:
        return None
    left, top, right, bottom = box
    surfaces = part.surfaces
    facets = np.zeros_like(surfaces) if part.facets is None else part.facets
    closed = bool(np.allclose(part.points[:, 0], part.points[:, -1]))
    while _cell_length(grid, 0) > _LARGEST_CELL:
        grid = refined_rows(grid)
        surfaces, facets = surfaces.repeat(2, axis=0), facets.repeat(2, axis=0)
    while _cell_length(grid, 1) > _LARGEST_CELL:
        grid = refined_columns(grid, closed)
        surfaces, facets = surfaces.repeat(2, axis=1), facets.repeat(2, axis=1)
    corners = np.stack([grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]], axis=2)
    facing = _facing(grid, corners, closed=part.inside == 0)
    depth = corners[..., 2].mean(axis=2)
    seen = _on_canvas(corners, view)
    kept = np.flatnonzero(seen & (facing > 0) if part.inside == 0 else seen)
    order = kept[np.argsort(depth.ravel()[kept])]
    index = np.zeros((bottom - top, right - left), np.int32)
    quads = _fixed(corners.reshape(-1, 4, 3)[order], left, top)
    for place, quad in zip(order.tolist(), quads, strict=True):
        cv2.fillConvexPoly(index, quad, place + 1, cv2.LINE_8, _SHIFT)
    if part.inside > 0:
        surfaces = np.where(facing > 0, surfaces, part.inside)
    if part.inside > 0:
        facets = np.where(facing > 0, facets, FACETS - 2)
    first = FACETS * part.joined if part.joined else first
    facet = facets + 1 + first
    table = np.concatenate([np.zeros(1, np.uint16), kinds.numbers(surfaces, facet)])
    near = np.concatenate([[0.0], depth.ravel()]).astype(np.float32)[index]
    cell = float(np.sqrt(max(1.0, np.count_nonzero(index) / max(1, len(kept)))))
    near = _smooth(near, index > 0, cell) + np.float32(part.lift * view.scale)
    layer = _Layer(left, top, table[index], np.zeros(index.shape, np.uint8), near)
    _decorate(part, layer, view, kinds, first)
    return layer


def _cell_length(grid: Points, axis: int) -> float:
    """Typical length of a cell along an axis of the grid in pixels."""
    return float(np.percentile(np.linalg.norm(np.diff(grid[..., :2], axis=axis), axis=2), 80))


def _on_canvas(corners: Points, view: View) -> NDArray[np.bool_]:
    low, high = corners[..., :2].min(axis=2), corners[..., :2].max(axis=2)
    return ((high >= 0) & (low < (view.width, view.height))).all(axis=-1)


def _facing(grid: Points, corners: Points, closed: bool) -> NDArray[np.float64]:
    """Positive for cells that turn their outer side to the viewer; a closed skin's handedness is found."""
    across, along = corners[:, :, 2] - corners[:, :, 0], corners[:, :, 3] - corners[:, :, 1]
    area = across[..., 0] * along[..., 1] - across[..., 1] * along[..., 0]
    if not closed:
        return area
    rings = grid[:, :-1, 2].mean(axis=1)
    outward = corners[..., 2].mean(axis=2) - 0.5 * (rings[:-1] + rings[1:])[:, None]
    return area * (1.0 if float((area * outward).sum()) >= 0 else -1.0)


def _smooth(depth: NDArray[np.float32], mask: NDArray[np.bool_], cell: float) -> NDArray[np.float32]:
    width = max(3, min(41, round(cell)))
    weight = cv2.blur(mask.astype(np.float32), (width, width))
    total = cv2.blur(np.where(mask, depth, np.float32(0.0)), (width, width))
    return cast(NDArray[np.float32], total / np.maximum(weight, 1e-6))


def _flat(part: Flat, view: View, kinds: _Kinds, first: int) -> _Layer | None:
    outline = view.project(part.outline)
    box = _box(outline, view)
    if box is None:
        return None
    left, top, right, bottom = box
    kind = np.zeros((bottom - top, right - left), np.uint16)
    number = kinds.number(part.surface, first + 1)
    cv2.fillPoly(kind, [_fixed(outline, left, top)], number, cv2.LINE_8, _SHIFT)
    near = np.full(kind.shape, float(outline[:, 2].mean()), np.float32)
    layer = _Layer(left, top, kind, np.zeros(kind.shape, np.uint8), near)
    _decorate(part, layer, view, kinds, first)
    return layer


def _decorate(part: Part, layer: _Layer, view: View, kinds: _Kinds, first: int) -> None:
    height, width = layer.kind.shape
    for decal in part.decals:
        outline = _fixed(view.project(decal.outline), layer.left, layer.top)
        low, high = outline.min(axis=0) // _UNIT, outline.max(axis=0) // _UNIT + 2
        x0, y0, x1, y1 = max(0, low[0]), max(0, low[1]), min(width, high[0]), min(height, high[1])
        if x1 - x0 < 2 or y1 - y0 < 2:
            continue
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillPoly(mask, [outline - np.array([x0, y0], np.int32) * _UNIT], 1, cv2.LINE_8, _SHIFT)
        target = layer.kind[y0:y1, x0:x1]
        target[(mask > 0) & (target > 0)] = kinds.number(decal.surface, first + 1)
    if part.strokes:
        lines = [_fixed(view.project(stroke), layer.left, layer.top) for stroke in part.strokes]
        cv2.polylines(layer.stroke, lines, False, 1, 1, cv2.LINE_8, _SHIFT)
