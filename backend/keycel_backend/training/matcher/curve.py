"""The training curve as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from keycel_backend.training.matcher.learning import Progress

_SIZE = (900, 420)
_MARGIN = 60
_BLACK, _GREY = (20, 20, 20), (150, 150, 150)
_COLORS = {"training loss": (200, 120, 40), "held-out loss": (40, 90, 180)}
_RIGHT, _HAND = (30, 140, 60), (150, 150, 150)


def draw_curve(progress: Sequence[Progress], path: Path) -> None:
    """Losses on the left, share of right regions on the right; over updates. At least one report."""
    canvas = Image.new("RGB", _SIZE, "white")
    pen = ImageDraw.Draw(canvas)
    steps = [one.step for one in progress]
    losses = {
        "training loss": [one.loss for one in progress],
        "held-out loss": [one.held_out.loss for one in progress],
    }
    shares = [one.held_out.learned.color for one in progress]
    hand = [one.held_out.hand.color for one in progress]
    half = _SIZE[0] // 2
    top = max(max(values) for values in losses.values())
    _axes(pen, 0, "loss", steps[-1], 0.0, top)
    for number, (name, values) in enumerate(losses.items()):
        _line(pen, 0, steps, values, 0.0, top, _COLORS[name])
        pen.text((half - 150, 30 + 14 * number), name, fill=_COLORS[name])
    low = min(*shares, *hand) - 0.05
    _axes(pen, half, "colours right, held-out shots", steps[-1], low, 1.0)
    _line(pen, half, steps, shares, low, 1.0, _RIGHT)
    _line(pen, half, steps, hand, low, 1.0, _HAND)
    pen.text((_SIZE[0] - 150, 30), "learned", fill=_RIGHT)
    pen.text((_SIZE[0] - 150, 44), "hand-made", fill=_HAND)
    canvas.save(path)


def _axes(pen: ImageDraw.ImageDraw, left: int, title: str, steps: int, low: float, high: float) -> None:
    bottom, right = _SIZE[1] - _MARGIN, left + _SIZE[0] // 2 - 20
    pen.text((left + _MARGIN, 10), title, fill=_BLACK)
    pen.line([(left + _MARGIN, 30), (left + _MARGIN, bottom), (right, bottom)], fill=_BLACK)
    for part in range(6):
        y = bottom - (bottom - 30) * part / 5
        pen.line([(left + _MARGIN - 4, y), (left + _MARGIN, y)], fill=_GREY)
        pen.text((left + 12, y - 6), f"{low + (high - low) * part / 5:.2f}", fill=_BLACK)
    pen.text((right - 90, bottom + 10), f"{steps} updates", fill=_BLACK)


def _line(
    pen: ImageDraw.ImageDraw,
    left: int,
    steps: Sequence[int],
    values: Sequence[float],
    low: float,
    high: float,
    color: tuple[int, int, int],
) -> None:
    bottom, width = _SIZE[1] - _MARGIN, _SIZE[0] // 2 - 20 - _MARGIN
    points = [
        (
            left + _MARGIN + width * step / max(steps[-1], 1),
            bottom - (bottom - 30) * (value - low) / max(high - low, 1e-6),
        )
        for step, value in zip(steps, values, strict=True)
    ]
    pen.line(points, fill=color, width=2)
