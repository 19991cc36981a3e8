"""A key drawing made ready: its strokes, the regions on either side of them, and what regions look like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keycel_backend.inbetweening.strokes import Strokes, trace
from keycel_backend.regions.arrays import Floats, Integers, Labels, Pixels
from keycel_backend.regions.features import RegionFeatures, measure
from keycel_backend.regions.lines import LineArt, read_line_art
from keycel_backend.regions.segmentation import automatic_gap, segment

_REACH = 3
"""Points before and after that say which way a line runs."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key drawing of the size (width, height)."""

    size: tuple[int, int]
    art: LineArt
    strokes: Strokes
    direction: Floats
    """(n, 2) unit vectors along the line; of a single dot any."""
    left: Integers
    """(n,) row of the region to the left of the line, as seen along `direction`."""
    right: Integers
    regions: RegionFeatures

    @property
    def figure(self) -> float:
        """Diagonal of the box around all ink, pixels of the canvas."""
        return self.regions.figure / self.regions.scale


def read_key(drawing: Pixels) -> Key:
    height, width = drawing.shape[:2]
    art = read_line_art(drawing)
    strokes = trace(drawing, art)
    found = segment(art.ink, automatic_gap(width, height, art.line_width))
    direction = _directions(strokes)
    normal = np.stack([direction[:, 1], -direction[:, 0]], axis=1)
    away = (strokes.half_width + 2.0)[:, None] * normal
    return Key(
        (width, height),
        art,
        strokes,
        direction,
        _rows_at(found.filled, strokes.places + away),
        _rows_at(found.filled, strokes.places - away),
        measure(art.ink, found),
    )


def _rows_at(labels: Labels, places: Floats) -> Integers:
    height, width = labels.shape
    column = np.clip(np.rint(places[:, 0]), 0, width - 1).astype(np.int64)
    row = np.clip(np.rint(places[:, 1]), 0, height - 1).astype(np.int64)
    return labels[row, column].astype(np.int64) - 1


def _directions(strokes: Strokes) -> Floats:
    found = np.tile(np.array([1.0, 0.0]), (strokes.count, 1))
    for chain in strokes.chains:
        if len(chain) < 2:
            continue
        at = np.arange(len(chain))
        ahead = strokes.places[chain[np.minimum(at + _REACH, len(chain) - 1)]]
        behind = strokes.places[chain[np.maximum(at - _REACH, 0)]]
        step = ahead - behind
        length = np.linalg.norm(step, axis=1, keepdims=True)
        usable = length[:, 0] > 1e-6
        found[chain[usable]] = (step / np.maximum(length, 1e-6))[usable]
    return found
