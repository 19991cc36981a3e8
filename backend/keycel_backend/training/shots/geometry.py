"""Smooth grids of points in space: the building blocks that every solid part is made of.

World: x right, y down, z towards the viewer; the canvas is 1 high. A grid has shape
(rows + 1, columns + 1, 3); rows run along the part, columns around it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Matrix = NDArray[np.float64]


def rotation(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Matrix:
    """Turn about y (yaw), then x (pitch, positive leans what hangs down forward), then z. Radians."""
    cos, sin = np.cos(yaw), np.sin(yaw)
    about_y = np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])
    cos, sin = np.cos(pitch), np.sin(pitch)
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, cos, -sin], [0.0, sin, cos]])
    cos, sin = np.cos(roll), np.sin(roll)
    about_z = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    return about_z @ about_x @ about_y


def directions(rows: int, columns: int) -> Points:
    """Unit sphere from the top (row 0) down, column 0 at the back: (rows + 1, columns + 1, 3)."""
    polar = np.linspace(0.0, np.pi, rows + 1)[:, None]
    return spherical(polar, np.linspace(0.0, 2.0 * np.pi, columns + 1)[None, :])


def spherical(polar: Points, azimuth: Points) -> Points:
    """Unit vectors; polar 0 is up, azimuth 0 is the back, pi the front (towards +z)."""
    ring = np.sin(polar)
    parts = np.broadcast_arrays(-ring * np.sin(azimuth), -np.cos(polar), -ring * np.cos(azimuth))
    return np.stack(parts, axis=-1)


def ellipsoid(
    centre: Points, radii: tuple[float, float, float], turn: Matrix, rows: int = 10, columns: int = 16
) -> Points:
    return directions(rows, columns) * np.array(radii) @ turn.T + centre


def block(
    centre: Points, radii: tuple[float, float, float], turn: Matrix, roundness: float, rows: int = 12
) -> Points:
    """A box with rounded corners (superquadric): roundness 1 is an ellipsoid, 0.2 nearly a box."""
    unit = directions(rows, 2 * rows)
    unit = np.sign(unit) * np.abs(unit) ** roundness
    unit /= np.abs(unit).max(axis=-1, keepdims=True) ** (1.0 - roundness)
    return unit * np.array(radii) @ turn.T + centre


def smooth_chain(joints: Points, samples: int) -> Points:
    """Points along a chain of joints, rounded at the joints, equally spaced along the chain."""
    lengths = np.linalg.norm(np.diff(joints, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    wanted = np.linspace(0.0, along[-1], samples)
    path = np.stack([np.interp(wanted, along, joints[:, axis]) for axis in range(3)], axis=1)
    for _ in range(max(1, samples // 8)):
        path[1:-1] = 0.25 * path[:-2] + 0.5 * path[1:-1] + 0.25 * path[2:]
    return path


def tube(path: Points, radii: Points, columns: int = 10, flatten: float = 1.0) -> Points:
    """A round (or `flatten`ed) skin around `path` (n, 3) with a radius at every point."""
    tangent = np.gradient(path, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    side = np.empty_like(path)
    start = np.array([1.0, 0.0, 0.0]) if abs(tangent[0, 0]) < 0.8 else np.array([0.0, 1.0, 0.0])
    for index, along in enumerate(tangent):
        start = start - along * float(start @ along)
        start = start / max(float(np.linalg.norm(start)), 1e-9)
        side[index] = start
    other = np.cross(tangent, side)
    angle = np.linspace(0.0, 2.0 * np.pi, columns + 1)
    around = (
        np.cos(angle)[None, :, None] * side[:, None] + flatten * np.sin(angle)[None, :, None] * other[:, None]
    )
    return path[:, None] + radii[:, None, None] * around


def capped(radii: Points, start: float = 1.0, end: float = 1.0) -> Points:
    """Radii that close like a half ball at the ends; `start`, `end`: how many samples the ball takes."""
    index = np.arange(len(radii), dtype=np.float64)
    close = np.ones(len(radii))
    if start > 0:
        close *= np.sqrt(np.clip(1.0 - np.clip(1.0 - index / start, 0.0, 1.0) ** 2, 0.0, 1.0))
    if end > 0:
        close *= np.sqrt(np.clip(1.0 - np.clip(1.0 - index[::-1] / end, 0.0, 1.0) ** 2, 0.0, 1.0))
    return radii * close


def lathe(
    path: Points, wide: Points, deep: Points, turn: Matrix, columns: int = 20, wave: Points | None = None
) -> Points:
    """Elliptic rings around `path` (n, 3): half widths `wide` and depths `deep`, seam at the back.

    `wave`: (n, columns + 1) factors on the radius, for folds.
    """
    angle = np.linspace(0.0, 2.0 * np.pi, columns + 1)
    ring = np.stack([-np.sin(angle), np.zeros_like(angle), -np.cos(angle)], axis=1)
    scale = np.stack([wide, np.zeros_like(wide), deep], axis=1)
    around = ring[None] * scale[:, None]
    if wave is not None:
        around = around * wave[..., None]
    return path[:, None] + around @ turn.T


def closed_spline(corners: Points, samples: int = 6) -> Points:
    """Smooth closed curve through `corners` (n, d): Catmull-Rom, `samples` points a span."""
    share = np.linspace(0.0, 1.0, samples, endpoint=False)[:, None, None]
    before, here = np.roll(corners, 1, axis=0)[None], corners[None]
    after, last = np.roll(corners, -1, axis=0)[None], np.roll(corners, -2, axis=0)[None]
    curve = 0.5 * (
        2.0 * here
        + (after - before) * share
        + (2.0 * before - 5.0 * here + 4.0 * after - last) * share**2
        + (3.0 * here - before - 3.0 * after + last) * share**3
    )
    return curve.transpose(1, 0, 2).reshape(-1, corners.shape[1])


def refined_rows(grid: Points, closed: bool = False) -> Points:
    """The grid with a new row between every two, on the smooth curve through their neighbours.

    `closed`: the last row is the first again. Four-point subdivision (Dyn, Levin & Gregory 1987).
    """
    first = grid[-2:-1] if closed else 2.0 * grid[:1] - grid[1:2]
    last = grid[1:2] if closed else 2.0 * grid[-1:] - grid[-2:-1]
    wide = np.concatenate([first, grid, last])
    found = np.empty((2 * len(grid) - 1, *grid.shape[1:]))
    found[::2] = grid
    found[1::2] = (9.0 * (wide[1:-2] + wide[2:-1]) - wide[:-3] - wide[3:]) / 16.0
    return found


def refined_columns(grid: Points, closed: bool) -> Points:
    """The same between columns."""
    return refined_rows(grid.swapaxes(0, 1), closed).swapaxes(0, 1)


def unit_vector(x: float, y: float, z: float) -> Points:
    return np.array([x, y, z]) / float(np.linalg.norm([x, y, z]))
