"""The way from one key drawing to the next: every drawing between the two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import KDTree

from keycel_backend.inbetweening.bending import Pull, Way, bend, turns
from keycel_backend.inbetweening.carrying import OUTSIDE, carried
from keycel_backend.inbetweening.fitting import Checkpoint, Fit, fit, region_beliefs
from keycel_backend.inbetweening.key import Key
from keycel_backend.inbetweening.mesh import ACROSS, Mesh, Places, make_mesh
from keycel_backend.inbetweening.pen import draw, lines_between
from keycel_backend.inbetweening.strokes import Strokes
from keycel_backend.regions.arrays import Floats, Integers, Labels, Mask, Pixels
from keycel_backend.regions.matching import Matcher

_NEAR = 0.012
"""How far from a line a stroke may land and still be that line, as a share of the figure's diagonal."""
_ALONG = 0.7
"""Cosine of the angle up to which lines run the same way."""
_LEAST_RUN = 8
"""Points; shorter runs with or without partner count as what is around them."""


_ROUNDS_BACK, _SOFT = 12, 0.2
"""How the way back is found: lines that were matched pull much harder than the mesh resists."""


@dataclass(frozen=True, slots=True)
class _Half:
    """One key's strokes on their way to the other key."""

    strokes: Strokes
    mesh: Mesh
    way: Way
    matched: Mask
    """(n,) points that are found again in the other key."""
    landing: Places
    """(n,) where the points are in the other key."""
    half_width: Floats
    """(n,) there."""
    color: Floats
    vanishing: Floats
    """(n,) share of the way at which a point without partner is gone."""

    def at(self, share: float) -> Floats:
        """(n, 2) where the points are at `share` of the way, x and y."""
        nodes, turn = self.way.at(share)
        # what the nodes leave over of the way to the other key's line, point by point
        last, turned = self.way.at(1.0)
        rest = self.landing - self.mesh.points(last, turned)
        places = self.mesh.points(nodes, turn) + share * rest
        return np.stack([places.real, places.imag], axis=1)


class Transition:
    """Draws what lies between two keys of one size. Both have ink."""

    def __init__(self, one: Key, two: Key, matcher: Matcher, checkpoint: Checkpoint, take: int = 0) -> None:
        """`take`: 0 for the best; others look at the motion in another way."""
        belief = region_beliefs(one, two, matcher)
        checkpoint()
        self._one = one
        mesh = make_mesh(one)
        found = fit(mesh, one, two, belief, checkpoint, take)
        self._there = _half(one, two, mesh, found)
        checkpoint()
        self._back = _reverse(one, two, self._there)
        self.misfit = found.misfit
        self.common = float(min(self._there.matched.mean(), self._back.matched.mean()))
        """Share of their lines that the keys have in common, 0..1."""

    def at(self, share: float) -> Pixels:
        """The drawing at `share` 0..1 of the way, RGBA; both ends only nearly equal the keys."""
        width, height = self._one.size
        parts = [self._drawn(self._there, share, False), self._drawn(self._back, 1.0 - share, True)]
        places, radius, color, pairs = (list(part) for part in zip(*parts, strict=True))
        pairs[1] = pairs[1] + len(places[0])
        dots = lines_between(
            np.concatenate(places), np.concatenate(radius), np.concatenate(color), np.concatenate(pairs)
        )
        return draw(dots, width, height, self._one.art.paper if self._one.art.on_paper else None)

    def paint(self, share: float, one: Labels, two: Labels, checkpoint: Checkpoint) -> tuple[Labels, Labels]:
        """What is painted in either key, (height, width) palette entries, carried to `share` of the way.

        With the lines that are drawn there: those that both keys have are the first key's on their way. What
        is beyond the border of one key is the other's; beyond that of both, 0.
        """
        there, back = self._there, self._back
        now, new = there.at(share), ~back.matched
        landing = np.stack([there.landing.real, there.landing.imag], axis=1)[there.matched]
        start = np.concatenate([landing, back.strokes.places[new]])
        later = np.concatenate([now[there.matched], back.at(1.0 - share)[new]])
        first = carried(one, there.strokes.places, now)
        checkpoint()
        second = carried(two, start, later)
        known = np.where(first == OUTSIDE, second, first), np.where(second == OUTSIDE, first, second)
        return np.maximum(known[0], 0), np.maximum(known[1], 0)

    def _drawn(self, half: _Half, share: float, only_new: bool) -> tuple[Floats, Floats, Floats, Integers]:
        places = half.at(share)
        radius = (1.0 - share) * half.strokes.half_width + share * half.half_width
        color = (1.0 - share) * half.strokes.color + share * half.color
        shown = ~half.matched & (share < half.vanishing)
        if not only_new:
            shown |= half.matched
        pairs = [np.stack([chain[:-1], chain[1:]], axis=1) for chain in half.strokes.chains if len(chain) > 1]
        pairs += [np.stack([chain, chain], axis=1) for chain in half.strokes.chains if len(chain) == 1]
        every = np.concatenate([*pairs, np.zeros((0, 2), np.int64)])
        every = every[shown[every].all(axis=1)]
        return places, radius, color, every


def _half(one: Key, two: Key, mesh: Mesh, found: Fit) -> _Half:
    way = Way(mesh, found.places, found.strength)
    turn = turns(mesh, found.places, found.strength)
    landed = mesh.points(found.places, turn)
    matched, partner = _partners(one, two, landed, mesh, turn)
    target = two.strokes.places[partner, 0] + 1j * two.strokes.places[partner, 1]
    step = np.where(matched, target - landed, 0.0)
    landing = landed + _along_chains(one.strokes, step, matched)
    width = np.where(matched, two.strokes.half_width[partner], one.strokes.half_width)
    color = np.where(matched[:, None], two.strokes.color[partner], one.strokes.color)
    vanishing = _vanishing(mesh, matched)
    return _Half(one.strokes, mesh, way, matched, landing, width, color, vanishing)


def _partners(one: Key, two: Key, landed: Places, mesh: Mesh, turn: Places) -> tuple[Mask, Integers]:
    limit = max(_NEAR * one.figure, 2.0)
    heading = (one.direction[:, 0] + 1j * one.direction[:, 1]) * turn[mesh.between[:, 0]]
    heading /= np.maximum(np.abs(heading), 1e-9)
    flat = np.stack([landed.real, landed.imag], axis=1)
    count = min(8, two.strokes.count)
    away, near = KDTree(two.strokes.places).query(flat, k=count)
    away, near = away.reshape(len(flat), count), near.reshape(len(flat), count)
    other = two.direction[near, 0] + 1j * two.direction[near, 1]
    same = np.abs((np.conj(other) * heading[:, None]).real)
    cost = away / limit + 2.0 * (1.0 - same)
    best = cost.argmin(axis=1)
    rows = np.arange(len(flat))
    found = (away[rows, best] <= limit) & (same[rows, best] >= _ALONG)
    return _without_short_runs(one.strokes, found), near[rows, best]


def _without_short_runs(strokes: Strokes, found: Mask) -> Mask:
    """Gaps first: a line is rather whole than broken."""
    settled = found.copy()
    for value in (False, True):
        for chain in strokes.chains:
            flags = settled[chain]
            for start, stop in _runs(flags == value):
                inner = start > 0 or stop < len(chain)
                if stop - start < _LEAST_RUN and inner:
                    flags[start:stop] = not value
            settled[chain] = flags
    return settled


def _runs(flags: Mask) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.view(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _along_chains(strokes: Strokes, step: Places, matched: Mask) -> Places:
    """`step` evened out along strokes; where it is unknown, as at the nearest known point of the chain."""
    even = step.copy()
    for chain in strokes.chains:
        known = np.flatnonzero(matched[chain])
        if not len(known):
            continue
        at = np.arange(len(chain))
        values = step[chain][known]
        filled = np.interp(at, known, values.real) + 1j * np.interp(at, known, values.imag)
        width = min(5, len(chain))
        padded = np.pad(filled, width, mode="edge")
        smooth = np.convolve(padded, np.full(2 * width + 1, 1.0 / (2 * width + 1)), "valid")
        even[chain] = smooth
    return even


def _vanishing(mesh: Mesh, matched: Mask) -> Floats:
    """When points without partner go: what hangs together is drawn back towards the lines that stay.

    Nodes' distances to those lines are measured along links; what touches none of them goes to one end.
    """
    count = len(mesh.rest)
    held = matched[mesh.point]
    firm = mesh.strength >= ACROSS
    one, two = mesh.links[firm, 0], mesh.links[firm, 1]
    length = np.abs(mesh.rest[one] - mesh.rest[two])
    loose = ~held[one] & ~held[two]
    parts = coo_array((np.ones(int(loose.sum())), (one[loose], two[loose])), (count, count))
    _number, part = connected_components(parts, directed=False)
    ways = coo_array((length, (one, two)), (count, count)).tocsr()
    roots = np.flatnonzero(held)
    touched = np.zeros(count, np.bool_)
    touched[part[np.concatenate([one[held[two] & ~held[one]], two[held[one] & ~held[two]]])]] = True
    lonely = ~touched[part] & ~held
    first = np.unique(part[lonely], return_index=True)[1]
    starts = np.concatenate([roots, np.flatnonzero(lonely)[first]])
    away = dijkstra(ways, directed=False, indices=starts, min_only=True) if len(starts) else np.zeros(count)
    away = np.where(np.isfinite(away), away, 0.0)
    farthest = np.zeros(count)
    np.maximum.at(farthest, part, np.where(held, 0.0, away))
    at_node = 1.0 - away / np.maximum(farthest[part] + 1e-9, 1e-9)
    gone = np.where(held, 1.0, np.clip(at_node, 0.0, 1.0))
    return (1.0 - mesh.share) * gone[mesh.between[:, 0]] + mesh.share * gone[mesh.between[:, 1]]


def _reverse(one: Key, two: Key, there: _Half) -> _Half:
    """The other key's strokes on their way back, along with the lines that were found."""
    mesh = make_mesh(two)
    places = there.landing[there.matched]
    start = there.strokes.places[there.matched]
    source = start[:, 0] + 1j * start[:, 1]
    node = np.stack([mesh.rest.real, mesh.rest.imag], axis=1)
    limit = max(_NEAR * one.figure, 2.0)
    matched = np.zeros(two.strokes.count, np.bool_)
    goal, trust = mesh.rest.copy(), np.zeros(len(mesh.rest))
    if len(places):
        tree = KDTree(np.stack([places.real, places.imag], axis=1))
        away, near = tree.query(node)
        held = away <= limit
        goal[held] = (source[near] + (mesh.rest - places[near]))[held]
        trust[held] = 1.0
        covered, _near = tree.query(two.strokes.places)
        matched = _without_short_runs(two.strokes, covered <= limit)
    pull = Pull(goal, np.ones(len(goal), np.complex128), trust, 1.0)
    shift = np.mean((goal - mesh.rest)[trust > 0]) if (trust > 0).any() else 0.0
    back, strength = np.where(trust > 0, goal, mesh.rest + shift), mesh.strength
    for _ in range(_ROUNDS_BACK):
        back = bend(mesh, back, pull, _SOFT, strength)
    way = Way(mesh, back, strength)
    landing = mesh.points(back, turns(mesh, back, strength))
    strokes = two.strokes
    return _Half(
        strokes, mesh, way, matched, landing, strokes.half_width, strokes.color, _vanishing(mesh, matched)
    )
