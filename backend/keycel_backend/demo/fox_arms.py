"""The fox's arms: one holds the lantern, the other waves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keycel_backend.demo.cel import Cel, Part
from keycel_backend.demo.curves import ControlPoint, Points, Tube, closed_curve, open_curve, rotated
from keycel_backend.demo.palette import Paint
from keycel_backend.demo.placement import Placement

Place = Callable[[Points], Points]

_LANTERN_ARM = ((-50.0, -256.0), (-98.0, -214.0), (-142.0, -222.0))
_SHOULDER = np.array([52.0, -250.0])
_UPPER_ARM, _FOREARM = 70.0, 74.0
_PAW: list[ControlPoint] = [
    (-6, -15),
    (8, -24),
    (16, -33),
    (25, -27),
    (24, -17),
    (38, -19),
    (44, -9),
    (36, -3),
    (46, 3),
    (44, 14),
    (33, 13),
    (35, 23),
    (24, 28),
    (10, 19),
    (-6, 15),
]


def draw_lantern_arm(cel: Cel, placement: Placement) -> None:
    """The fox's right arm, with the lantern hanging from its paw."""
    shoulder, elbow, wrist = (np.array(point) for point in _LANTERN_ARM)
    bob = 14 * placement.pose.lantern
    wrist = wrist + np.array([0.0, bob])
    _draw_lantern(cel, placement, wrist + np.array([-14.0, 10.0]))
    _draw_sleeve(cel, placement.body, shoulder, elbow, wrist)
    fist = closed_curve([(4, -16), (-14, -16), (-25, -6), (-24, 8), (-12, 17), (5, 15)])
    cel.part(placement.body(fist + wrist), Paint.SOCK, ink=3.4)
    for height in (-5, 4):
        finger = open_curve([(-25, height), (-18, height + 1), (-11, height + 1)])
        cel.stroke(placement.body(finger + wrist), 2.4)


def _draw_lantern(cel: Cel, placement: Placement, hook: Points) -> None:
    swing = 0.55 * placement.pose.lantern

    def place(points: Points) -> Points:
        return placement.body(rotated(points, swing) + hook)

    for start, end in ((-22, 34), (22, 34)):
        cel.stroke(place(open_curve([(0, -6), (start * 0.8, 8), (start, end)])), 4.2, taper=False)
    glass: list[ControlPoint] = [
        (-24, 44, "corner"),
        (24, 44, "corner"),
        (33, 72),
        (25, 104, "corner"),
        (-25, 104, "corner"),
        (-33, 72),
    ]
    body = cel.part(place(closed_curve(glass)), Paint.GLASS, ink=3.4)
    flame = closed_curve([(0, 54, "corner"), (12, 76), (8, 92), (-8, 92), (-12, 76)])
    cel.part(place(flame), Paint.FLAME, ink=2.2, within=body)
    for outline in (
        [(-13, 26, "corner"), (13, 26, "corner"), (32, 46, "corner"), (-32, 46, "corner")],
        [(-30, 101, "corner"), (30, 101, "corner"), (26, 117, "corner"), (-26, 117, "corner")],
    ):
        metal = cel.part(place(closed_curve(outline)), Paint.METAL, ink=3.2)
        cel.shadow(place(np.array([(8.0, 10.0), (10.0, 130.0), (60.0, 130.0), (60.0, 10.0)])), metal)


@dataclass(frozen=True)
class WavingArm:
    """The fox's left arm: its upper half goes under the scarf, the rest over the face."""

    cel: Cel
    placement: Placement

    @property
    def _fore_turn(self) -> float:
        pose = self.placement.pose
        return 0.85 - 1.72 * pose.arm + 0.4 * pose.wave

    @property
    def _elbow(self) -> Points:
        # Angles count from the x axis; positive is down.
        return _SHOULDER + _UPPER_ARM * _direction(1.2 - 1.25 * self.placement.pose.arm)

    def draw_upper(self) -> Part:
        tube = Tube.along(self.placement.body(_straight(_SHOULDER, self._elbow)), (27, 25))
        return self.cel.part(tube.outline(), Paint.JACKET, ink=3.8)

    def draw_fore(self, upper: Part) -> None:
        pose = self.placement.pose
        wrist = self._elbow + _FOREARM * _direction(self._fore_turn)
        tube = Tube.along(self.placement.body(_straight(self._elbow, wrist)), (25, 23, 26))
        _finish_sleeve(self.cel, tube, upper)
        turn = self._fore_turn + 0.3 * pose.wave

        def place(points: Points) -> Points:
            return self.placement.body(rotated(points, turn) + wrist)

        self.cel.part(place(closed_curve(_PAW)), Paint.SOCK, ink=3.4)
        if pose.arm > 0.5:
            pad = closed_curve([(6, -8), (16, -11), (22, 0), (16, 10), (6, 8)])
            self.cel.part(place(pad), Paint.BLUSH, ink=2.2)


def _draw_sleeve(cel: Cel, place: Place, shoulder: Points, elbow: Points, wrist: Points) -> None:
    tube = Tube.along(place(np.array([shoulder, elbow, wrist])), (27, 25, 23, 26))
    _finish_sleeve(cel, tube, None)


def _finish_sleeve(cel: Cel, tube: Tube, joined_to: Part | None) -> None:
    """Cloth, form shadow and cuff."""
    sleeve = cel.part(tube.outline(), Paint.JACKET, ink=3.8, joined_to=joined_to)
    _, right = tube.sides()
    inner = tube.spine + (right - tube.spine) * 0.3
    cel.shadow(np.concatenate([inner, (right * 2 - tube.spine)[::-1]]), sleeve)
    cuff = Tube(tube.spine, tube.half_widths + 3)
    cel.part(cuff.part(0.78, 1.0, margin=0), Paint.TRIM, ink=3.2)


def _straight(start: Points, end: Points) -> Points:
    return np.linspace(start, end, 4)


def _direction(turn: float) -> Points:
    return np.array([np.cos(turn), np.sin(turn)])
