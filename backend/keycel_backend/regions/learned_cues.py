"""What the learned matcher reads of a pair of drawings: numbers per candidate, region and neighbourhood.

Everything is relative to the drawn figure's size, so that the canvas size does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keycel_backend.regions.arrays import Floats, Integers
from keycel_backend.regions.features import RegionFeatures
from keycel_backend.regions.matching import Landing, Proposal, Weights, opened, propose, solve

POOL = 40
"""Source regions that the learned matcher looks at for each target region: the likeliest by the hand-set
evidence. Its own first look leaves a few of them."""
CUES = 24
"""Numbers per target and source region."""
TRAITS = 12
"""Numbers per target region."""
HAND_CUE, HAND_TRAIT = 22, 11
"""Which cue and which trait are the hand-made matcher's beliefs: in the source region, and in "new"."""
LINKS = 3
"""Numbers per pair of neighbouring target regions."""
_VAST = 0.6
"""A region this long, as a share of the picture, is taken for background."""
_CAP = 3.0


@dataclass(frozen=True, slots=True)
class PairCues:
    """A target drawing of n regions and e pairs of neighbours, against a source drawing of m regions."""

    candidates: Integers
    """(n, POOL) source rows; 0 where there are fewer."""
    valid: Floats
    """(n, POOL) 1 for a candidate, 0 for filling."""
    cues: Floats
    """(n, POOL, CUES)"""
    traits: Floats
    """(n, TRAITS)"""
    place: Floats
    """(n, 2) middle of the target region in figure sizes."""
    landing: Floats
    """(n, POOL, 2) middle of the candidate in figure sizes."""
    growth: Floats
    """(n, POOL) log of candidate area over target area."""
    edges: Integers
    """(e, 2) neighbouring target rows."""
    links: Floats
    """(e, LINKS) contact, meets at a gap, one of the two is background."""
    reach: Floats
    """(e,) how far apart the two may drift, in figure sizes."""
    source_contact: Floats
    """(m, m) contact of the source's regions with each other."""
    target_area: Floats
    """(n,) in squared figure sizes."""
    source_area: Floats
    """(m,) likewise."""


def pair_cues(target: RegionFeatures, source: RegionFeatures) -> PairCues:
    """Cues of every target region for its likeliest source regions by the hand-set evidence."""
    weights = Weights()
    proposal = propose(target, source, weights)
    found = solve(target, source, proposal.evidence, weights)
    count = min(POOL, source.count)
    order = np.argsort(-proposal.evidence[:, :-1], axis=1, kind="stable")
    candidates = np.zeros((target.count, POOL), np.int64)
    candidates[:, :count] = order[:, :count]
    valid = np.zeros((target.count, POOL), np.float32)
    valid[:, :count] = 1.0
    believed = min(found.source.shape[1], source.count)
    hand_belief = np.zeros((target.count, source.count), np.float32)
    np.put_along_axis(hand_belief, found.source[:, :believed], found.belief[:, :believed], axis=1)
    cues = _candidate_cues(target, source, proposal, candidates, hand_belief) * valid[..., None]
    one, two = target.edges[:, 0], target.edges[:, 1]
    contact = np.zeros((source.count, source.count), np.float32)
    contact[source.edges[:, 0], source.edges[:, 1]] = source.contact
    vast = target.size > _VAST * max(target.labels.shape)
    links = np.stack([target.contact, target.open_edge, vast[one] | vast[two]], axis=1)
    figure = target.figure
    return PairCues(
        candidates=candidates,
        valid=valid,
        cues=cues.astype(np.float32),
        traits=_traits(target, proposal, found.belief[:, -1], vast),
        place=(target.centroid / figure).astype(np.float32),
        landing=(source.centroid[candidates] / figure).astype(np.float32),
        growth=np.log(source.area[candidates] / target.area[:, None]).astype(np.float32),
        edges=target.edges,
        links=links.astype(np.float32),
        reach=(0.35 * (target.size[one] + target.size[two]) / 2 / figure + 0.03).astype(np.float32),
        source_contact=np.maximum(contact, contact.T),
        target_area=(target.area / figure**2).astype(np.float32),
        source_area=(source.area / figure**2).astype(np.float32),
    )


def _candidate_cues(
    target: RegionFeatures,
    source: RegionFeatures,
    proposal: Proposal,
    candidates: Integers,
    hand_belief: Floats,
) -> Floats:
    rows = np.arange(target.count)[:, None]
    evidence = proposal.evidence[:, :-1]
    outline = target.outline @ source.outline.T
    context = target.context @ source.context.T
    growth = np.log(source.area[candidates] / target.area[:, None])
    widening = np.log((source.size[candidates] + 1.0) / (target.size[:, None] + 1.0))
    piece = opened(target)[:, None] | (target.border[:, None] & source.border[candidates])
    step = (source.centroid[candidates] - target.centroid[:, None]) / target.figure
    gap_to_best = evidence.max(axis=1, keepdims=True) - evidence
    gap_to_rival = evidence.max(axis=0, keepdims=True) - evidence
    chosen = evidence[rows, candidates]
    belief = np.clip(hand_belief[rows, candidates], 1e-4, 1.0)
    return np.stack(
        [
            outline[rows, candidates],
            4.0 * (context[rows, candidates] - 0.7),
            np.clip(growth, -_CAP, _CAP),
            np.minimum(np.abs(growth), _CAP),
            np.clip(widening, -_CAP, _CAP),
            np.broadcast_to(target.border[:, None], growth.shape),
            source.border[candidates],
            *_landing_cues(proposal.rough, rows, candidates),
            *_landing_cues(proposal.refined, rows, candidates),
            piece,
            opened(source)[candidates],
            np.minimum(np.linalg.norm(step, axis=2) * 4.0, _CAP),
            chosen / 5.0,
            np.minimum(gap_to_best[rows, candidates] / 3.0, _CAP),
            np.minimum(gap_to_rival[rows, candidates] / 3.0, _CAP),
            np.log(belief) / 3.0 + 1.0,
            belief,
            np.log(source.area[candidates] / target.figure**2) / 3.0 + 2.0,
        ],
        axis=2,
    ).astype(np.float32)


def _landing_cues(landing: Landing, rows: Integers, candidates: Integers) -> list[Floats]:
    of_target, of_source = landing.of_target[rows, candidates], landing.of_source[rows, candidates]
    distance = np.minimum(landing.distance[rows, candidates], _CAP)
    return [of_target, of_source, np.sqrt(of_target * of_source), distance]


def _traits(target: RegionFeatures, proposal: Proposal, hand_new: Floats, vast: Floats) -> Floats:
    degree = np.bincount(target.edges.ravel(), minlength=target.count)
    best = proposal.evidence[:, :-1].max(axis=1)
    new = np.clip(hand_new, 1e-4, 1.0)
    return np.stack(
        [
            np.log(target.area / target.figure**2) / 3.0 + 2.0,
            target.size / target.figure,
            target.border,
            opened(target),
            np.log1p(degree) / 2.0,
            vast,
            proposal.rough.seen,
            proposal.refined.seen,
            best / 5.0,
            proposal.evidence[:, -1] / 5.0,
            np.log(new) / 3.0 + 1.0,
            new,
        ],
        axis=1,
    ).astype(np.float32)
