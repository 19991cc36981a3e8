"""Everything below the head but the arms: tail, legs, jacket, scarf and satchel."""

from __future__ import annotations

import numpy as np

from keycel_backend.demo.cel import Cel, Part
from keycel_backend.demo.curves import (
    ControlPoint,
    Points,
    Tube,
    closed_curve,
    ellipse,
    open_curve,
    rotated,
)
from keycel_backend.demo.palette import Paint
from keycel_backend.demo.placement import Placement

_TAIL_SEGMENT = 50.0
_TAIL_DIRECTIONS = (-0.05, -0.3, -0.8, -1.25, -1.5)
_SCARF_SEGMENT = 44.0


def draw_ground_shadow(cel: Cel, placement: Placement) -> None:
    """Cast shadow on the floor: smaller the higher the leap."""
    size = 1 - 0.35 * placement.pose.leap / 60
    outline = placement.ground(ellipse((18, 4), (150 * size, 17 * size)))
    cel.floor_shadow(outline)


def draw_tail(cel: Cel, placement: Placement) -> None:
    points = [np.array([24.0, -122.0])]
    for direction, bend in zip(_TAIL_DIRECTIONS, placement.pose.tail, strict=True):
        angle = direction + bend
        points.append(points[-1] + _TAIL_SEGMENT * np.array([np.cos(angle), np.sin(angle)]))
    tube = Tube.along(placement.body(np.array(points)), (14, 26, 44, 58, 60, 44, 3))
    tail = cel.part(tube.outline(), Paint.FUR, ink=4.0)
    zigzag, end = _toothed_end(tube)
    cel.part(np.concatenate([zigzag, end]), Paint.CREAM, ink=0, within=tail)
    cel.stroke(zigzag, 2.8, within=tail, taper=False)
    _, right = tube.sides()
    shaded = slice(0, round(0.7 * len(tube.spine)))
    inner = (tube.spine + (right - tube.spine) * 0.3)[shaded]
    cel.shadow(np.concatenate([inner, (right * 1.5 - tube.spine * 0.5)[shaded][::-1]]), tail)


def _toothed_end(tube: Tube) -> tuple[Points, Points]:
    """The zigzag of fur at which the tail's tip begins, and the rest of the tip's outline."""
    start, teeth = 0.66, 4
    left, right = Tube(tube.spine, tube.half_widths + 6).sides()
    first = round(start * (len(tube.spine) - 1))
    ahead = _unit(tube.at(start + 0.05) - tube.at(start - 0.05))
    share = np.linspace(0, 1, 2 * teeth + 1)
    push = np.where(np.arange(len(share)) % 2 == 0, -9.0, 13.0)
    zigzag = left[first] + (right[first] - left[first]) * share[:, None] + ahead * push[:, None]
    beyond = tube.at(1.0) + 24 * _unit(tube.at(1.0) - tube.at(0.95))
    return zigzag, np.concatenate([right[first:], beyond[None], left[first:][::-1]])


def _unit(vector: Points) -> Points:
    return vector / max(float(np.linalg.norm(vector)), 1e-6)


def draw_legs(cel: Cel, placement: Placement) -> None:
    lift = min(1.0, placement.pose.leap / 40)
    for side in (1, -1):
        knee = (side * (36 + 5 * lift), -66 + 4 * lift)
        ankle = (side * (38 - 2 * lift) + 4 * lift, -34 + 10 * lift)
        leg = Tube.along(placement.legs(np.array([(side * 32.0, -116.0), knee, ankle])), (27, 23, 19))
        cel.part(leg.outline(), Paint.SOCK, ink=3.6)
        _draw_boot(cel, placement, ankle, side, lift)


def _draw_boot(cel: Cel, placement: Placement, ankle: tuple[float, float], side: int, lift: float) -> None:
    toe = 9 * side
    controls: list[ControlPoint] = [
        (-24, -14, "corner"),
        (24, -14, "corner"),
        (25, 6),
        (38 + toe, 22),
        (34 + toe, 34, "corner"),
        (-30 + toe * 0.7, 34, "corner"),
        (-33 + toe * 0.7, 20),
        (-25, 4),
    ]

    def place(points: Points) -> Points:
        return placement.legs(rotated(points, 0.3 * lift * side) + np.array(ankle))

    boot = cel.part(place(closed_curve(controls)), Paint.LEATHER, ink=3.8)
    shade = closed_curve([(10, -20), (14, 10), (20, 34, "corner"), (70, 40, "corner"), (60, -20, "corner")])
    cel.shadow(place(shade), boot)
    sole = np.array([(-60.0, 25.0), (70.0, 25.0), (70.0, 50.0), (-60.0, 50.0)])
    cel.part(place(sole), Paint.SOLE, ink=2.6, within=boot)
    cuff: list[ControlPoint] = [
        (-27, -22, "corner"),
        (0, -19),
        (27, -22, "corner"),
        (28, -8, "corner"),
        (0, -4),
        (-28, -8, "corner"),
    ]
    cel.part(place(closed_curve(cuff)), Paint.TRIM, ink=3.2)


def draw_torso(cel: Cel, placement: Placement) -> Part:
    sway = 10 * placement.pose.lantern
    controls: list[ControlPoint] = [
        (-44, -284, "corner"),
        (44, -284, "corner"),
        (66, -240),
        (72, -170),
        (88 + sway, -98, "corner"),
        (0 + sway, -86),
        (-88 + sway, -98, "corner"),
        (-72, -170),
        (-66, -240),
    ]
    jacket = cel.part(placement.body(closed_curve(controls)), Paint.JACKET, ink=4.0)
    hem = open_curve([(-110 + sway, -124), (0 + sway, -109), (110 + sway, -124)])
    band = np.concatenate([hem, np.array([(120.0, -70.0), (-120.0, -70.0)])])
    cel.part(placement.body(band), Paint.TRIM, ink=2.8, within=jacket)
    cel.stroke(placement.body(open_curve([(2, -280), (4, -200), (3 + sway, -112)])), 2.8, within=jacket)
    for height in (-222, -184, -146):
        cel.part(placement.body(ellipse((14 + sway * 0.4, height), (7.5, 7.5))), Paint.STRIPE, ink=2.4)
    pocket: list[ControlPoint] = [
        (-58 + sway * 0.7, -164, "corner"),
        (-20 + sway * 0.7, -158, "corner"),
        (-20 + sway * 0.7, -130),
        (-40 + sway * 0.7, -126),
        (-60 + sway * 0.7, -136),
    ]
    cel.part(placement.body(closed_curve(pocket)), Paint.TRIM, ink=2.6, within=jacket)
    border = open_curve([(46, -290), (40, -220), (50, -160), (44 + sway, -80)])
    shade = np.concatenate([border, np.array([(140.0, -70.0), (140.0, -290.0)])])
    cel.shadow(placement.body(shade), jacket)
    return jacket


def draw_satchel(cel: Cel, placement: Placement, jacket: Part) -> None:
    strap = Tube.along(placement.body(np.array([(-52.0, -290.0), (0.0, -214.0), (72.0, -140.0)])), (8, 8))
    cel.part(strap.outline(), Paint.LEATHER, ink=2.8, within=jacket)
    swing = 0.25 * placement.pose.lantern

    def place(points: Points) -> Points:
        return placement.body(rotated(points, swing) + np.array([76.0, -140.0]))

    bag: list[ControlPoint] = [
        (-24, -6, "corner"),
        (26, -6, "corner"),
        (31, 26),
        (25, 46),
        (-23, 46),
        (-29, 26),
    ]
    body = cel.part(place(closed_curve(bag)), Paint.LEATHER, ink=3.6)
    cel.shadow(place(np.array([(12.0, -20.0), (8.0, 60.0), (60.0, 60.0), (60.0, -20.0)])), body)
    flap = [(-40, -20), (40, -20), (36, 14), (2, 26), (-34, 14)]
    cel.part(place(np.array(flap, float)), Paint.LEATHER_SHADOW, ink=2.8, within=body)
    cel.part(place(ellipse((2, 22), (6, 6))), Paint.STRIPE, ink=2.2)


def draw_scarf_ends(cel: Cel, placement: Placement) -> None:
    """Two ribbons streaming behind the neck."""
    for start, rise, length in (((-20.0, -282.0), 0.32, 5), ((-24.0, -294.0), -0.06, 4)):
        points = [np.array(start)]
        for bend in placement.pose.scarf[:length]:
            angle = np.pi - rise - 0.9 * bend + 0.25
            points.append(points[-1] + _SCARF_SEGMENT * np.array([np.cos(angle), np.sin(angle)]))
        tube = Tube.along(placement.body(np.array(points)), (15, 19, 23, 26, 27))
        left, right = tube.sides()
        ribbon = cel.part(np.concatenate([left, right[::-1]]), Paint.SCARF, ink=3.6)
        for band in (0.6, 0.8):
            cel.part(tube.part(band, band + 0.1), Paint.STRIPE, ink=2.6, within=ribbon)
        shade = np.concatenate([tube.spine + (left - tube.spine) * 0.3, (left * 2 - tube.spine)[::-1]])
        cel.shadow(shade, ribbon)


def draw_scarf(cel: Cel, placement: Placement) -> None:
    """The wrap around the neck, over the jacket and under the chin."""
    controls: list[ControlPoint] = [
        (-72, -298),
        (-40, -312),
        (40, -312),
        (72, -298),
        (70, -268),
        (34, -252),
        (-34, -250),
        (-72, -268),
    ]
    wrap = cel.part(placement.body(closed_curve(controls)), Paint.SCARF, ink=3.8)
    for line in (
        [(-70, -282), (-30, -270), (20, -272), (50, -284)],
        [(-20, -252), (10, -262), (48, -266), (70, -280)],
    ):
        cel.stroke(placement.body(open_curve([(x, y) for x, y in line])), 2.8, within=wrap)
    top = open_curve([(-90, -276), (-40, -286), (40, -286), (90, -272)])
    shade = np.concatenate([top, np.array([(90.0, -330.0), (-90.0, -330.0)])])
    cel.shadow(placement.body(shade), wrap)
