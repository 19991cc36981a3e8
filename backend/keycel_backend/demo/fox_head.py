"""The fox's head: features lie on an ellipsoid and are projected, so that the head truly turns.

Face outlines are given in degrees: x is longitude (positive right), y latitude (positive down).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, sin

import numpy as np

from keycel_backend.demo.cel import HIGHLIGHT_TRACE, Cel, Part
from keycel_backend.demo.curves import ControlPoint, Points, closed_curve, ellipse, open_curve
from keycel_backend.demo.motion import Pose
from keycel_backend.demo.palette import Paint
from keycel_backend.demo.placement import Placement

_RADII = np.array([140.0, 112.0])
_EYE_AT = np.array([29.0, 4.0])
_EYE_SIZE = (11.0, 18.0)
_CLOSED_BEYOND = 0.75


def draw_head(cel: Cel, placement: Placement) -> None:
    """Ears, skull, face mask, eyes and muzzle, back to front."""
    pose = placement.pose
    for side in (-1, 1):
        _draw_ear(cel, placement, side)
    head = cel.part(placement.head(_skull(pose)), Paint.FUR, ink=4.0)
    _draw_tuft(cel, placement, head)
    _draw_mask(cel, placement, head)
    cel.shadow(placement.head(_shade(pose)), head)
    for side in (-1, 1):
        _draw_blush(cel, placement, head, side)
        _draw_eye(cel, placement, head, side)
    _draw_muzzle(cel, placement)


def _skull(pose: Pose) -> Points:
    """Outline with two tufts of fur on each cheek; the far cheek shrinks as the head turns."""
    right, left = 1 - 0.2 * pose.yaw, 1 + 0.2 * pose.yaw
    low = 10 * pose.nod
    half: list[ControlPoint] = [
        (72, -102),
        (120, -60),
        (139, -4),
        (172, 34 + low, "corner"),
        (146, 46 + low),
        (152, 74 + low, "corner"),
        (112, 84 + low),
        (58, 104 + low),
    ]
    chin = 22 * pose.yaw
    right_half = [_scaled(point, right) for point in half]
    left_half = [_scaled(point, -left) for point in reversed(half)]
    return closed_curve([(0, -112), *right_half, (chin, 112 + low), *left_half])


def _scaled(point: ControlPoint, factor: float) -> ControlPoint:
    if len(point) == 3:
        return point[0] * factor, point[1], point[2]
    return point[0] * factor, point[1]


def _draw_ear(cel: Cel, placement: Placement, side: int) -> None:
    """A tall pointed ear with a dark tip; it narrows as it turns to the side of the head."""
    pose = placement.pose
    longitude = np.radians(40 * side) + pose.yaw
    base = np.array([102 * sin(longitude), -62 - 30 * cos(longitude)])
    width = 50 * (0.72 + 0.28 * cos(longitude - 0.2 * side))
    droop = side * (14 + 26 * pose.ears) + 22 * pose.yaw
    tip = (droop, -128 + 16 * abs(pose.ears))

    def shape(inset: float) -> Points:
        wide, high = width - inset, tip[1] + 2.2 * inset
        controls: list[ControlPoint] = [
            (-wide * 0.8, 62, "corner"),
            (-wide * 0.95 + tip[0] * 0.2, high * 0.36),
            (tip[0], high, "corner"),
            (wide * 0.95 + tip[0] * 0.2, high * 0.36),
            (wide * 0.8, 62, "corner"),
        ]
        return placement.head(closed_curve(controls) + base)

    ear = cel.part(shape(0), Paint.FUR, ink=3.8)
    jag = _jagged(tip[0] - 60, tip[0] + 60, tip[1] * 0.52, 9, 5)
    cap = np.concatenate([jag, [[tip[0] + 80, tip[1] - 20], [tip[0] - 80, tip[1] - 20]]])
    cel.part(placement.head(cap + base), Paint.SOCK, ink=2.8, within=ear)
    cel.part(shape(17), Paint.CREAM, ink=2.8, within=ear)


def _jagged(start: float, end: float, level: float, height: float, teeth: int) -> Points:
    """A zigzag from left to right, as fur ends on fur of another colour."""
    x = np.linspace(start, end, 2 * teeth + 1)
    y = level + height * np.where(np.arange(len(x)) % 2 == 0, 1.0, -1.0)
    return np.stack([x, y], axis=1)


def _draw_tuft(cel: Cel, placement: Placement, head: Part) -> None:
    pose = placement.pose
    sway = -26 * pose.ears - 18 * pose.yaw
    at = 34 * pose.yaw
    controls: list[ControlPoint] = [
        (at - 46, -92, "corner"),
        (at - 48 + 0.4 * sway, -122),
        (at - 30 + sway, -140, "corner"),
        (at - 16 + 0.3 * sway, -124),
        (at + 8 + sway, -160, "corner"),
        (at + 20 + 0.3 * sway, -126),
        (at + 44 + 0.8 * sway, -138, "corner"),
        (at + 44 + 0.2 * sway, -114),
        (at + 46, -92, "corner"),
    ]
    cel.part(placement.head(closed_curve(controls)), Paint.FUR, ink=3.6, joined_to=head)
    for x, reach in ((-14, 0.5), (12, 0.7)):
        strand = open_curve([(at + x, -88), (at + x + 3, -104), (at + x + reach * sway + 2, -122)])
        cel.stroke(placement.head(strand), 2.6)


def _draw_mask(cel: Cel, placement: Placement, head: Part) -> None:
    """The pale lower face."""
    border: list[ControlPoint] = [
        (0, 7),
        (11, 2),
        (24, 13),
        (42, 23),
        (62, 14),
        (100, 6),
    ]
    upper = [_scaled(point, -1) for point in reversed(border[1:])] + border
    face = _on_face(placement.pose, open_curve(upper))
    # On to the tufts of the cheeks, which stand out from the round of the face.
    right, left = face[-1] + np.array([60.0, -6.0]), face[0] - np.array([60.0, 6.0])
    below = np.array([right, [220.0, 160.0], [-220.0, 160.0], left])
    cel.part(placement.head(np.concatenate([face, below])), Paint.CREAM, ink=2.8, within=head)


def _shade(pose: Pose) -> Points:
    """Form shadow on the side away from the light, down the right cheek and under the chin."""
    turn = 20 * pose.yaw
    border = open_curve(
        [
            (118 + turn, -100),
            (108 + turn, -40),
            (112 + turn, 20),
            (88 + turn, 66),
            (20 + turn, 92),
            (-70, 96),
            (-210, 40),
        ]
    )
    return np.concatenate([border, np.array([[-190.0, 150.0], [220.0, 150.0], [220.0, -120.0]])])


def _draw_blush(cel: Cel, placement: Placement, head: Part, side: int) -> None:
    outline = _on_face(placement.pose, _degrees_ellipse((50 * side, 26), (9, 6)))
    cel.part(placement.head(outline), Paint.BLUSH, ink=2.0, within=head, pen=HIGHLIGHT_TRACE)


def _draw_eye(cel: Cel, placement: Placement, head: Part, side: int) -> None:
    pose = placement.pose
    center = _EYE_AT * (side, 1)
    if pose.shut > _CLOSED_BEYOND:
        lid = open_curve([(center[0] - 12, 8), (center[0], 13), (center[0] + 12, 8)])
        cel.stroke(placement.head(_on_face(pose, lid)), 6.0)
    else:
        _draw_open_eye(cel, placement, center, 1 - 0.75 * pose.shut)
    brow = open_curve([(center[0] - 10, -25 + side * 2), (center[0], -31), (center[0] + 10, -25 - side * 2)])
    cel.stroke(placement.head(_on_face(pose, brow)), 5.0, within=head)


def _draw_open_eye(cel: Cel, placement: Placement, center: Points, opened: float) -> None:
    pose = placement.pose
    wide, high = _EYE_SIZE
    gaze = np.array([2.4 * pose.yaw / 0.4, 1.5 * pose.nod / 0.1])
    outline = _on_face(pose, _degrees_ellipse(center, (wide, high * opened)))
    eye = cel.part(placement.head(outline), Paint.EYE, ink=3.2)
    for paint, size in ((Paint.IRIS, 0.78), (Paint.PUPIL, 0.44)):
        disc = _on_face(pose, _degrees_ellipse(center + gaze + (0, 1), (wide * size, high * size * 0.94)))
        cel.part(placement.head(disc), paint, ink=2.0, within=eye)
    glint = _on_face(pose, _degrees_ellipse(center + gaze + (-3.4, -6.5), (2.9, 4.2)))
    cel.part(placement.head(glint), Paint.EYE, ink=1.6, within=eye)
    lid = _on_face(pose, _degrees_ellipse(center, (wide + 0.8, high * opened + 0.6)))
    upper = lid[25:48]
    cel.stroke(placement.head(upper), 7.0)


def _draw_muzzle(cel: Cel, placement: Placement) -> None:
    pose = placement.pose

    def ahead(controls: Sequence[ControlPoint], reach: float = 1.16) -> Points:
        return placement.head(_on_face(pose, open_curve(controls), reach))

    opened = 4 + 15 * pose.speak
    if pose.speak > 0.15:
        jaw: list[ControlPoint] = [
            (-15, 36, "corner"),
            (-8, 39),
            (0, 37),
            (8, 39),
            (15, 36, "corner"),
            (11, 37 + opened * 0.8),
            (0, 38 + opened * 1.25),
            (-11, 37 + opened * 0.8),
        ]
        mouth = cel.part(placement.head(_on_face(pose, closed_curve(jaw), 1.12)), Paint.MOUTH, ink=3.0)
        tongue = _degrees_ellipse((0, 42 + opened * 1.25), (10, 3 + opened * 0.55))
        cel.part(placement.head(_on_face(pose, tongue, 1.12)), Paint.TONGUE, ink=2.2, within=mouth)
    cel.stroke(ahead([(-17, 33), (-14, 37), (-7, 39), (0, 36)], 1.12), 3.6)
    cel.stroke(ahead([(0, 36), (7, 39), (14, 37), (17, 33)], 1.12), 3.6)
    cel.stroke(ahead([(0, 27), (0.5, 32), (0, 36)], 1.14), 3.0, taper=False)
    nose: list[ControlPoint] = [(-9, 17), (0, 15), (9, 17), (8, 23), (0, 29), (-8, 23)]
    cel.part(placement.head(_on_face(pose, closed_curve(nose), 1.18)), Paint.PUPIL, ink=2.4)
    shine = _degrees_ellipse((-3, 18.5), (2.6, 1.5))
    cel.part(placement.head(_on_face(pose, shine, 1.18)), Paint.EYE, ink=1.2)


def _degrees_ellipse(center: Sequence[float] | Points, radii: tuple[float, float]) -> Points:
    return ellipse((float(center[0]), float(center[1])), radii)


def _on_face(pose: Pose, degrees: Points, reach: float = 1.0) -> Points:
    """Longitude and latitude to head coordinates; `reach` beyond 1 stands out from the face."""
    longitude = np.clip(np.radians(degrees[:, 0]) + pose.yaw, -np.pi / 2, np.pi / 2)
    latitude = np.clip(np.radians(degrees[:, 1]) + pose.nod, -np.pi / 2, np.pi / 2)
    # A flattened sphere: latitude hardly narrows the face, as in drawn characters.
    across = np.sin(longitude) * (0.35 + 0.65 * np.cos(latitude))
    return np.stack([across, np.sin(latitude)], axis=1) * _RADII * reach
