"""Reads an engine's coloured picture region by region: which palette colour does each region mean?

Diffusion proposes, regions decide: the picture may be noisy, shaded, or blurred along the lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from keycel_backend.regions.arrays import Bytes, Floats, Integers, Labels, Mask, distance_to, nearest_index
from keycel_backend.regions.confidence import UNSURE
from keycel_backend.regions.filling import on_border
from keycel_backend.regions.palette import Palette, pixels_of
from keycel_backend.regions.segmentation import Segmentation

_SAMPLES = 256
"""Pixels asked of each region, evenly spread over its inside."""
_FARTHEST = 40.0
"""In Lab units: a pixel farther away than this from a colour says no more against it."""
_FAR = 20.0
"""A distance from the region's median to the chosen colour that makes it as likely wrong as right."""
_FAR_SPREAD = 3.0
_CLOSE_CALL = 0.25
"""Share of its cost by which the winner must undercut the second to be as likely right as wrong."""
_CLOSE_CALL_SPREAD = 0.06
_HELP = 8.0
"""How much nearer a colour counts for a region too small to be seen, if all around it have it."""
_UNPAINTED_INSIDE = 3.0
"""Handicap of "unpainted" inside the drawing, where paint of the paper's colour is likelier."""
_LIKE_PAPER = 8.0


@dataclass(frozen=True, slots=True)
class Votes:
    """What the picture says of regions 1, 2, ..."""

    entries: Integers
    """(regions,) palette entries."""
    confidence: Floats
    """(regions,) 0..1: falls with the distance to the palette colour, and as a second comes near."""
    reasons: tuple[str, ...]
    """What speaks most against each region's colour, in plain words."""
    colors: Bytes
    """(regions, 3) RGB, the median inside each region: the engine's own colour."""


def count_votes(
    proposal: Bytes,
    segmentation: Segmentation,
    palette: Palette,
    blur: float,
    unpainted: tuple[int, int, int] | None,
) -> Votes:
    """The palette colour of each region.

    The colour with the least mean distance in Lab wins, each pixel's distance being cut off: the
    median where pixels scatter, the mode where they fall into groups. No pixel near a line is asked.

    Args:
        proposal: (height, width, 3) RGB at canvas size.
        blur: distance from a line, in pixels, up to which colours may be mixed.
        unpainted: what unpainted ground looks like in the picture; None where nothing may stay unpainted.
    """
    labels, count = segmentation.labels, segmentation.count
    inside, peak = _inside(labels, count, blur)
    where = _sampled(labels, inside, count)
    region = labels.ravel()[where].astype(np.int64) - 1
    rgb = proposal.reshape(-1, 3)[where]
    candidates, looks = _candidates(palette, unpainted)
    cost = _costs(rgb, region, looks, count)
    if unpainted is not None:
        _weigh_unpainted(cost, looks, on_border(labels, count))
    seen = np.clip(peak / max(blur, 1.0), 0.0, 1.0)
    cost = cost - _HELP * (1.0 - seen)[:, None] * _share_around(segmentation, cost.argmin(axis=1), len(looks))
    chosen = cost.argmin(axis=1)
    medians = _medians(rgb, region, count)
    away = np.sqrt(((_lab(medians) - looks[chosen]) ** 2).sum(axis=1))
    near = 1.0 / (1.0 + np.exp((away - _FAR) / _FAR_SPREAD))
    distinct = 1.0 / (1.0 + np.exp((_CLOSE_CALL - _lead(cost)) / _CLOSE_CALL_SPREAD))
    sure = (near * distinct * (0.3 + 0.7 * seen)).astype(np.float32)
    reasons = tuple(
        reason(float(row_near), float(row_distinct))
        for row_near, row_distinct in zip(near, distinct, strict=True)
    )
    return Votes(candidates[chosen], sure, reasons, medians)


def own_shading(proposal: Bytes, segmentation: Segmentation, votes: Votes, blur: float) -> Bytes:
    """(height, width, 3) `proposal` without what its own lines did to it.

    Pixels near and on lines take the colour of the nearest inner pixel of their region, else the
    region's median.
    """
    inside, _ = _inside(segmentation.labels, segmentation.count, blur)
    nearest = nearest_index(inside)[0].ravel()
    same = segmentation.filled.ravel()[nearest] == segmentation.filled.ravel()
    median = votes.colors[segmentation.filled.ravel() - 1]
    return np.where(same[:, None], proposal.reshape(-1, 3)[nearest], median).reshape(proposal.shape)


def _inside(labels: Labels, count: int, blur: float) -> tuple[Mask, Floats]:
    """Pixels of regions that are off the lines by more than `blur` (of narrow regions the inmost ones), and
    (regions,) how far from any line each region gets, in pixels."""
    depth = distance_to(labels == 0)
    peak = np.zeros(count + 1, np.float32)
    np.maximum.at(peak, labels.ravel(), depth.ravel())
    return (labels > 0) & (depth >= np.minimum(blur, 0.75 * peak)[labels]), peak[1:]


def _sampled(labels: Labels, inside: Mask, count: int) -> Integers:
    """Flat indices of up to `_SAMPLES` pixels of each region, grouped by region."""
    where = np.flatnonzero(inside)
    region = labels.ravel()[where]
    where = where[np.argsort(region, kind="stable")]
    number = np.bincount(region, minlength=count + 1)[1:]
    place = np.arange(len(where)) - np.repeat(np.cumsum(number) - number, number)
    asked = np.minimum(number, _SAMPLES)
    share = place * np.repeat(asked, number) // np.repeat(number, number)
    before = (place - 1) * np.repeat(asked, number) // np.repeat(number, number)
    return where[(place == 0) | (share != before)]


def _candidates(palette: Palette, unpainted: tuple[int, int, int] | None) -> tuple[Integers, Floats]:
    """Palette entries that may win, and how they look in Lab, (candidates, 3); unpainted is the first."""
    looks = pixels_of(palette.codes())[:, :3].copy()
    if unpainted is None and len(palette) > 1:
        return np.arange(1, len(palette)), _lab(looks[1:])
    looks[0] = unpainted or (255, 255, 255)
    return np.arange(len(palette)), _lab(looks)


def _costs(rgb: Bytes, region: Integers, looks: Floats, count: int) -> Floats:
    """(regions, candidates) mean of the distances, each cut off at `_FARTHEST`."""
    lab = _lab(rgb)
    total = np.zeros((count, len(looks)), np.float64)
    for candidate, look in enumerate(looks):
        distance = np.minimum(np.sqrt(((lab - look) ** 2).sum(axis=1)), _FARTHEST)
        total[:, candidate] = np.bincount(region, weights=distance, minlength=count)
    return total / np.maximum(np.bincount(region, minlength=count), 1)[:, None]


def _weigh_unpainted(cost: Floats, looks: Floats, at_border: Mask) -> None:
    """Ground at the border is unpainted rather than painted in the paper's colour; inside the reverse."""
    alike = np.flatnonzero(np.sqrt(((looks - looks[0]) ** 2).sum(axis=1)) < _LIKE_PAPER)
    cost[np.ix_(at_border, alike[alike > 0])] = _FARTHEST
    cost[~at_border, 0] += _UNPAINTED_INSIDE


def _share_around(segmentation: Segmentation, chosen: Integers, candidates: int) -> Floats:
    """(regions, candidates) how much of each region's neighbourhood, across lines, chose each colour."""
    filled = segmentation.filled
    share = np.zeros((segmentation.count, candidates), np.float64)
    for near, far in ((filled[:, :-1], filled[:, 1:]), (filled[:-1], filled[1:])):
        meet = near != far
        one, two = near[meet] - 1, far[meet] - 1
        np.add.at(share, (one, chosen[two]), 1.0)
        np.add.at(share, (two, chosen[one]), 1.0)
    return share / np.maximum(share.sum(axis=1, keepdims=True), 1.0)


def _lead(cost: Floats) -> Floats:
    """(regions,) 0..1: how much less the best candidate costs than the second, as a share of that."""
    if cost.shape[1] == 1:
        return np.ones(len(cost), np.float64)
    best, second = np.partition(np.maximum(cost, 0.0), 1, axis=1)[:, :2].T
    return (second - best) / np.maximum(second, 1e-6)


def _medians(rgb: Bytes, region: Integers, count: int) -> Bytes:
    starts = np.searchsorted(region, np.arange(1, count))
    groups = np.split(rgb, starts)
    return np.array([np.median(group, axis=0) for group in groups], np.uint8)


def _lab(rgb: Bytes) -> Floats:
    """(n, 3) sRGB to CIE L*a*b*."""
    values = rgb.astype(np.float32) / 255.0
    return cast(Floats, cv2.cvtColor(values[None], cv2.COLOR_RGB2LAB))[0]


def reason(near: float, distinct: float) -> str:
    """What speaks most against a region's colour. `near`, `distinct`: 0..1, how little does."""
    if near < UNSURE:
        return "The colour that the engine suggests is far from every palette colour."
    if distinct < UNSURE:
        return "Two palette colours are about as near to what the engine suggests."
    return "The region is too small for the engine to see it well."
