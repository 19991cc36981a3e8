"""Nodes along strokes, linked to their neighbours: what bends when a drawing moves.

Nodes are places in the complex plane (x + iy), so that turning and growing is one multiplication.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from keycel_backend.inbetweening.key import Key
from keycel_backend.regions.arrays import Floats, Integers

Places = NDArray[np.complex128]
"""Points of the picture, x + iy in pixels."""

_MOST_NODES = 1400
_LEAST_SPACING = 4.0
_NEIGHBOURS = 8
_REACH = 0.08
"""How far links across empty paper go, as a share of the figure's diagonal."""
_ALONG, ACROSS, _FOREIGN = 1.0, 0.3, 0.03
"""Strength of links along a stroke, through a region that both nodes border on, and of others."""
_VAST = 0.6
"""A region this long, as a share of the picture, is background: it holds nothing together."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """Nodes of a key, and how its stroke points hang on them."""

    rest: Places
    """(m,) where the nodes are in the key."""
    point: Integers
    """(m,) the stroke point that each node is."""
    links: Integers
    """(e, 2) nodes."""
    strength: Floats
    """(e,)"""
    between: Integers
    """(n, 2) the nodes before and after each stroke point."""
    share: Floats
    """(n,) how far each point is from the one to the other, 0..1."""
    offset: Places
    """(n,) from there to the point."""

    def points(self, places: Places, turn: Places) -> Places:
        """(n,) the stroke points when nodes are at `places` and have turned and grown by `turn`."""
        one, two = self.between[:, 0], self.between[:, 1]
        ground = (1.0 - self.share) * places[one] + self.share * places[two]
        turned = (1.0 - self.share) * turn[one] + self.share * turn[two]
        return ground + turned * self.offset


def make_mesh(key: Key) -> Mesh:
    strokes = key.strokes
    places = strokes.places[:, 0] + 1j * strokes.places[:, 1]
    length = sum(len(chain) - 1 for chain in strokes.chains)
    spacing = max(_LEAST_SPACING, length / _MOST_NODES)
    number = np.full(strokes.count, -1, np.int64)
    between = np.zeros((strokes.count, 2), np.int64)
    share = np.zeros(strokes.count)
    chosen: list[int] = []
    links: list[Integers] = []

    def node_at(point: int) -> int:
        if number[point] < 0:
            number[point] = len(chosen)
            chosen.append(point)
        return int(number[point])

    for chain in strokes.chains:
        steps = max(1, round((len(chain) - 1) / spacing))
        if chain[0] == chain[-1]:
            steps = max(3, steps)
        stops = np.unique(np.rint(np.linspace(0, len(chain) - 1, steps + 1)).astype(np.int64))
        nodes = np.array([node_at(int(chain[stop])) for stop in stops], np.int64)
        if len(stops) == 1:
            between[chain] = nodes[0]
            continue
        links.append(np.stack([nodes[:-1], nodes[1:]], axis=1))
        at = np.arange(len(chain))
        part = np.clip(np.searchsorted(stops, at, side="right") - 1, 0, len(stops) - 2)
        between[chain] = np.stack([nodes[part], nodes[part + 1]], axis=1)
        share[chain] = (at - stops[part]) / (stops[part + 1] - stops[part])
    point = np.array(chosen, np.int64)
    rest = places[point]
    ground = (1.0 - share) * rest[between[:, 0]] + share * rest[between[:, 1]]
    along = np.concatenate([*links, np.zeros((0, 2), np.int64)])
    across, strength = _across(key, point, rest, along)
    return Mesh(
        rest,
        point,
        np.concatenate([along, across]),
        np.concatenate([np.full(len(along), _ALONG), strength]),
        between,
        share,
        places - ground,
    )


def _across(key: Key, point: Integers, rest: Places, along: Integers) -> tuple[Integers, Floats]:
    """Links between near nodes of different places, and their strength."""
    if len(point) < 2:
        return np.zeros((0, 2), np.int64), np.zeros(0)
    flat = np.stack([rest.real, rest.imag], axis=1)
    count = min(_NEIGHBOURS + 1, len(point))
    found = KDTree(flat).query(flat, k=count)
    away, near = np.asarray(found[0]), np.asarray(found[1])
    one = np.repeat(np.arange(len(point)), count - 1)
    two, distance = near[:, 1:].ravel(), away[:, 1:].ravel()
    kept = (distance < _REACH * key.figure) & (one != two)
    pairs = np.sort(np.stack([one, two], axis=1)[kept], axis=1)
    pairs = np.unique(pairs, axis=0)
    known = set(map(tuple, np.sort(along, axis=1).tolist()))
    pairs = pairs[[tuple(pair) not in known for pair in pairs.tolist()]].reshape(-1, 2)
    vast = key.regions.size > _VAST * max(key.regions.labels.shape)
    a, b = point[pairs[:, 0]], point[pairs[:, 1]]
    shared = np.zeros(len(pairs), np.bool_)
    for first in (key.left, key.right):
        for second in (key.left, key.right):
            shared |= (first[a] == second[b]) & ~vast[first[a]]
    return pairs, np.where(shared, ACROSS, _FOREIGN)
