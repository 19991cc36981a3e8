"""Poses of a figure over time, and the skeleton they put in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from keycel_backend.training.shots.geometry import Matrix, Points, rotation
from keycel_backend.training.shots.motion import Curve, random_curve


class Pose(NamedTuple):
    """Angles in radians; swings forward positive. Sides: the figure's own x positive first."""

    lean: float
    bend: float
    twist: float
    head_yaw: float
    head_pitch: float
    head_roll: float
    swing_1: float
    spread_1: float
    elbow_1: float
    swing_2: float
    spread_2: float
    elbow_2: float
    thigh_1: float
    straddle_1: float
    knee_1: float
    thigh_2: float
    straddle_2: float
    knee_2: float
    mouth: float
    smile: float
    lids: float
    gaze: float


_LIMITS: dict[str, tuple[float, float]] = {
    "lean": (-0.2, 0.25),
    "bend": (-0.2, 0.2),
    "twist": (-0.4, 0.4),
    "head_yaw": (-0.8, 0.8),
    "head_pitch": (-0.35, 0.35),
    "head_roll": (-0.3, 0.3),
    "swing_1": (-0.9, 1.9),
    "spread_1": (0.05, 1.7),
    "elbow_1": (0.0, 1.9),
    "swing_2": (-0.9, 1.9),
    "spread_2": (0.05, 1.7),
    "elbow_2": (0.0, 1.9),
    "thigh_1": (-0.4, 0.9),
    "straddle_1": (0.0, 0.35),
    "knee_1": (0.0, 1.2),
    "thigh_2": (-0.4, 0.9),
    "straddle_2": (0.0, 0.35),
    "knee_2": (0.0, 1.2),
    "mouth": (-0.6, 1.0),
    "smile": (-1.0, 1.0),
    "lids": (-0.4, 1.6),
    "gaze": (-1.0, 1.0),
}
"""Between which values key poses lie."""


@dataclass(frozen=True, slots=True)
class Performance:
    """How a figure acts: poses, where it is and where it faces."""

    poses: Curve
    place: Curve
    """x, y of the hips, world."""
    facing: Curve
    """Yaw of the whole figure."""
    stride: float
    """Steps' size, 0: does not walk."""
    step_seconds: float
    phase: float

    def pose(self, time: float) -> Pose:
        values = Pose(*(float(value) for value in self.poses.at(time)))
        if self.stride == 0.0:
            return values
        turn = np.sin(2.0 * np.pi * time / self.step_seconds + self.phase)
        lift = np.cos(2.0 * np.pi * time / self.step_seconds + self.phase)
        return values._replace(
            thigh_1=self.stride * turn,
            thigh_2=-self.stride * turn,
            knee_1=self.stride * (0.3 + 1.1 * max(0.0, lift)),
            knee_2=self.stride * (0.3 + 1.1 * max(0.0, -lift)),
            straddle_1=0.05,
            straddle_2=0.05,
            swing_1=-0.8 * self.stride * turn,
            swing_2=0.8 * self.stride * turn,
            spread_1=0.15 + 0.2 * values.spread_1,
            spread_2=0.15 + 0.2 * values.spread_2,
        )


def random_performance(
    rng: np.random.Generator, seconds: float, home: tuple[float, float], energy: float
) -> Performance:
    """`home`: where the hips are about; `energy` 0..1 scales how much happens in a second."""
    pace = float(rng.uniform(0.25, 0.9))
    reach = float(np.clip(0.03 + energy * rng.uniform(0.4, 1.3), 0.0, 1.0))
    limits = np.array([_LIMITS[name] for name in Pose._fields])
    poses = random_curve(rng, seconds, limits[:, 0], limits[:, 1], pace, reach)
    walks = bool(rng.random() < 0.3)
    direction = float(rng.choice([-1.0, 1.0]))
    speed = energy * rng.uniform(0.1, 1.3) * direction if walks else 0.0
    travel = speed * seconds
    wander = energy * np.array([0.12, 0.1])
    places = random_curve(rng, seconds, np.array(home) - wander, np.array(home) + wander, pace)
    drift = np.stack(
        [travel * (places.times / max(seconds, 1e-6) - 0.5), np.zeros_like(places.times)], axis=1
    )
    places = Curve(places.times, places.values + drift)
    facing = _facing(rng, seconds, direction if walks else 0.0, energy)
    return Performance(
        poses,
        places,
        facing,
        float(rng.uniform(0.3, 0.9)) if walks else 0.0,
        float(rng.uniform(0.5, 1.2)),
        float(rng.uniform(0.0, 6.0)),
    )


def _facing(rng: np.random.Generator, seconds: float, direction: float, energy: float) -> Curve:
    start = direction * rng.uniform(0.5, 1.4) if direction else rng.normal(0.0, 0.6)
    kind = str(rng.choice(["still", "turn", "spin"], p=[0.45, 0.43, 0.12]))
    by = {"still": 0.15, "turn": 1.6, "spin": 2.0 * np.pi}[kind] * rng.uniform(-1.0, 1.0)
    by *= min(1.0, 4.0 * energy)
    times = np.array([0.0, rng.uniform(0.05, 0.5), rng.uniform(0.55, 1.0), 1.05]) * seconds
    return Curve(times, np.array([[start], [start], [start + by], [start + by]]))


@dataclass(frozen=True, slots=True)
class Proportions:
    """In heights of the figure."""

    head: float
    leg: float
    torso: float
    shoulder: float
    hip: float
    arm: float
    thickness: float


def random_proportions(rng: np.random.Generator) -> Proportions:
    """From adults of seven heads to figures of two."""
    head = float(rng.choice([rng.uniform(0.14, 0.2), rng.uniform(0.2, 0.32), rng.uniform(0.32, 0.5)]))
    body = 1.0 - 0.95 * head
    leg = body * float(rng.uniform(0.45, 0.6))
    return Proportions(
        head=head,
        leg=leg,
        torso=body - leg,
        shoulder=float(body * rng.uniform(0.13, 0.22)),
        hip=float(body * rng.uniform(0.08, 0.14)),
        arm=float(body * rng.uniform(0.4, 0.55)),
        thickness=float(body * rng.uniform(0.045, 0.085) * (1.0 + head)),
    )


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Joints in the world, (n, 3) chains from the body outward, and the frames of rigid parts."""

    hips: Points
    chest: Points
    neck: Points
    head: Points
    body: Matrix
    """Frame of pelvis."""
    upper: Matrix
    """Frame of chest."""
    skull: Matrix
    arms: tuple[Points, Points]
    legs: tuple[Points, Points]
    size: float
    """Height of the figure."""
    size_of_head: float


def skeleton(
    pose: Pose, shape: Proportions, place: tuple[float, float], depth: float, yaw: float, size: float
) -> Skeleton:
    """`size`: height of the figure, world; `depth`: z of the hips."""
    body = rotation(yaw=yaw) @ rotation(roll=0.3 * pose.lean, pitch=-0.5 * pose.bend)
    upper = body @ rotation(yaw=pose.twist, pitch=-pose.bend, roll=pose.lean)
    hips = np.array([place[0], place[1], depth])
    chest = hips + size * shape.torso * upper @ np.array([0.0, -0.85, 0.0])
    neck = hips + size * shape.torso * upper @ np.array([0.0, -1.0, 0.0])
    skull = upper @ rotation(yaw=pose.head_yaw, pitch=pose.head_pitch, roll=pose.head_roll - 0.6 * pose.lean)
    head = neck + size * shape.head * skull @ np.array([0.0, -0.42, 0.04])
    arms: list[Points] = []
    legs: list[Points] = []
    for side, swing, spread, elbow, thigh, straddle, knee in (
        (1.0, pose.swing_1, pose.spread_1, pose.elbow_1, pose.thigh_1, pose.straddle_1, pose.knee_1),
        (-1.0, pose.swing_2, pose.spread_2, pose.elbow_2, pose.thigh_2, pose.straddle_2, pose.knee_2),
    ):
        shoulder = chest + size * upper @ np.array([side * shape.shoulder, 0.0, 0.0])
        half = 0.5 * size * shape.arm
        arms.append(_limb(shoulder, upper, side * -spread, swing, swing + elbow, half))
        socket = hips + size * body @ np.array([side * shape.hip * 0.6, 0.0, 0.0])
        half = 0.5 * size * shape.leg
        legs.append(_limb(socket, body, side * -straddle, thigh, thigh - knee, half))
    return Skeleton(
        hips,
        chest,
        neck,
        head,
        body,
        upper,
        skull,
        (arms[0], arms[1]),
        (legs[0], legs[1]),
        size,
        size * shape.head,
    )


def _limb(root: Points, frame: Matrix, spread: float, swing: float, bent: float, half: float) -> Points:
    """Root, middle joint and end of a limb of two equal halves; angles are 0 hanging down."""
    down = np.array([0.0, half, 0.0])
    middle = root + frame @ rotation(pitch=swing, roll=spread) @ down
    return np.stack([root, middle, middle + frame @ rotation(pitch=bent, roll=spread) @ down])
