"""Small shots drawn by code: a figure of closed shapes that can move, turn and scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from keycel_backend.engines.base import Drawing, FrameResult, Keyframe, Request, Shot
from keycel_backend.engines.flat.engine import FlatEngine
from keycel_backend.regions.arrays import Pixels

Rgb = tuple[int, int, int]

HEAD: Rgb = (250, 210, 180)
BODY: Rgb = (60, 90, 160)
BUTTON: Rgb = (200, 30, 40)
SHOE: Rgb = (90, 60, 30)
FIGURE_COLORS = (HEAD, BODY, BUTTON, SHOE)


@dataclass(frozen=True)
class Shape:
    """A closed outline; later shapes lie over earlier ones."""

    outline: NDArray[np.float64]
    """(n, 2) as x, y."""
    color: Rgb


def ellipse(x: float, y: float, a: float, b: float) -> NDArray[np.float64]:
    turn = np.linspace(0.0, 2.0 * np.pi, 60, endpoint=False)
    return np.stack([x + a * np.cos(turn), y + b * np.sin(turn)], axis=1)


def box(left: float, top: float, right: float, bottom: float) -> NDArray[np.float64]:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def figure(turned: float = 0.0, moved: tuple[float, float] = (0.0, 0.0)) -> list[Shape]:
    """Head, body, two buttons and two shoes around (160, 120), turned (degrees), then moved."""
    shapes = [
        Shape(ellipse(135, 205, 20, 9), SHOE),
        Shape(ellipse(185, 205, 20, 9), SHOE),
        Shape(box(125, 105, 195, 200), BODY),
        Shape(ellipse(160, 70, 34, 38), HEAD),
        Shape(ellipse(160, 130, 7, 7), BUTTON),
        Shape(ellipse(160, 165, 7, 7), BUTTON),
    ]
    angle = np.deg2rad(turned)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.array([160.0, 120.0])
    return [Shape((shape.outline - centre) @ rotation.T + centre + moved, shape.color) for shape in shapes]


def draw(
    shapes: Sequence[Shape], width: int = 320, height: int = 240, thickness: int = 2, on_paper: bool = False
) -> tuple[Pixels, Pixels]:
    """Lines and flats of the shapes: lines on transparent or on white paper, flats on transparent."""
    flats = np.zeros((height, width, 4), np.uint8)
    strength = np.zeros((height, width), np.uint8)
    for shape in shapes:
        outline = [np.round(shape.outline * 8).astype(np.int32)]
        inside = np.zeros((height, width), np.uint8)
        cv2.fillPoly(inside, outline, 1, shift=3)
        flats[inside > 0] = (*shape.color, 255)
        strength[inside > 0] = 0
        cv2.polylines(strength, outline, True, 255, thickness, cv2.LINE_AA, 3)
    return as_lines(strength, on_paper), flats


def as_lines(strength: NDArray[np.uint8], on_paper: bool = False, ink: Rgb = (0, 0, 0)) -> Pixels:
    """RGBA drawing from the strength of its (black, or `ink`) line."""
    picture = np.zeros((*strength.shape, 4), np.uint8)
    if on_paper:
        share = strength[..., None].astype(np.float32) / 255.0
        picture[..., :3] = np.round(255.0 * (1.0 - share) + np.array(ink) * share)
        picture[..., 3] = 255
        return picture
    picture[..., :3] = ink
    picture[..., 3] = strength
    return picture


def shot_from(lines: Sequence[Pixels], painted: dict[int, Pixels]) -> Shot:
    """A shot with one drawing per picture, at frames 0, 1, ...; `painted`: keyframes by frame."""
    store = {f"line{index}": picture for index, picture in enumerate(lines)}
    store |= {f"color{time}": picture for time, picture in painted.items()}
    height, width = lines[0].shape[:2]
    return Shot(
        width,
        height,
        tuple(Drawing((index,), f"line{index}") for index in range(len(lines))),
        tuple(Keyframe(time, f"color{time}") for time in sorted(painted)),
        lambda digest: store[digest].copy(),
    )


def colored(request: Request) -> dict[int, FrameResult]:
    """Results of the flat engine by frame."""
    engine = FlatEngine()
    engine.load("cpu", "float32")
    return {result.time: result for result in engine.run(request, lambda _share, _doing: None, lambda: False)}


def all_targets(shot: Shot) -> tuple[int, ...]:
    return tuple(drawing.time for drawing in shot.drawings)


def agreement(flats: Pixels, truth: Pixels, line: Pixels) -> float:
    """Share of painted pixels off the line on which flats and truth agree exactly."""
    off_line = (line[..., 3] == 0) if line[..., 3].min() == 0 else (line[..., :3].min(axis=2) == 255)
    painted = off_line & (truth[..., 3] > 0)
    return float((flats[painted] == truth[painted]).all(axis=1).mean())
