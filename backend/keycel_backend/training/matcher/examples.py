"""Training examples: drawings of a procedural shot as the engine sees them, and which regions are the same.

A region's identity is the part surface under most of its pixels; a source region is right as far as
it shows the same surface, so that split and merged regions need no special case. Its colour is that of the
surface: left and right hands are different surfaces of one colour, and colour is what counts in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keycel_backend.regions.arrays import Floats, Integers, Labels, Pixels
from keycel_backend.regions.features import RegionFeatures, measure
from keycel_backend.regions.learned_cues import PairCues, pair_cues
from keycel_backend.regions.learned_views import DrawingView, view
from keycel_backend.regions.lines import read_line_art
from keycel_backend.regions.segmentation import automatic_gap, segment

_VISIBLE = 0.3
"""A source region shows a surface that covers at least this share of it."""
_MOST_REGIONS = 250
"""Drawings with more are left out: they take the time of many others."""
_NEAR = 3
"""Drawings. Real figures move more from drawing to drawing than procedural ones."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of the n target regions of a pair."""

    right: Floats
    """(n, POOL) 0..1 share of the candidate that shows the region's surface."""
    new: Floats
    """(n,) 1 where no region of the source shows it."""
    color: Integers
    """(n,) colour of the region, as a number that says only which colours are equal."""
    source_color: Integers
    """(n, POOL) colour of the candidate; -1 for filling."""
    has_color: Floats
    """(n,) 1 where some region of the source, candidate or not, has the region's colour."""
    weight: Floats
    """(n,) how much the region counts: more for large regions, less for mixed ones."""


@dataclass(frozen=True, slots=True)
class Pair:
    target: int
    source: int
    """Both as rows of `ShotExamples.views`."""
    cues: PairCues
    truth: Truth


@dataclass(frozen=True, slots=True)
class ShotExamples:
    views: tuple[DrawingView, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    features: RegionFeatures
    identity: Integers
    """(n,) surface of most pixels."""
    color: Integers
    """(n,) colour of that surface."""
    purity: Floats
    """(n,) their share."""
    shares: dict[int, Floats]
    """Surface to (n,) its share of every region."""


def shot_examples(
    drawings: Sequence[tuple[Pixels, Labels]], colors: Integers, seed: int, pairs: int
) -> ShotExamples:
    """`drawings`: line art and identity map (0: background) of each, in order of time.

    `colors`: for each identity, 0 first, a number that is the same for equal colours. Two of three pairs
    are at most `_NEAR` drawings apart, the others any distance; either direction.
    """
    random = np.random.default_rng(seed)
    known = [_know(lines, identity, colors) for lines, identity in drawings]
    usable = [index for index, one in enumerate(known) if 2 <= one.features.count <= _MOST_REGIONS]
    wanted = _choose(usable, pairs, random)
    rows = {index: row for row, index in enumerate(usable)}
    found: list[Pair] = []
    for target, source in wanted:
        cues = pair_cues(known[target].features, known[source].features)
        truth = _truth(known[target], known[source], cues)
        found.append(Pair(rows[target], rows[source], cues, truth))
    return ShotExamples(tuple(view(known[index].features) for index in usable), tuple(found))


def _choose(usable: Sequence[int], pairs: int, random: np.random.Generator) -> list[tuple[int, int]]:
    every = [(a, b) for a in usable for b in usable if a != b]
    near = [(a, b) for a, b in every if abs(a - b) <= _NEAR]
    far = [(a, b) for a, b in every if abs(a - b) > _NEAR]
    random.shuffle(near)
    random.shuffle(far)
    chosen_near = near[: max(2 * pairs // 3, pairs - len(far))]
    return chosen_near + far[: pairs - len(chosen_near)]


def _know(lines: Pixels, identity: Labels, colors: Integers) -> _Known:
    art = read_line_art(lines)
    gap = automatic_gap(lines.shape[1], lines.shape[0], art.line_width)
    segmentation = segment(art.ink, gap)
    features = measure(art.ink, segmentation)
    surfaces, index = np.unique(identity, return_inverse=True)
    codes = segmentation.labels.ravel().astype(np.int64) * len(surfaces) + index.ravel()
    counts = np.bincount(codes, minlength=(segmentation.count + 1) * len(surfaces))
    table = counts.reshape(segmentation.count + 1, len(surfaces))[1:].astype(np.float32)
    table /= np.maximum(table.sum(axis=1, keepdims=True), 1.0)
    most = table.argmax(axis=1)
    shares = {int(surface): table[:, column] for column, surface in enumerate(surfaces)}
    shown = surfaces[most].astype(np.int64)
    return _Known(features, shown, colors[shown], table.max(axis=1), shares)


def _truth(target: _Known, source: _Known, cues: PairCues) -> Truth:
    nothing = np.zeros(source.features.count, np.float32)
    share = np.stack([source.shares.get(int(surface), nothing) for surface in target.identity])
    right = np.take_along_axis(share, cues.candidates, axis=1) * cues.valid
    new = (share.max(axis=1) < _VISIBLE).astype(np.float32)
    size = np.sqrt(target.features.area) / target.features.figure
    weight = np.clip(2.0 * target.purity - 1.0, 0.05, 1.0) * (0.5 + 4.0 * np.minimum(size, 0.25))
    return Truth(
        right=right.astype(np.float32),
        new=new,
        color=target.color,
        source_color=np.where(cues.valid > 0, source.color[cues.candidates], -1),
        has_color=np.isin(target.color, source.color).astype(np.float32),
        weight=weight.astype(np.float32),
    )
