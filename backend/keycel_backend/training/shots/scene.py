"""Casts a shot: who and what is in it, where, and how the camera moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keycel_backend.training.shots.actor import Actor
from keycel_backend.training.shots.animal import Animal
from keycel_backend.training.shots.blossom import Blossom
from keycel_backend.training.shots.camera import View
from keycel_backend.training.shots.effect import Effect
from keycel_backend.training.shots.figure import Figure
from keycel_backend.training.shots.motion import Curve, random_curve
from keycel_backend.training.shots.parts import Part
from keycel_backend.training.shots.pose import random_performance
from keycel_backend.training.shots.props import CutOut, SolidProp, Tiles
from keycel_backend.training.shots.smear import Smear, random_smear, transform
from keycel_backend.training.shots.surfaces import Surfaces


@dataclass(frozen=True, slots=True)
class _Entrance:
    """When an actor is on the stage, and from how far away it slides in."""

    actor: Actor
    start: float
    end: float
    slide: Curve
    smear: Smear | None

    def parts(self, time: float) -> list[Part]:
        if not self.start <= time <= self.end:
            return []
        parts = self.actor.parts(time)
        offset = np.array([*self.slide.at(time), 0.0])
        if offset.any():
            for part in parts:
                _move(part, offset)
        if self.smear is not None:
            self.smear.apply(parts, time)
        return parts


@dataclass(frozen=True, slots=True)
class Scene:
    entrances: tuple[_Entrance, ...]
    camera: Curve
    """x, y of the middle, zoom, roll."""
    distance: float

    def parts(self, time: float) -> list[Part]:
        return [part for entrance in self.entrances for part in entrance.parts(time)]

    def view(self, time: float, width: int, height: int) -> View:
        x, y, zoom, roll = (float(value) for value in self.camera.at(time))
        return View(width, height, (x, y), zoom, roll, self.distance)


def random_scene(rng: np.random.Generator, surfaces: Surfaces, seconds: float, aspect: float) -> Scene:
    """`aspect`: width over height."""
    energy = _energy(rng)
    kind = str(rng.choice(["one", "few", "animal", "things", "blossom"], p=[0.48, 0.24, 0.11, 0.09, 0.08]))
    actors: list[Actor] = []
    if kind in ("one", "few"):
        count = 1 if kind == "one" else int(rng.integers(2, 4))
        places = np.linspace(-0.5, 0.5, count + 2)[1:-1] * aspect
        close = rng.random() < 0.22
        size = float(rng.uniform(1.2, 2.6) if close else rng.uniform(0.55, 1.0))
        for index in range(count):
            hips = (0.3 * size if close else 0.05) + float(rng.normal(0.0, 0.04))
            home = (float(places[index] + rng.normal(0.0, 0.05)), hips)
            acting = random_performance(rng, seconds, home, energy)
            tall = size * float(rng.uniform(0.85, 1.1))
            actors.append(Figure(rng, surfaces, acting, tall, float(rng.uniform(-0.2, 0.2))))
    else:
        first = {"animal": Animal, "blossom": Blossom, "things": CutOut}[kind]
        actors.append(first(rng, surfaces, seconds, energy, 0.0))
    for _ in range(int(rng.poisson(1.0) if kind != "things" else rng.integers(3, 9))):
        made = (SolidProp, CutOut, Blossom, Tiles, Animal)[
            int(rng.choice(5, p=[0.42, 0.33, 0.08, 0.12, 0.05]))
        ]
        actors.append(made(rng, surfaces, seconds, energy, float(rng.uniform(-0.5, 0.5))))
    if rng.random() < 0.2:
        actors.append(Effect.random(rng, surfaces, seconds, energy, 0.6))
    entrances = tuple(_entrance(rng, actor, seconds, index, aspect) for index, actor in enumerate(actors))
    return Scene(entrances, _camera(rng, seconds), float(rng.choice([3.0, 6.0, 20.0])))


def _energy(rng: np.random.Generator) -> float:
    """How much happens in a second: nearly nothing, the usual, or more than usual."""
    kind = rng.random()
    if kind < 0.13:
        return 0.02
    return float(rng.beta(1.2, 1.8)) if kind < 0.85 else float(rng.uniform(0.8, 1.7))


def _entrance(rng: np.random.Generator, actor: Actor, seconds: float, index: int, aspect: float) -> _Entrance:
    smear = random_smear(rng, seconds) if rng.random() < 0.12 else None
    still = Curve(np.array([0.0]), np.zeros((1, 2)))
    chance = rng.random()
    if chance < (0.95 if index == 0 else 0.6):
        return _Entrance(actor, 0.0, seconds, still, smear)
    if chance < 0.75 and index > 0:
        start, end = sorted(rng.uniform(0.0, seconds, 2))
        early = rng.random() < 0.5
        return _Entrance(
            actor, 0.0 if early else float(start), float(end) if early else seconds, still, smear
        )
    away = np.array([float(rng.choice([-1.0, 1.0])) * (0.5 + 0.5 * aspect), float(rng.normal(0.0, 0.2))])
    if rng.random() < 0.25:
        away = np.array([0.0, float(rng.choice([-1.2, 1.2]))])
    keys = np.stack([away, np.zeros(2)] if rng.random() < 0.6 else [np.zeros(2), away])
    times = np.sort(rng.uniform(0.0, seconds, 2)) + np.array([0.0, 0.2])
    return _Entrance(actor, 0.0, seconds, Curve(times, keys), smear)


def _camera(rng: np.random.Generator, seconds: float) -> Curve:
    kind = str(rng.choice(["still", "pan", "zoom", "free"], p=[0.6, 0.15, 0.15, 0.1]))
    if kind == "still":
        return Curve(np.array([0.0]), np.array([[0.0, 0.0, float(rng.uniform(0.85, 1.15)), 0.0]]))
    low, high = np.array([-0.25, -0.12, 0.9, -0.02]), np.array([0.25, 0.12, 1.1, 0.02])
    if kind == "zoom":
        low, high = np.array([-0.05, -0.05, 0.7, 0.0]), np.array([0.05, 0.05, 1.6, 0.0])
    if kind == "free":
        low, high = np.array([-0.3, -0.2, 0.75, -0.15]), np.array([0.3, 0.2, 1.4, 0.15])
    return random_curve(rng, seconds, low, high, max(0.5, 0.5 * seconds))


def _move(part: Part, offset: np.ndarray) -> None:
    """Shift everything of a part by `offset` (3,) in the world."""

    transform(part, lambda points: points + offset)
