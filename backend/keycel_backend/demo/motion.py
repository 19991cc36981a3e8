"""What the fox does and when: exposure, pose curves, and the parts that follow late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, exp, pi, sin

FPS = 24
EXPOSURES = (3, 2, 2, 1, 1, 1, 1, 2, 1, 1, 2, 1, 2, 2, 1, 2, 1, 2, 2, 1, 2, 2, 3, 4)
"""Frames for which each of the 24 drawings is held: on ones, twos and threes."""

TIMES = tuple(sum(EXPOSURES[:index]) for index in range(len(EXPOSURES)))
END = sum(EXPOSURES)

Keys = Sequence[tuple[float, float]]

_LEAP: Keys = ((0, 0), (7, 0), (12, 60), (16, 0), (50, 0))
_STRETCH: Keys = ((0, 1), (3, 1), (7, 0.9), (10, 1.07), (13, 1.0), (17, 0.92), (21, 1.02), (25, 1), (50, 1))
_LEAN: Keys = ((0, -0.02), (7, -0.07), (12, 0.04), (20, 0.06), (32, 0.03), (42, -0.02), (50, -0.03))
_YAW: Keys = ((0, -0.46), (5, -0.4), (14, 0.1), (19, 0.3), (34, 0.36), (43, 0.1), (50, 0.05))
_NOD: Keys = ((0, 0.04), (7, 0.14), (11, -0.1), (18, 0.05), (26, -0.04), (36, -0.03), (46, 0.03), (50, 0.02))
_TILT: Keys = ((0, -0.08), (8, -0.02), (15, 0.03), (24, 0.12), (33, 0.05), (42, 0.1), (50, 0.06))
_RAISE: Keys = ((0, 0.0), (6, -0.1), (13, 1.0), (18, 1.05), (36, 1.0), (43, 0.62), (50, 0.6))
_SHUT: Keys = ((0, 0), (5, 0), (7, 1), (9, 0), (27, 0), (29, 1), (30, 1), (32, 0))
_SPEAK: Keys = ((0, 0.0), (9, 0.1), (13, 1.0), (22, 0.9), (30, 1.0), (38, 0.5), (44, 0.75), (50, 0.7))
_WAVE_START, _WAVE_END = 14.0, 37.0
_WAVE_PERIOD = 9.5


@dataclass(frozen=True)
class Pose:
    """Everything that the drawing needs; angles in radians, lengths in pixels."""

    leap: float
    """Height of the feet above the ground."""
    stretch: float
    """Vertical scale of the body; the width makes up for it."""
    lean: float
    yaw: float
    """Head turn: positive to the right of the picture."""
    nod: float
    """Positive looks down."""
    tilt: float
    arm: float
    """Waving arm: 0 hangs down, 1 is raised."""
    wave: float
    """Fore-arm swing, -1..1."""
    shut: float
    """Eyes: 0 open, 1 closed."""
    speak: float
    """Mouth: 0 closed, 1 wide open."""
    lantern: float
    tail: tuple[float, ...]
    """Bend of the tail at five stations from root to tip."""
    scarf: tuple[float, ...]
    """The same for the scarf's loose ends."""
    ears: float


def pose_at(time: float) -> Pose:
    """The pose at a time in frames. Tail, scarf, ears and lantern follow the body with a delay."""
    return Pose(
        leap=max(0.0, _eased(_LEAP, time)),
        stretch=_eased(_STRETCH, time),
        lean=_eased(_LEAN, time),
        yaw=_eased(_YAW, time),
        nod=_eased(_NOD, time),
        tilt=_eased(_TILT, time),
        arm=_eased(_RAISE, time),
        wave=_wave(time),
        shut=min(1.0, max(0.0, _eased(_SHUT, time))),
        speak=min(1.0, max(0.0, _eased(_SPEAK, time))),
        lantern=0.9 * _sway(time, 2.5) + 0.1 * sin(time / 5),
        tail=tuple(_trail(time - 1.6 * station, 0.22 + 0.1 * station) for station in range(5)),
        scarf=tuple(_trail(time - 1.3 * station - 1, 0.3 + 0.16 * station) for station in range(5)),
        ears=0.7 * _rise(time - 1.5),
    )


def _wave(time: float) -> float:
    fade = min(1.0, max(0.0, (time - _WAVE_START) / 3)) * min(1.0, max(0.0, (_WAVE_END - time) / 4))
    return fade * sin(2 * pi * (time - _WAVE_START) / _WAVE_PERIOD)


def _trail(time: float, reach: float) -> float:
    """Bend of a trailing part: dragged by the leap, then swinging on with the wave."""
    return reach * (1.3 * _rise(time) + 0.55 * sin(time / 4.2) + 0.25 * _sway(time, 0))


def _rise(time: float) -> float:
    """Vertical speed of the leap, about -1..1; positive while rising."""
    return (_eased(_LEAP, time + 0.5) - _eased(_LEAP, time - 0.5)) / 16


def _sway(time: float, delay: float) -> float:
    """Swing that the landing leaves behind, dying away."""
    since = time - 16 - delay
    before = 0.35 * (_eased(_LEAN, time - delay) - _eased(_LEAN, time - delay - 2)) * 8
    return before if since < 0 else before + 0.5 * exp(-since / 14) * cos(since / 2.6)


def _eased(keys: Keys, time: float) -> float:
    """Between keys with a smooth start and stop at each of them."""
    if time <= keys[0][0]:
        return keys[0][1]
    for (start, first), (end, second) in pairwise(keys):
        if time <= end:
            share = (time - start) / (end - start)
            return first + (second - first) * share * share * (3 - 2 * share)
    return keys[-1][1]
