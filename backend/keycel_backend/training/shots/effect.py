"""Effects: puffs, sparks, drops that come and go."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from keycel_backend.training.shots.geometry import Points, closed_spline
from keycel_backend.training.shots.palette import random_colors
from keycel_backend.training.shots.parts import Decal, Flat, Part
from keycel_backend.training.shots.surfaces import Surfaces


@dataclass(slots=True)
class _Particle:
    start: float
    life: float
    origin: Points
    speed: Points
    size: float
    surfaces: list[int]
    corners: Points
    spin: float


@dataclass(slots=True)
class Effect:
    """Puffs, sparks, drops or leaves that appear, fly, grow and vanish."""

    depth: float
    particles: list[_Particle] = field(default_factory=list)
    fall: float = 0.0

    @staticmethod
    def random(
        rng: np.random.Generator, surfaces: Surfaces, seconds: float, energy: float, depth: float
    ) -> Effect:
        effect = Effect(depth, fall=float(rng.uniform(-0.3, 0.9)))
        colors = random_colors(rng, 2)
        kind = str(rng.choice(["puff", "spark", "drop"]))
        origin = rng.uniform(-0.4, 0.4, 2)
        for _ in range(int(rng.integers(3, 16))):
            corners = int({"puff": 7, "spark": 8, "drop": 5}[kind])
            angle = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
            reach = rng.uniform(0.75, 1.0, corners)
            if kind == "spark":
                reach[::2] *= 0.35
            numbers = [surfaces.add(color) for color in colors[: int(rng.integers(1, 3))]]
            effect.particles.append(
                _Particle(
                    float(rng.uniform(-0.5, seconds)),
                    float(rng.uniform(0.3, 1.5)),
                    origin + rng.normal(0.0, 0.15, 2),
                    rng.normal(0.0, 0.2 + 0.5 * energy, 2),
                    float(rng.uniform(0.02, 0.1)),
                    numbers,
                    np.stack([np.cos(angle) * reach, np.sin(angle) * reach], axis=1),
                    float(rng.uniform(-4.0, 4.0)),
                )
            )
        return effect

    def parts(self, time: float) -> list[Part]:
        found: list[Part] = []
        for index, particle in enumerate(self.particles):
            age = time - particle.start
            if not 0.0 <= age <= particle.life:
                continue
            at = particle.origin + particle.speed * age + np.array([0.0, 0.5 * self.fall * age * age])
            size = particle.size * np.sin(np.pi * min(1.0, (age / particle.life) * 0.9 + 0.1)) ** 0.5
            cos, sin = np.cos(particle.spin * age), np.sin(particle.spin * age)
            outline = closed_spline(particle.corners * size, 4) @ np.array([[cos, sin], [-sin, cos]]) + at
            depth = np.full((len(outline), 1), self.depth + 0.004 * index)
            world = np.concatenate([outline, depth], axis=1)
            part = Flat(world, particle.surfaces[0])
            if len(particle.surfaces) > 1:
                middle = world.mean(axis=0)
                part.decals.append(Decal(middle + 0.5 * (world - middle), particle.surfaces[1]))
            found.append(part)
        return found
