"""Flowers and ornaments of many alike shapes."""

from __future__ import annotations

import numpy as np

from keycel_backend.training.shots.actor import random_placement
from keycel_backend.training.shots.geometry import Points, closed_spline, rotation
from keycel_backend.training.shots.motion import random_curve
from keycel_backend.training.shots.palette import random_color, random_colors
from keycel_backend.training.shots.parts import Decal, Flat, Part
from keycel_backend.training.shots.surfaces import Surfaces


class Blossom:
    """Rings of many alike petals that open, turn and shrink together."""

    def __init__(
        self, rng: np.random.Generator, surfaces: Surfaces, seconds: float, energy: float, depth: float
    ) -> None:
        self._places = random_placement(rng, seconds, 0.3 * energy)
        self._spin = random_curve(rng, seconds, np.array([-1.0]), np.array([1.0]), 1.5, energy)
        self._open = random_curve(rng, seconds, np.array([0.6]), np.array([1.25]), 1.0, energy)
        self._depth = depth
        self._size = float(rng.uniform(0.15, 0.4))
        colors = random_colors(rng, int(rng.integers(2, 5)))
        self._rings: list[list[tuple[int, int, float]]] = []
        filled = float(rng.uniform(0.0, 0.4)) if rng.random() < 0.5 else 0.0
        self._inset = (float(rng.choice([0.12, 0.5, 0.95])), float(rng.uniform(0.3, 0.65)))
        inset_share = float(rng.uniform(0.0, 0.9))
        for ring in range(int(rng.integers(2, 6))):
            petals: list[tuple[int, int, float]] = []
            for _ in range(int(rng.integers(5, 15))):
                outer = surfaces.add(
                    colors[int(rng.integers(len(colors)))], solid=bool(rng.random() < 0.25 * filled)
                )
                tip = 0
                if rng.random() < inset_share:
                    color = colors[int(rng.integers(len(colors)))]
                    tip = surfaces.add(color, solid=bool(rng.random() < 2.0 * filled))
                petals.append((outer, tip, float(rng.uniform(0.85, 1.15))))
            self._rings.append(petals)
            if ring == 0 and rng.random() < 0.2:
                break
        self._heart = surfaces.add(random_color(rng))
        self._wide = float(rng.uniform(0.7, 1.3))

    def parts(self, time: float) -> list[Part]:
        x, y, size, yaw, pitch, _ = (float(value) for value in self._places.at(time))
        turn = rotation(0.6 * yaw, pitch)
        spin, spread = float(self._spin.at(time)[0]), float(self._open.at(time)[0])
        found: list[Part] = []
        count = len(self._rings)
        for ring, petals in enumerate(self._rings):
            reach = self._size * size * spread * (1.0 - ring / (count + 0.7))
            for index, (outer, tip, long) in enumerate(petals):
                angle = spin + 2.0 * np.pi * (index + 0.5 * ring) / len(petals)
                outline = _petal(reach * long, self._wide * reach * np.pi / len(petals), angle)
                height = 0.01 * (ring + 0.4 * index / len(petals))
                found.append(self._placed(outline, outer, turn, x, y, height, tip))
        disc = np.linspace(0.0, 2.0 * np.pi, 20, endpoint=False)
        heart = 0.12 * self._size * size * np.stack([np.cos(disc), np.sin(disc)], axis=1)
        found.append(self._placed(heart, self._heart, turn, x, y, 0.01 * count, 0))
        return found

    def _placed(
        self, outline: Points, surface: int, turn: Points, x: float, y: float, height: float, tip: int
    ) -> Flat:
        def world(points: Points) -> Points:
            local = np.concatenate([points, np.zeros((len(points), 1))], axis=1) @ turn.T
            local[:, 2] = height
            return local + np.array([x, y, self._depth])

        part = Flat(world(outline), surface)
        if tip:
            place, scale = self._inset
            root, far, middle = outline[0], outline[len(outline) // 2], outline.mean(axis=0)
            at = root + place * (far - root)
            part.decals.append(Decal(world(at + scale * (outline - middle)), tip))
        return part


def _petal(length: float, width: float, angle: float) -> Points:
    corners = np.array([[0.0, 0.0], [0.45, 0.8], [0.85, 0.75], [1.0, 0.0], [0.85, -0.75], [0.45, -0.8]])
    corners = np.roll(closed_spline(corners * (length, width), 4), 0, axis=0)
    cos, sin = np.cos(angle), np.sin(angle)
    return corners @ np.array([[cos, sin], [-sin, cos]])
