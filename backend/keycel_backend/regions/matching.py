"""Matches the regions of one drawing to the regions of another.

Every target region gets a few candidate regions by its own evidence (outline, surroundings, place,
overlap after motion), then neighbours decide together: loopy belief propagation over the
adjacency graph, where matches that move alike and stay neighbours support each other. Several target regions
may share a source region (splits), and a region may have no source ("new").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keycel_backend.regions.arrays import Floats, Integers, Mask, blur
from keycel_backend.regions.features import RegionFeatures
from keycel_backend.regions.motion import dense_motion, explained, overlap

CANDIDATES = 10
LOOKALIKE = 0.05
"""How much resemblance alone counts as knowing."""
_ROUNDS = 12
_DAMPING = 0.5


@dataclass(frozen=True, slots=True)
class Weights:
    """Log-odds given to each piece of evidence; fitted by hand on real clips."""

    overlap: float = 2.5
    outline: float = 2.0
    context: float = 5.0
    area: float = 0.8
    place: float = 1.5
    border: float = 0.7
    part: float = 4.0
    unseen: float = 8.0
    new: float = 2.5
    unseen_new: float = 3.0
    support: float = 2.0
    apart: float = 0.8
    split: float = 0.3


@dataclass(frozen=True, slots=True)
class Match:
    """Soft assignment of target regions to source regions."""

    source: Integers
    """(n, CANDIDATES) source rows."""
    belief: Floats
    """(n, CANDIDATES + 1); the last column is "no source". Rows sum to 1."""


Matcher = Callable[[RegionFeatures, RegionFeatures], Match]
"""Soft assignment of the regions of a target (first) to those of a source."""


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the regions of a drawing (n rows) come to lie in another (m columns) after motion."""

    of_target: Floats
    """(n, m) share of the target region that lands in the source region."""
    of_source: Floats
    """(n, m) share of what lands in the source region that comes from the target region."""
    distance: Floats
    """(n, m) between the moved middle and the source's middle, in units of what is near for the two."""
    seen: Floats
    """(n,) how well the lines around the region are found again in the source, 0..1."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """All that is measured of a pair of drawings before neighbours decide together."""

    rough: Landing
    refined: Landing
    """The same with motion that follows the first matches."""
    evidence: Floats
    """(n, m + 1) log-odds by the hand-set weights; last column: new."""


def match(target: RegionFeatures, source: RegionFeatures, weights: Weights | None = None) -> Match:
    weights = weights or Weights()
    return solve(target, source, propose(target, source, weights).evidence, weights)


def propose(target: RegionFeatures, source: RegionFeatures, weights: Weights) -> Proposal:
    still = _own_evidence(target, source, weights)
    rough = _landing(target, source, dense_motion(target.lines, source.lines))
    rough_evidence = _with_motion(target, source, still, rough, weights)
    guess = _motion_of_matches(target, source, solve(target, source, rough_evidence, weights))
    refined = _landing(target, source, dense_motion(target.lines, source.lines, guess))
    better = _with_motion(target, source, still, refined, weights)
    both = np.maximum(rough_evidence, better)
    both[:, -1] = np.minimum(rough_evidence[:, -1], better[:, -1])
    return Proposal(rough, refined, both)


def lookalikes(target: RegionFeatures, source: RegionFeatures, weights: Weights | None = None) -> Match:
    """What regions resemble wherever they are: a guess for what has no place in the source, and no more."""
    evidence = _own_evidence(target, source, weights or Weights())
    count = min(CANDIDATES, source.count)
    candidates = np.argsort(-evidence, axis=1, kind="stable")[:, :count].astype(np.int64)
    belief = np.exp(np.take_along_axis(evidence, candidates, axis=1) - evidence.max(axis=1, keepdims=True))
    belief *= LOOKALIKE / belief.sum(axis=1, keepdims=True)
    rest = np.full((target.count, 1), 1.0 - LOOKALIKE, np.float32)
    return padded(candidates, np.concatenate([belief, rest], axis=1))


def reverse(found: Match, target_area: Floats, source_area: Floats) -> Match:
    """The same assignment seen from the source drawing: where each of its regions went.

    Areas weigh the votes; a source region whose area is not accounted for was covered or left.
    """
    number = len(source_area)
    flow = np.zeros((number, len(target_area)), np.float32)
    rows = np.arange(len(target_area))[:, None]
    np.add.at(flow, (found.source, rows), found.belief[:, :-1] * target_area[:, None])
    total = flow.sum(axis=1)
    lost = np.clip(1.0 - total / np.maximum(0.5 * source_area, 1e-3), 0.02, 1.0)
    share = flow / np.maximum(total[:, None], 1e-6) * (1.0 - lost[:, None])
    count = min(CANDIDATES, flow.shape[1])
    candidates = np.argsort(-share, axis=1, kind="stable")[:, :count].astype(np.int64)
    belief = np.concatenate([np.take_along_axis(share, candidates, axis=1), lost[:, None]], axis=1)
    return padded(candidates, belief.astype(np.float32))


def padded(candidates: Integers, belief: Floats) -> Match:
    """Always CANDIDATES columns, so that matches of small drawings look like all others."""
    missing = CANDIDATES - candidates.shape[1]
    if missing:
        nothing = np.zeros((len(belief), missing), np.float32)
        candidates = np.pad(candidates, ((0, 0), (0, missing)))
        belief = np.concatenate([belief[:, :-1], nothing, belief[:, -1:]], axis=1)
    return Match(candidates, belief.astype(np.float32))


def _own_evidence(target: RegionFeatures, source: RegionFeatures, weights: Weights) -> Floats:
    """(n, m) evidence that needs no motion."""
    outline = target.outline @ source.outline.T
    context = target.context @ source.context.T
    ratio = np.abs(np.log(target.area[:, None] / source.area[None]))
    border = target.border[:, None] == source.border[None]
    return (
        weights.outline * outline
        + weights.context * (context - 0.8)
        - weights.area * np.minimum(ratio, 3.0)
        + weights.border * (border.astype(np.float32) - 1.0)
    ).astype(np.float32)


def _landing(target: RegionFeatures, source: RegionFeatures, flow: Floats) -> Landing:
    shared = overlap(target.labels, target.count, source.labels, source.count, flow)
    moved = target.centroid + _mean_flow(target, flow)
    distance = np.linalg.norm(moved[:, None] - source.centroid[None], axis=2)
    reach = 0.5 * np.sqrt(target.size[:, None] * source.size[None]) + 0.03 * target.figure
    return Landing(
        shared / np.maximum(shared.sum(axis=1, keepdims=True), 1.0),
        shared / np.maximum(shared.sum(axis=0, keepdims=True), 1.0),
        (distance / reach).astype(np.float32),
        explained(target.lines, source.lines, target.labels, target.count, flow),
    )


def _with_motion(
    target: RegionFeatures, source: RegionFeatures, still: Floats, landing: Landing, weights: Weights
) -> Floats:
    """(n, m + 1) all evidence: `still` and where a region's pixels and its middle land; last column: new.

    A region with an opening, or cut by the canvas, may be a piece of what was one region in the
    source, as when a limb now divides the background; its outline, size and middle then say
    nothing, only where it lands. This holds as far as the lines around it are found in the source:
    what enters the picture lands somewhere, too.
    """
    of_target, seen = landing.of_target, landing.seen[:, None]
    share = 0.6 * of_target + 0.4 * np.sqrt(of_target * landing.of_source)
    whole = still + weights.overlap * share - weights.place * np.minimum(landing.distance, 3.0)
    part = weights.part * (of_target - 0.2) - weights.unseen * np.maximum(0.9 - seen, 0.0)
    piece = opened(target)[:, None] | (target.border[:, None] & source.border[None])
    best = np.where(piece, np.maximum(whole, part), whole)
    new = weights.new + weights.unseen_new * (0.8 - seen)
    return np.concatenate([best, new], axis=1).astype(np.float32)


def opened(features: RegionFeatures) -> Mask:
    """(n,) regions that meet another one at a gap in the lines."""
    found = np.zeros(features.count, np.bool_)
    found[features.edges[features.open_edge].ravel()] = True
    return found


def _mean_flow(features: RegionFeatures, flow: Floats) -> Floats:
    flat = features.labels.ravel() - 1
    number = np.maximum(np.bincount(flat, minlength=features.count), 1)
    x = np.bincount(flat, weights=flow[..., 0].ravel(), minlength=features.count) / number
    y = np.bincount(flat, weights=flow[..., 1].ravel(), minlength=features.count) / number
    return np.stack([x, y], axis=1).astype(np.float32)


def solve(target: RegionFeatures, source: RegionFeatures, evidence: Floats, weights: Weights) -> Match:
    count = min(CANDIDATES, source.count)
    candidates = np.argsort(-evidence[:, :-1], axis=1, kind="stable")[:, :count].astype(np.int64)
    own = np.concatenate([np.take_along_axis(evidence, candidates, axis=1), evidence[:, -1:]], axis=1)
    if len(target.edges):
        own = _propagate(own, target, _support(target, source, candidates, weights))
    belief = np.exp(own - own.max(axis=1, keepdims=True))
    belief /= belief.sum(axis=1, keepdims=True)
    return padded(candidates, belief)


def _support(
    target: RegionFeatures, source: RegionFeatures, candidates: Integers, weights: Weights
) -> Floats:
    """(e, k+1, k+1) log-support of each pair of matches for each pair of neighbours."""
    one, two = target.edges[:, 0], target.edges[:, 1]
    first, second = candidates[one], candidates[two]
    step_one = source.centroid[first] - target.centroid[one][:, None]
    step_two = source.centroid[second] - target.centroid[two][:, None]
    apart = np.linalg.norm(step_one[:, :, None] - step_two[:, None, :], axis=3)
    limit = 0.35 * (target.size[one] + target.size[two]) / 2 + 0.03 * target.figure
    together = np.exp(-0.5 * (apart / limit[:, None, None]) ** 2)
    # a region as large as the picture (the background) does not move with its neighbours
    vast = np.maximum(target.size[one], target.size[two]) > 0.6 * max(target.labels.shape)
    together[vast] = 0.5
    neighbours = np.zeros((source.count, source.count), np.bool_)
    neighbours[source.edges[:, 0], source.edges[:, 1]] = True
    neighbours |= neighbours.T
    adjacent = neighbours[first[:, :, None], second[:, None, :]].astype(np.float32)
    same = first[:, :, None] == second[:, None, :]
    opening = target.open_edge[:, None, None]
    together = np.where(opening & same, 1.0, together)
    kept = np.where(opening, 1.0, weights.split)
    touching = np.where(same, kept, adjacent)
    support = weights.support * together * touching - weights.apart * (1.0 - touching)
    with_new = np.zeros((len(one), support.shape[1] + 1, support.shape[2] + 1), np.float32)
    with_new[:, :-1, :-1] = support
    strength = np.clip(2.0 * target.contact, 0.15, 1.0)
    return with_new * strength[:, None, None]


def _propagate(own: Floats, target: RegionFeatures, support: Floats) -> Floats:
    """Sum-product belief propagation in the log domain; returns log-beliefs (n, k+1)."""
    one, two = target.edges[:, 0], target.edges[:, 1]
    degree = np.bincount(np.concatenate([one, two]), minlength=target.count).astype(np.float32)
    share = 1.0 / np.sqrt(np.maximum(degree, 1.0) / 3.0).clip(1.0)
    forward = np.exp(support * np.sqrt(share[one] * share[two])[:, None, None])
    backward = np.ascontiguousarray(forward.transpose(0, 2, 1))
    heard_by = np.concatenate([two, one])
    order = np.argsort(heard_by, kind="stable")
    listeners, first = np.unique(heard_by[order], return_index=True)
    forth = np.zeros((len(one), own.shape[1]), np.float32)
    back = np.zeros_like(forth)
    belief = own
    for _ in range(_ROUNDS):
        into_two = _message(belief[one] - back, forward)
        into_one = _message(belief[two] - forth, backward)
        forth = _DAMPING * forth + (1.0 - _DAMPING) * into_two
        back = _DAMPING * back + (1.0 - _DAMPING) * into_one
        belief = own.copy()
        belief[listeners] += np.add.reduceat(np.concatenate([forth, back])[order], first, axis=0)
    return belief


def _message(say: Floats, support: Floats) -> Floats:
    """(e, k+1) what each sender's log-beliefs mean for its neighbour's matches; 0 for the best of them."""
    likely = np.exp(say - say.max(axis=1, keepdims=True))
    heard = np.log(np.matmul(likely[:, None], support)[:, 0])
    return heard - heard.max(axis=1, keepdims=True)


def _motion_of_matches(target: RegionFeatures, source: RegionFeatures, found: Match) -> Floats:
    """Smooth dense motion that carries each region's middle to its most likely match."""
    best = found.belief[:, :-1].argmax(axis=1)
    rows = np.arange(target.count)
    step = source.centroid[found.source[rows, best]] - target.centroid
    trust = found.belief[rows, best].astype(np.float32)
    ratio = np.abs(np.log(target.area / source.area[found.source[rows, best]]))
    trust = np.where(target.size > 0.6 * max(target.labels.shape), 0.0, trust * np.exp(-ratio)) + 1e-3
    return _spread(target, step.astype(np.float32), trust.astype(np.float32))


def _spread(target: RegionFeatures, step: Floats, trust: Floats) -> Floats:
    """Trust-weighted blur of one motion per region into a dense field."""
    weight = trust[target.labels - 1]
    sigma = 0.02 * target.figure + 1.0
    total = blur(weight, sigma)
    x = blur(weight * step[target.labels - 1, 0], sigma) / total
    y = blur(weight * step[target.labels - 1, 1], sigma) / total
    return np.ascontiguousarray(np.stack([x, y], axis=2), np.float32)
