"""As-rigid-as-possible motion of a mesh: towards given places, and on the way between two of them.

Local turns and least squares by turns (Sorkine and Alexa 2007, "As-rigid-as-possible surface modeling"), with
uniform growth allowed as cameras move in and out; the way between by interpolating every link's turn and
growth and solving for the places (Alexa et al. 2000, "As-rigid-as-possible shape interpolation").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csc_array, diags_array
from scipy.sparse.linalg import splu

from keycel_backend.inbetweening.mesh import Mesh, Places
from keycel_backend.regions.arrays import Floats, Integers

_ANCHOR = 1e-3
"""How strongly places are drawn to the straight way, compared with a link along a stroke: only
what hangs together with nothing follows it."""
_LEAST_GROWTH, _MOST_GROWTH = 0.5, 2.0


@dataclass(frozen=True, slots=True)
class Pull:
    """Where nodes are wanted."""

    goal: Places
    normal: Places
    """Unit vectors; across them the pull has its full strength."""
    strength: Floats
    slide: float
    """Strength along the line, as a share of that across it."""


def turns(mesh: Mesh, places: Places, strength: Floats) -> Places:
    """(m,) how each node's surroundings have turned and grown, evened out with its neighbours'."""
    one, two = mesh.links[:, 0], mesh.links[:, 1]
    before, now = mesh.rest[two] - mesh.rest[one], places[two] - places[one]
    count = len(mesh.rest)
    product, norm = strength * np.conj(before) * now, strength * np.abs(before) ** 2
    total = _summed(product, one, count) + _summed(product, two, count)
    weight = _counted(norm, one, count) + _counted(norm, two, count)
    for _ in range(2):
        spread = _summed(total[two], one, count) + _summed(total[one], two, count)
        heavy = _counted(weight[two], one, count) + _counted(weight[one], two, count)
        total, weight = total + 0.5 * spread, weight + 0.5 * heavy
    turn: Places = np.where(weight > 0, total / np.maximum(weight, 1e-9), 1.0 + 0j)
    size = np.maximum(np.abs(turn), 1e-9)
    return np.asarray(turn / size * np.clip(size, _LEAST_GROWTH, _MOST_GROWTH), np.complex128)


def bend(mesh: Mesh, places: Places, pull: Pull, stiffness: float, strength: Floats) -> Places:
    """One round: the places that suit `pull` and the turns of `places` best."""
    one, two = mesh.links[:, 0], mesh.links[:, 1]
    turn = turns(mesh, places, strength)
    step = 0.5 * (turn[one] + turn[two]) * (mesh.rest[two] - mesh.rest[one])
    weight = stiffness * strength
    count = len(mesh.rest)
    laplacian = _laplacian(mesh, weight, count)
    right = _summed(weight * step, two, count) - _summed(weight * step, one, count)
    normal = np.stack([pull.normal.real, pull.normal.imag], axis=1)
    across = normal[:, :, None] * normal[:, None, :]
    whole = pull.strength[:, None, None] * ((1.0 - pull.slide) * across + pull.slide * np.eye(2))
    goal = np.stack([pull.goal.real, pull.goal.imag], axis=1)
    data = _blocks(whole)
    system = data + _doubled(laplacian) + 1e-6 * diags_array(np.ones(2 * count))
    wanted = np.einsum("nij,nj->ni", whole, goal) + np.stack([right.real, right.imag], axis=1)
    now = np.stack([places.real, places.imag], axis=1)
    found = splu(csc_array(system)).solve((wanted + 1e-6 * now).ravel()).reshape(-1, 2)
    return found[:, 0] + 1j * found[:, 1]


class Way:
    """The motion of a mesh from rest to other places."""

    def __init__(self, mesh: Mesh, places: Places, strength: Floats) -> None:
        self._mesh, self._places, self._strength = mesh, places, strength
        one, two = mesh.links[:, 0], mesh.links[:, 1]
        self._before = mesh.rest[two] - mesh.rest[one]
        around = turns(mesh, places, strength)
        self._turn: Places = np.log(around)
        main = 0.5 * (self._turn[one].imag + self._turn[two].imag)
        ratio = (places[two] - places[one]) / np.where(np.abs(self._before) > 1e-9, self._before, 1.0)
        own = np.angle(ratio * np.exp(-1j * main))
        self._angle, self._growth = main + own, np.abs(ratio)
        count = len(mesh.rest)
        system = _laplacian(mesh, strength, count) + _ANCHOR * diags_array(np.ones(count))
        self._solver = splu(csc_array(system))

    def at(self, share: float) -> tuple[Places, Places]:
        """Places of the nodes at `share` 0..1 of the way, and their turns."""
        mesh, count = self._mesh, len(self._mesh.rest)
        growth = 1.0 - share + share * self._growth
        step = self._strength * growth * np.exp(1j * share * self._angle) * self._before
        straight = (1.0 - share) * mesh.rest + share * self._places
        right = _summed(step, mesh.links[:, 1], count) - _summed(step, mesh.links[:, 0], count)
        right = right + _ANCHOR * straight
        places = self._solver.solve(right.real) + 1j * self._solver.solve(right.imag)
        return places, np.exp(share * self._turn)


def _summed(values: Places, where: Integers, count: int) -> Places:
    return _counted(values.real, where, count) + 1j * _counted(values.imag, where, count)


def _counted(values: Floats, where: Integers, count: int) -> Floats:
    return np.asarray(np.bincount(where, weights=values, minlength=count), np.float64)


def _laplacian(mesh: Mesh, weight: Floats, count: int) -> coo_array:
    one, two = mesh.links[:, 0], mesh.links[:, 1]
    rows, columns = np.concatenate([one, two, one, two]), np.concatenate([two, one, one, two])
    return coo_array((np.concatenate([-weight, -weight, weight, weight]), (rows, columns)), (count, count))


def _doubled(matrix: coo_array) -> coo_array:
    """The same for x and y of every node."""
    row, column = np.asarray(matrix.row), np.asarray(matrix.col)
    rows = np.concatenate([2 * row, 2 * row + 1])
    columns = np.concatenate([2 * column, 2 * column + 1])
    size = 2 * matrix.shape[0]
    return coo_array((np.concatenate([matrix.data, matrix.data]), (rows, columns)), (size, size))


def _blocks(parts: Floats) -> coo_array:
    """Block diagonal of (n, 2, 2)."""
    count = len(parts)
    base = 2 * np.arange(count)[:, None, None]
    rows = base + np.array([[0, 0], [1, 1]])
    columns = base + np.array([[0, 1], [0, 1]])
    return coo_array((parts.ravel(), (rows.ravel(), columns.ravel())), (2 * count, 2 * count))
