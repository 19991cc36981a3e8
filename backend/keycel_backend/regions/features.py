"""What is known of each region of a drawing: place, size, outline, surroundings, neighbours.

Measured on a reduced picture, so that cost does not grow with the canvas. Descriptors are plain
arrays with one row per region (row 0 is region 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from keycel_backend.regions.arrays import (
    Bytes,
    Floats,
    Integers,
    Labels,
    Mask,
    blur,
    distance_to,
    sample_nearest,
    shrink,
)
from keycel_backend.regions.segmentation import Segmentation
from keycel_backend.regions.tables import RegionTable, region_table

WORKING_SIDE = 480
"""Longer side of the reduced picture of a usual canvas, in pixels."""
PANORAMA_SIDE = 270
"""Shorter side of the reduced picture of a canvas wider than 16:9, as far as `PANORAMA_AREA` allows."""
PANORAMA_AREA = 4 * WORKING_SIDE * PANORAMA_SIDE
_OUTLINE_CELLS = 14
_CONTEXT_CELLS = 6
_CONTEXT_ORIENTATIONS = 4
_CONTEXT_RADII = (0.07, 0.16)
"""Half sizes of the windows that describe surroundings, as a share of the drawn figure's diagonal."""


@dataclass(frozen=True, slots=True)
class RegionFeatures:
    """Regions of one drawing, in working pixels (canvas pixels times `scale`)."""

    labels: Labels
    """Working-size map of `Segmentation.filled`."""
    lines: Bytes
    """Working-size picture, bright on lines and fading with distance: what motion is measured on."""
    scale: float
    figure: float
    """Diagonal of the box around all ink, working pixels."""
    area: Floats
    centroid: Floats
    """(n, 2) as x, y."""
    size: Floats
    """Square root of the area of the bounding box."""
    border: Mask
    """Region lies on the border of the canvas."""
    outline: Floats
    """(n, cells*cells) unit vectors: silhouette in its own box."""
    context: Floats
    """(n, windows*cells*cells*orientations) unit vectors: line directions around the centre."""
    edges: Integers
    """(e, 2) neighbouring regions, 0-based rows, smaller first."""
    contact: Floats
    """(e,) length of the shared border as a share of the shorter perimeter of the two."""
    open_edge: Mask
    """(e,) the two meet at a gap in the lines."""

    @property
    def count(self) -> int:
        return len(self.area)


def working_size(width: int, height: int) -> tuple[int, int]:
    """(height, width) of the reduced picture; never enlarged."""
    tall_enough = min(PANORAMA_SIDE / min(width, height), math.sqrt(PANORAMA_AREA / (width * height)))
    factor = min(1.0, max(WORKING_SIDE / max(width, height), tall_enough))
    return max(1, round(height * factor)), max(1, round(width * factor))


def measure(ink: Mask, segmentation: Segmentation) -> RegionFeatures:
    height, width = ink.shape
    size = working_size(width, height)
    scale = size[1] / width
    density = shrink(ink.astype(np.float32), size) if scale < 1 else ink.astype(np.float32)
    labels = np.ascontiguousarray(sample_nearest(segmentation.filled, size))
    count = segmentation.count
    table = region_table(labels, count)
    full_area = region_table(segmentation.labels, count).area.astype(np.float32)
    centroid, box = _placed(table, size)
    lines = _line_picture(density)
    drawn = np.argwhere(density > 0.25)
    figure = (
        float(np.hypot(*(drawn.max(axis=0) - drawn.min(axis=0) + 1)))
        if len(drawn)
        else float(np.hypot(*size))
    )
    edges, contact, open_edge = _neighbours(labels, count, segmentation.openings)
    return RegionFeatures(
        labels=labels,
        lines=lines,
        scale=scale,
        figure=figure,
        area=np.maximum(full_area * scale * scale, 0.25),
        centroid=centroid,
        size=np.sqrt((box[:, 2] - box[:, 0] + 1) * (box[:, 3] - box[:, 1] + 1)),
        border=(box[:, 0] <= 0) | (box[:, 1] <= 0) | (box[:, 2] >= size[1] - 1) | (box[:, 3] >= size[0] - 1),
        outline=_outlines(labels, box),
        context=_contexts(density, centroid, figure),
        edges=edges,
        contact=contact,
        open_edge=open_edge,
    )


def _placed(table: RegionTable, size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Centroids and boxes (inclusive); a region lost in the reduction becomes a point in the middle."""
    centroid, box = table.centroid.astype(np.float32), table.box.astype(np.float32)
    box[:, 2:] -= 1
    lost = table.area == 0
    centroid[lost] = (size[1] / 2.0, size[0] / 2.0)
    box[lost] = np.tile(centroid[lost], 2)
    return centroid, box


def _line_picture(density: Floats) -> Bytes:
    """Lines with soft flanks: gives a flow method a slope to descend on empty paper."""
    distance = distance_to(density > 0.25)
    soft = 0.6 * np.exp(-distance / 3.0) + 0.4 * np.exp(-distance / 12.0)
    return np.round(soft * 255.0).astype(np.uint8)


def _neighbours(labels: Labels, count: int, openings: Integers) -> tuple[Integers, Floats, Mask]:
    """Pairs of regions side by side under the line between them."""
    base = count + 1
    parts: list[Integers] = []
    for near, far in ((labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])):
        different = near != far
        a, b = near[different].astype(np.int64), far[different].astype(np.int64)
        parts.append(np.minimum(a, b) * base + np.maximum(a, b))
    codes, length = np.unique(np.concatenate(parts), return_counts=True)
    edges = np.stack([codes // base, codes % base], axis=1)
    perimeter = np.zeros(base, np.float64)
    np.add.at(perimeter, edges[:, 0], length)
    np.add.at(perimeter, edges[:, 1], length)
    contact = length / np.maximum(np.minimum(perimeter[edges[:, 0]], perimeter[edges[:, 1]]), 1)
    opened = (
        np.isin(codes, openings[:, 0] * base + openings[:, 1])
        if len(openings)
        else np.zeros(len(codes), np.bool_)
    )
    return edges - 1, contact.astype(np.float32), opened


def _grid(centre: Floats, half: Floats, cells: int) -> tuple[Floats, Floats]:
    """Sample places (n, cells*cells) of a square window around each centre, x and y."""
    steps = (np.arange(cells, dtype=np.float32) + 0.5) / cells * 2.0 - 1.0
    x = centre[:, 0, None] + half[:, None] * np.tile(steps, cells)[None]
    y = centre[:, 1, None] + half[:, None] * np.repeat(steps, cells)[None]
    return x, y


def _outlines(labels: Labels, box: Floats) -> Floats:
    """Silhouettes in a square window around the box, zero-mean unit vectors."""
    height, width = labels.shape
    centre = np.stack([(box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2], axis=1)
    half = np.maximum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]) / 2 + 1.0
    x, y = _grid(centre, half, _OUTLINE_CELLS)
    column, row = np.round(x).astype(np.int64), np.round(y).astype(np.int64)
    inside = (column >= 0) & (row >= 0) & (column < width) & (row < height)
    at = labels[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    silhouette = ((at == np.arange(1, len(box) + 1)[:, None]) & inside).astype(np.float32)
    return _unit(silhouette - 0.5)


def _contexts(density: Floats, centroid: Floats, figure: float) -> Floats:
    """Amount of line of each direction in a grid of cells around every centroid, at two window sizes."""
    height, width = density.shape
    smooth = blur(density, 1.5)
    horizontal = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), np.float32)
    vertical = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 0, 1), np.float32)
    magnitude = np.hypot(horizontal, vertical)
    angle = np.mod(np.arctan2(vertical, horizontal), np.pi) / np.pi * _CONTEXT_ORIENTATIONS
    lower = np.floor(angle).astype(np.int64) % _CONTEXT_ORIENTATIONS
    share = (angle - np.floor(angle)).astype(np.float32)
    sums: list[Floats] = []
    for direction in range(_CONTEXT_ORIENTATIONS):
        weight = np.where(lower == direction, 1.0 - share, 0.0)
        weight += np.where((lower + 1) % _CONTEXT_ORIENTATIONS == direction, share, 0.0)
        sums.append(np.asarray(cv2.integral((magnitude * weight).astype(np.float32)), np.float32))
    integral = np.stack(sums, axis=-1)
    parts: list[Floats] = []
    for radius in _CONTEXT_RADII:
        half = np.full(len(centroid), max(3.0, radius * figure), np.float32)
        x, y = _grid(centroid, half, _CONTEXT_CELLS)
        cell = half[0] / _CONTEXT_CELLS * 1.3  # cells overlap a little: softer against small motion
        left = np.clip(np.round(x - cell), 0, width).astype(np.int64)
        right = np.clip(np.round(x + cell), 0, width).astype(np.int64)
        top = np.clip(np.round(y - cell), 0, height).astype(np.int64)
        bottom = np.clip(np.round(y + cell), 0, height).astype(np.int64)
        total = integral[bottom, right] - integral[top, right] - integral[bottom, left] + integral[top, left]
        parts.append(_unit(np.sqrt(np.maximum(total, 0.0)).reshape(len(centroid), -1)))
    return _unit(np.concatenate(parts, axis=1))


def _unit(rows: Floats) -> Floats:
    return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)).astype(np.float32)
