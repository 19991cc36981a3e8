"""Analysed drawings: regions and their features, and small packed label maps to paint from later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import zstandard

from keycel_backend.engines.base import Shot
from keycel_backend.regions.arrays import Labels
from keycel_backend.regions.features import RegionFeatures, measure
from keycel_backend.regions.lines import LineArt, read_line_art
from keycel_backend.regions.segmentation import Segmentation, automatic_gap, segment

Checkpoint = Callable[[], None]
"""Raises `Cancelled` when the work is not wanted any more."""


@dataclass(frozen=True, slots=True)
class Analysed:
    """Everything matching and painting need of a drawing; about one megabyte, whatever the canvas."""

    features: RegionFeatures
    regions: PackedLabels


@dataclass(frozen=True, slots=True)
class PackedLabels:
    """A compressed label map."""

    data: bytes
    height: int
    width: int
    count: int

    @classmethod
    def pack(cls, labels: Labels, count: int) -> PackedLabels:
        small = labels.astype(np.uint16) if count < 65536 else labels.astype(np.uint32)
        height, width = labels.shape
        return cls(zstandard.compress(small.tobytes(), 1), height, width, count)

    def unpack(self) -> Labels:
        dtype = np.uint16 if self.count < 65536 else np.uint32
        flat = np.frombuffer(zstandard.decompress(self.data), dtype)
        return flat.reshape(self.height, self.width).astype(np.int32)


def split_regions(shot: Shot, index: int, gap: float, checkpoint: Checkpoint) -> tuple[LineArt, Segmentation]:
    """Lines and regions of a drawing. `gap` in pixels, 0: chosen from canvas and line width."""
    art = read_line_art(shot.load(shot.drawings[index].digest))
    checkpoint()
    width = gap if gap > 0 else automatic_gap(shot.width, shot.height, art.line_width)
    return art, segment(art.ink, width, checkpoint=checkpoint)


def analyse(shot: Shot, index: int, gap: float, checkpoint: Checkpoint) -> Analysed:
    art, segmentation = split_regions(shot, index, gap, checkpoint)
    checkpoint()
    return packed(art, segmentation)


def packed(art: LineArt, segmentation: Segmentation) -> Analysed:
    return Analysed(
        measure(art.ink, segmentation), PackedLabels.pack(segmentation.labels, segmentation.count)
    )
