"""Where the strokes of one key have gone in another.

Nodes look for the nearest line of the other key that runs the same way between the same regions, and the
mesh follows as stiffly as the stage allows: non-rigid registration by closest points across lines (Amberg et
al. 2007, "Optimal step nonrigid ICP algorithms for surface registration"), with an as-rigid-as-possible mesh
(Sykora et al. 2009, "As-rigid-as-possible image registration for hand-drawn cartoon animations"). It begins
at several guesses of the motion and keeps what explains most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from keycel_backend.inbetweening.bending import Pull, bend, turns
from keycel_backend.inbetweening.key import Key
from keycel_backend.inbetweening.mesh import Mesh, Places
from keycel_backend.regions.arrays import Floats, Integers
from keycel_backend.regions.matching import Match, Matcher
from keycel_backend.regions.motion import dense_motion

Checkpoint = Callable[[], None]

_CANDIDATES = 24
_STAGES = ((0.10, 8.0), (0.07, 4.0), (0.05, 2.0), (0.03, 1.0), (0.02, 0.5), (0.012, 0.5), (0.008, 0.5))
"""How far nodes look, as a share of the figure's diagonal, and how stiff the mesh is."""
_ROUNDS = 3
_TAKE_STIFFNESS = (3.0, 0.3, 1.0)
"""Of further takes, times the usual."""
_UNKNOWN = 0.03
"""Belief that two regions are the same one where the matcher says they are not."""
_TURN_COST = 4.0
"""Of a line that runs across, in squared distances as far as nodes look."""
_SLIDE = 0.02
"""Strength of the pull along a line: nodes may slide on it."""
_LEAST_GROWTH, _MOST_GROWTH, _ROUNDS_OF_GUESS = 0.7, 1.4, 6
_AGREEING = 0.06
"""How much the motions of regions that move together differ, as a share of the figure's diagonal."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A mesh brought to another key."""

    places: Places
    """(m,) of its nodes."""
    strength: Floats
    """(e,) of its links: less where neighbours part."""
    misfit: float
    """How badly it explains the other key, 0..1."""


def region_beliefs(one: Key, two: Key, matcher: Matcher) -> Floats:
    """(n, m) how likely regions of two keys are the same, asked from both sides."""
    forth = _dense(matcher(one.regions, two.regions), two.regions.count)
    back = _dense(matcher(two.regions, one.regions), one.regions.count)
    return 0.5 * (forth + back.T)


def _dense(found: Match, count: int) -> Floats:
    belief = np.zeros((len(found.source), count))
    rows = np.arange(len(found.source))[:, None]
    np.add.at(belief, (rows, found.source), found.belief[:, :-1])
    return np.minimum(belief, 1.0)


def fit(mesh: Mesh, one: Key, two: Key, belief: Floats, checkpoint: Checkpoint, take: int = 0) -> Fit:
    """`mesh` of the key `one`, brought to `two`. Both have ink.

    `take`: 0 for what explains most; others go by turns through the guesses, and softer or stiffer.
    """
    lines = _Lines(two)
    guesses = list(_guesses(mesh, one, two, belief))
    if take:
        guess = guesses[take % len(guesses)]
        return _settled(
            mesh, one, belief, lines, guess, _TAKE_STIFFNESS[take // len(guesses) % 3], checkpoint
        )
    tried = [_settled(mesh, one, belief, lines, guess, 1.0, checkpoint) for guess in guesses]
    return min(tried, key=lambda fit: fit.misfit)


class _Lines:
    """The lines of a key, to be found by place."""

    def __init__(self, key: Key) -> None:
        self.tree = KDTree(key.strokes.places)
        self.places = key.strokes.places[:, 0] + 1j * key.strokes.places[:, 1]
        self.direction = key.direction[:, 0] + 1j * key.direction[:, 1]
        self.left, self.right = key.left, key.right
        self.count = key.strokes.count


def _settled(
    mesh: Mesh,
    one: Key,
    belief: Floats,
    lines: _Lines,
    guess: Places,
    stiffer: float,
    checkpoint: Checkpoint,
) -> Fit:
    places, strength = guess, mesh.strength
    for reach, stiffness in _STAGES:
        sigma = max(reach * one.figure, 1.5)
        for _ in range(_ROUNDS):
            checkpoint()
            pull, _cost = _closest(mesh, one, belief, lines, places, strength, sigma)
            places = bend(mesh, places, pull, stiffer * stiffness, strength)
            strength = _parted(mesh, places, strength, sigma)
    _pull, cost = _closest(mesh, one, belief, lines, places, strength, max(0.02 * one.figure, 3.0))
    return Fit(places, strength, float(np.mean(np.minimum(cost / 6.0, 1.0))))


def _closest(
    mesh: Mesh, one: Key, belief: Floats, lines: _Lines, places: Places, strength: Floats, sigma: float
) -> tuple[Pull, Floats]:
    """The best line for every node, and what it costs in place, direction and regions."""
    turn = turns(mesh, places, strength)
    heading = one.direction[mesh.point, 0] + 1j * one.direction[mesh.point, 1]
    heading = heading * turn / np.abs(turn)
    flat = np.stack([places.real, places.imag], axis=1)
    count = min(_CANDIDATES, lines.count)
    _away, near = lines.tree.query(flat, k=count)
    near = near.reshape(len(places), count)
    same = (np.conj(lines.direction[near]) * heading[:, None]).real
    away = np.abs(lines.places[near] - places[:, None]) / sigma
    alike = _alike(one, mesh.point, lines, near, same, belief)
    cost = away**2 + _TURN_COST * (1.0 - same**2) - np.log(alike + _UNKNOWN)
    best = cost.argmin(axis=1)
    rows = np.arange(len(places))
    chosen, least = near[rows, best], cost[rows, best]
    trust = np.exp(-0.5 * np.maximum(least, 0.0))
    pull = Pull(lines.places[chosen], lines.direction[chosen] * 1j, trust, _SLIDE)
    return pull, least


def _alike(one: Key, point: Integers, lines: _Lines, near: Integers, same: Floats, belief: Floats) -> Floats:
    """(m, k) belief that the regions on both sides are the same."""
    left, right = one.left[point][:, None], one.right[point][:, None]
    straight = belief[left, lines.left[near]] * belief[right, lines.right[near]]
    crossed = belief[left, lines.right[near]] * belief[right, lines.left[near]]
    return np.sqrt(np.where(same >= 0, straight, crossed))


def _parted(mesh: Mesh, places: Places, strength: Floats, sigma: float) -> Floats:
    """Links that are stretched much hold less: what they link belongs to parts that move apart."""
    turn = turns(mesh, places, strength)
    one, two = mesh.links[:, 0], mesh.links[:, 1]
    step = 0.5 * (turn[one] + turn[two]) * (mesh.rest[two] - mesh.rest[one])
    off = np.abs(places[two] - places[one] - step)
    limit = np.maximum(0.5 * np.abs(step), 0.25 * sigma) + 1.0
    return mesh.strength / (1.0 + (off / limit) ** 2)


def _guesses(mesh: Mesh, one: Key, two: Key, belief: Floats) -> Iterator[Places]:
    """Where nodes may have gone: with their regions, with the motion most regions share, and with the
    picture's motion.
    """
    steps = _region_steps(one, two, belief)
    yield _with_regions(mesh, one, steps)
    yield mesh.rest + _shared_step(one, steps)
    scale = one.regions.scale
    flow = dense_motion(one.regions.lines, two.regions.lines)
    column = np.clip(np.rint(mesh.rest.real * scale), 0, flow.shape[1] - 1).astype(np.int64)
    row = np.clip(np.rint(mesh.rest.imag * scale), 0, flow.shape[0] - 1).astype(np.int64)
    step = flow[row, column].astype(np.float64) / scale
    yield mesh.rest + step[:, 0] + 1j * step[:, 1]


@dataclass(frozen=True, slots=True)
class _Steps:
    """What regions are likely to have done, one of each per region of the first key; pixels of the canvas."""

    sure: Floats
    """Belief in the likeliest partner, 0..1; 0 for background."""
    middle: Places
    landing: Places
    growth: Floats


def _region_steps(one: Key, two: Key, belief: Floats) -> _Steps:
    source, target = one.regions, two.regions
    best = belief.argmax(axis=1)
    return _Steps(
        np.where(one.background, 0.0, belief[np.arange(source.count), best]),
        (source.centroid[:, 0] + 1j * source.centroid[:, 1]) / source.scale,
        (target.centroid[best, 0] + 1j * target.centroid[best, 1]) / target.scale,
        np.clip(np.sqrt(target.area[best] / source.area), _LEAST_GROWTH, _MOST_GROWTH),
    )


def _shared_step(one: Key, steps: _Steps) -> complex:
    """The motion that most regions agree on: the mode, for one wrong partner far away spoils the mean.

    Finds a figure that has gone far while another one has come in where it was.
    """
    weight = steps.sure**2 * np.sqrt(one.regions.area)
    step = steps.landing - steps.middle
    spread = max(_AGREEING * one.figure, 1.0)
    alike = np.exp(-0.5 * (np.abs(step[:, None] - step[None, :]) / spread) ** 2)
    agreeing = weight * alike[(alike @ weight).argmax()]
    return complex((agreeing * step).sum() / max(float(agreeing.sum()), 1e-9))


def _with_regions(mesh: Mesh, one: Key, steps: _Steps) -> Places:
    """Nodes go where the middles of the regions beside them go, the others along with their neighbours."""
    weight = steps.sure**2 / np.sqrt(one.regions.area)
    goal = np.zeros(len(mesh.rest), np.complex128)
    total = np.full(len(mesh.rest), 1e-9)
    for side in (one.left[mesh.point], one.right[mesh.point]):
        away = steps.growth[side] * (mesh.rest - steps.middle[side])
        goal += weight[side] * (steps.landing[side] + away)
        total += weight[side]
    goal = np.where(total > 1e-8, goal / total, mesh.rest)
    trust = total / max(float(total.max()), 1e-9)
    pull = Pull(goal, np.ones(len(goal), np.complex128), trust, 1.0)
    shift = np.average(goal - mesh.rest, weights=total)
    places = mesh.rest + shift
    for _ in range(_ROUNDS_OF_GUESS):
        places = bend(mesh, places, pull, 1.0, mesh.strength)
    return places
