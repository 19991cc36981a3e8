"""Points found and followed by matching the regions of line art: needs no weights but our own."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from keycel_backend.engines.anidoc.material import dark_lines
from keycel_backend.engines.anidoc.points import Followed, Matches
from keycel_backend.engines.flat.drawings import Checkpoint
from keycel_backend.regions.arrays import Bytes, Floats, Integers, Labels, Mask, distance_to
from keycel_backend.regions.features import RegionFeatures, measure
from keycel_backend.regions.filling import on_border
from keycel_backend.regions.matching import Matcher
from keycel_backend.regions.segmentation import automatic_gap, segment

_LEAST_BELIEF = 0.5
"""A pair of regions in which the matcher believes less is no pair."""
_LEAST_DEPTH = 2.0
"""Pixels that a region's inmost point must be away from lines; slivers say little."""
_LINE_WIDTH = 2.0
"""Typical of sketches at the networks' size, in pixels."""
_KEPT = 16
"""Analysed sketches held in memory: a window of them, and the reference."""


@dataclass(frozen=True, slots=True)
class _Sketch:
    """Regions of one sketch, in rows 0, 1, ... for labels 1, 2, ..."""

    labels: Labels
    """Of `Segmentation.filled`."""
    features: RegionFeatures
    inmost: Floats
    """(regions, 2) x, y of the point farthest from lines."""
    depth: Floats
    """(regions,) how far that is, in pixels."""
    outside: Mask
    """Regions on the border of the picture: mostly the ground, of which no point is the same."""


class RegionPoints:
    """A `PointMatcher` and `PointTracker`: one point in each region, its inmost one."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._kept: OrderedDict[bytes, _Sketch] = OrderedDict()

    def match(self, reference: Bytes, sketch: Bytes) -> Matches:
        lines = np.where(dark_lines(reference), 0, 255).astype(np.uint8)
        source, target = self._read(lines), self._read(sketch)
        rows = self._partners(source, target)
        paired = rows >= 0
        paired &= np.minimum(source.depth, target.depth[rows]) >= _LEAST_DEPTH
        paired &= ~source.outside
        return Matches(source.inmost[paired], target.inmost[rows[paired]])

    def follow(self, sketches: Bytes, points: Floats, checkpoint: Checkpoint) -> Followed:
        """From each sketch to the next one; a point that is lost is looked for from the first one again."""
        first = self._read(sketches[0])
        at_first = first.labels[_cell(points, first)].astype(np.int64) - 1
        positions, visible = [points.astype(np.float32)], [np.ones(len(points), np.bool_)]
        rows, before = at_first, first
        for sketch in sketches[1:]:
            checkpoint()  # a sketch takes about 0.2 s
            now = self._read(sketch)
            found = _through(self._partners(before, now), rows)
            found = np.where(found >= 0, found, _through(self._partners(first, now), at_first))
            seen = found >= 0
            positions.append(np.where(seen[:, None], now.inmost[found], positions[-1]))
            visible.append(seen)
            rows, before = found, now
        return Followed(np.stack(positions), np.stack(visible))

    def _partners(self, source: _Sketch, target: _Sketch) -> Integers:
        """For each region of `source` the one of `target` that is the same, else -1."""
        if source is target:
            return np.arange(len(source.depth))
        match = self._matcher(target.features, source.features)
        belief = match.belief[:, :-1]
        best = belief.argmax(axis=1)
        every = np.arange(len(best))
        sure, chosen = belief[every, best], match.source[every, best]
        partners = np.full(len(source.depth), -1)
        # in rising order, so that of several claims to one region the surest stays
        for row in np.argsort(sure, kind="stable"):
            if sure[row] >= _LEAST_BELIEF:
                partners[chosen[row]] = row
        return partners

    def _read(self, sketch: Bytes) -> _Sketch:
        key = sketch.tobytes()
        if key not in self._kept:
            self._kept[key] = _analysed(sketch)
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]


def _analysed(sketch: Bytes) -> _Sketch:
    ink = sketch == 0
    height, width = ink.shape
    segmentation = segment(ink, automatic_gap(width, height, _LINE_WIDTH))
    depth = distance_to(segmentation.labels == 0).ravel()
    labels = segmentation.labels.ravel()
    order = np.lexsort((depth, labels))  # by region, the deepest pixel last
    last = np.searchsorted(labels[order], np.arange(1, segmentation.count + 1), side="right") - 1
    deepest = order[np.maximum(last, 0)]
    return _Sketch(
        segmentation.filled,
        measure(ink, segmentation),
        np.stack([deepest % width, deepest // width], axis=1).astype(np.float32),
        depth[deepest].astype(np.float32),
        on_border(segmentation.labels, segmentation.count),
    )


def _cell(points: Floats, sketch: _Sketch) -> tuple[Integers, Integers]:
    height, width = sketch.labels.shape
    places = np.rint(points).astype(np.int64)
    return np.clip(places[:, 1], 0, height - 1), np.clip(places[:, 0], 0, width - 1)


def _through(partners: Integers, rows: Integers) -> Integers:
    return np.where(rows >= 0, partners[rows], -1)
