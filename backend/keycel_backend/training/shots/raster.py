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
from keycel_backend.training.shots.geometry import Points
from keycel_backend.training.shots.parts import Flat, Part, Solid

STROKE = -1
"""Facet of pixels on an open line."""
_FACETS = 2000
"""Numbers set aside for the facets of one part."""
_MOST_JOINED = 1000
_SHIFT = 4
_UNIT = 1 << _SHIFT
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


@dataclass(slots=True)
class _Painted:
    """One part in its own box."""

    left: int
    top: int
    maps: Maps


def render(parts: Sequence[Part], view: View) -> Maps:
    size = (view.height, view.width)
    maps = Maps(np.zeros(size, np.int32), np.zeros(size, np.int32), np.full(size, _FAR, np.float32))
    for number, part in enumerate(parts):
        painted = _solid(part, view, number) if isinstance(part, Solid) else _flat(part, view, number)
        if painted is not None:
            _put(maps, painted)
    return maps


def _put(maps: Maps, painted: _Painted) -> None:
    height, width = painted.maps.surface.shape
    box = (slice(painted.top, painted.top + height), slice(painted.left, painted.left + width))
    nearer = (painted.maps.surface > 0) & (painted.maps.depth > maps.depth[box])
    np.copyto(maps.surface[box], painted.maps.surface, where=nearer)
    np.copyto(maps.facet[box], painted.maps.facet, where=nearer)
    np.copyto(maps.depth[box], painted.maps.depth, where=nearer)


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


def _solid(part: Solid, view: View, number: int) -> _Painted | None:
    grid = view.project(part.points)
    box = _box(grid, view)
    if box is None:
        return None
    left, top, right, bottom = box
    corners = np.stack([grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]], axis=2)
    facing = _facing(grid, corners, closed=part.inside == 0)
    depth = corners[..., 2].mean(axis=2)
    kept = np.flatnonzero(facing.ravel() > 0) if part.inside == 0 else np.arange(facing.size)
    order = kept[np.argsort(depth.ravel()[kept])]
    index = np.zeros((bottom - top, right - left), np.int32)
    quads = _fixed(corners.reshape(-1, 4, 3)[order], left, top)
    for place, quad in zip(order.tolist(), quads, strict=True):
        cv2.fillConvexPoly(index, quad, place + 1, cv2.LINE_8, _SHIFT)
    surfaces = part.surfaces
    if part.inside > 0:
        surfaces = np.where(facing > 0, surfaces, part.inside)
    facets = np.zeros_like(surfaces) if part.facets is None else part.facets
    if part.inside > 0:
        facets = np.where(facing > 0, facets, _FACETS - 2)
    surface = _looked_up(surfaces, index, 0)
    near = np.concatenate([[0.0], depth.ravel()]).astype(np.float32)[index]
    cell = float(np.sqrt(max(1.0, np.count_nonzero(index) / max(1, len(kept)))))
    near = _smooth(near, index > 0, cell) + np.float32(part.lift * view.scale)
    first = _FACETS * (part.joined if part.joined else _MOST_JOINED + number)
    facet = _looked_up(facets + 1 + first, index, 0)
    painted = _Painted(left, top, Maps(surface, facet, near))
    _decorate(part, painted, view)
    return painted


def _facing(grid: Points, corners: Points, closed: bool) -> NDArray[np.float64]:
    """Positive for cells that turn their outer side to the viewer; a closed skin's handedness is found."""
    across, along = corners[:, :, 2] - corners[:, :, 0], corners[:, :, 3] - corners[:, :, 1]
    area = across[..., 0] * along[..., 1] - across[..., 1] * along[..., 0]
    if not closed:
        return area
    rings = grid[:, :-1, 2].mean(axis=1)
    outward = corners[..., 2].mean(axis=2) - 0.5 * (rings[:-1] + rings[1:])[:, None]
    return area * (1.0 if float((area * outward).sum()) >= 0 else -1.0)


def _looked_up(cells: NDArray[np.int32], index: NDArray[np.int32], empty: int) -> NDArray[np.int32]:
    return np.concatenate([[empty], cells.ravel()]).astype(np.int32)[index]


def _smooth(depth: NDArray[np.float32], mask: NDArray[np.bool_], cell: float) -> NDArray[np.float32]:
    width = max(3, min(41, round(cell)))
    weight = cv2.blur(mask.astype(np.float32), (width, width))
    total = cv2.blur(np.where(mask, depth, np.float32(0.0)), (width, width))
    return cast(NDArray[np.float32], total / np.maximum(weight, 1e-6))


def _flat(part: Flat, view: View, number: int) -> _Painted | None:
    outline = view.project(part.outline)
    box = _box(outline, view)
    if box is None:
        return None
    left, top, right, bottom = box
    mask = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillPoly(mask, [_fixed(outline, left, top)], 1, cv2.LINE_8, _SHIFT)
    surface = mask.astype(np.int32) * part.surface
    facet = mask.astype(np.int32) * (1 + _FACETS * (_MOST_JOINED + number))
    near = np.full(mask.shape, float(outline[:, 2].mean()), np.float32)
    painted = _Painted(left, top, Maps(surface, facet, near))
    _decorate(part, painted, view)
    return painted


def _decorate(part: Part, painted: _Painted, view: View) -> None:
    maps = painted.maps
    height, width = maps.surface.shape
    for decal in part.decals:
        outline = _fixed(view.project(decal.outline), painted.left, painted.top)
        low, high = outline.min(axis=0) // _UNIT, outline.max(axis=0) // _UNIT + 2
        x0, y0, x1, y1 = max(0, low[0]), max(0, low[1]), min(width, high[0]), min(height, high[1])
        if x1 - x0 < 2 or y1 - y0 < 2:
            continue
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillPoly(mask, [outline - np.array([x0, y0], np.int32) * _UNIT], 1, cv2.LINE_8, _SHIFT)
        target = maps.surface[y0:y1, x0:x1]
        target[(mask > 0) & (target > 0)] = decal.surface
    if part.strokes:
        mask = np.zeros((height, width), np.uint8)
        lines = [_fixed(view.project(stroke), painted.left, painted.top) for stroke in part.strokes]
        cv2.polylines(mask, lines, False, 1, 1, cv2.LINE_8, _SHIFT)
        maps.facet[(mask > 0) & (maps.surface > 0)] = STROKE
