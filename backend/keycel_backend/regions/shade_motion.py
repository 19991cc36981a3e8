"""Carries shades from a drawing to the next one by dense motion, region by region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from keycel_backend.regions.arrays import Bytes, Floats, Integers, Labels, Mask, nearest_index
from keycel_backend.regions.matching import Match
from keycel_backend.regions.motion import dense_motion
from keycel_backend.regions.shade_fit import Landing, fit
from keycel_backend.regions.shading import (
    REACH,
    Box,
    Shade,
    Shades,
    main_entry,
    shade_boxes,
    without_scraps,
)

_PART = 0.15
"""Belief from which on a matched region gives its colours to the place that lands in it."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What motion and place are measured on, at working size."""

    labels: Labels
    """Regions without ink."""
    lines: Bytes
    """Line picture, see `RegionFeatures`."""


@dataclass(frozen=True, slots=True)
class Shaded:
    """A drawing whose colours are known."""

    ground: Ground
    entries: Integers
    """(regions,) palette entry that stands for each region."""
    shades: Shades


@dataclass(frozen=True, slots=True)
class Carried:
    """What has landed in a region."""

    shade: Shade
    """Of the colours that take up a place worth mentioning, at least one."""
    group: Integers
    """All palette entries that the region's sources have."""
    main: int
    """Palette entry of the largest part."""


def carry(target: Ground, source: Shaded, found: Match) -> dict[int, Carried]:
    """What lands in the regions of `target` whose sources, assigned by `found`, have shades; by row."""
    rows = _heirs(source, found)
    if not rows:
        return {}
    motion = dense_motion(target.lines, source.ground.lines)
    boxes = shade_boxes(target.labels, len(found.belief))
    source_boxes = shade_boxes(source.ground.labels, len(source.entries))
    carried: dict[int, Carried] = {}
    for row in rows:
        box = boxes[row]
        own = target.labels[box] == row + 1
        if own.any():
            givers = _givers(found, row)
            crop = _around([source_boxes[giver] for giver in givers])
            carried[row] = _carried(own, box, motion[box], givers, source, crop)
    return carried


def _heirs(source: Shaded, found: Match) -> list[int]:
    """Target regions that a shaded region gives colours to."""
    shaded = np.isin(found.source, np.array(list(source.shades), np.int64))
    return np.flatnonzero((shaded & (found.belief[:, :-1] >= _PART)).any(axis=1)).tolist()


def _givers(found: Match, row: int) -> dict[int, float]:
    """Source rows that give colours to a target region, with the belief in each."""
    return {
        int(giver): float(belief)
        for giver, belief in zip(found.source[row], found.belief[row, :-1], strict=True)
        if belief >= _PART
    }


def _around(boxes: list[Box]) -> Box:
    rows, columns = zip(*boxes, strict=True)
    return (
        slice(min(span.start for span in rows), max(span.stop for span in rows)),
        slice(min(span.start for span in columns), max(span.stop for span in columns)),
    )


def _carried(
    own: Mask, box: Box, motion: Floats, givers: Mapping[int, float], source: Shaded, crop: Box
) -> Carried:
    labels = source.ground.labels[crop]
    members = np.isin(labels, np.array(list(givers)) + 1)
    corner = box[0].start - crop[0].start, box[1].start - crop[1].start
    landing, landed = fit(own, corner, motion, members)
    entries, depth = _field(givers, source, labels, members, crop)
    moved = np.stack([_sampled(layer, landing) for layer in depth])
    group = np.union1d(entries, source.entries[list(givers)])
    entries, moved = without_scraps(entries, moved, own)
    trust = min(source.shades[giver].trust for giver in givers if giver in source.shades)
    trust = min(trust, sum(givers.values()) * landed)
    shade = Shade(box[1].start, box[0].start, entries, moved.astype(np.float16), trust)
    return Carried(shade, group, main_entry(shade, own))


def _field(
    givers: Mapping[int, float], source: Shaded, labels: Labels, members: Mask, crop: Box
) -> tuple[Integers, Floats]:
    """Colours of some source regions together, and their depths in a crop of the source."""
    parts = {giver: source.shades.get(giver) for giver in givers}
    own = [source.entries[[giver]] if part is None else part.entries for giver, part in parts.items()]
    entries = np.unique(np.concatenate(own))
    depth = np.full((len(entries), *labels.shape), -REACH, np.float32)
    nearest = labels.ravel()[nearest_index(members)[0]]
    for giver, part in parts.items():
        place = nearest == giver + 1
        if part is None:
            depth[np.searchsorted(entries, source.entries[giver])][place] = REACH
            continue
        for entry, layer in zip(part.entries, part.depth, strict=True):
            depth[np.searchsorted(entries, entry)][place] = _extended(part, layer, crop)[place]
    return entries, depth


def _extended(shade: Shade, layer: Floats, crop: Box) -> Floats:
    """A shade's depth over a crop that its box lies in, continued by its edges."""
    top, left = shade.top - crop[0].start, shade.left - crop[1].start
    below = crop[0].stop - shade.top - layer.shape[0]
    after = crop[1].stop - shade.left - layer.shape[1]
    return np.pad(layer, ((top, below), (left, after)), mode="edge")


def _sampled(layer: Floats, landing: Landing) -> Floats:
    sampled = cv2.remap(layer, landing.x, landing.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cast(Floats, sampled)
