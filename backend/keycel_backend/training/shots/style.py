"""How a shot is drawn: pen, paper, size, rate."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from keycel_backend.training.shots.palette import Rgb


class Border(Enum):
    """How the border of a shadow or highlight is drawn."""

    TRACED = "traced"
    """With a line of another colour."""
    INKED = "inked"
    """With the line of everything else."""
    UNDRAWN = "undrawn"


@dataclass(frozen=True, slots=True)
class LineStyle:
    """Lengths in pixels of a canvas 480 high; they grow with the canvas."""

    width: float
    strength: float
    """Of the darkest line, 0..1."""
    ink: Rgb
    trace: Rgb
    self_colored: bool
    """Every line in a dark tone of what it surrounds."""
    pressure: float
    """How much the width varies along a line, 0..1."""
    wobble: float
    """How far lines stray from the surface's true border."""
    grain: float
    """How much texture of paper shows in the line, 0..1."""
    fading: float
    """How much a line fades out in places, 0..1: a thin pen, or a drawing that was scaled down."""
    softness: float
    """Blur of the whole line."""
    doubled: float
    """Strength of a second, straying line, 0..1."""
    gaps: float
    """Gaps per 1000 pixels of line."""
    gap_width: float
    border: Border
    paper: Rgb | None
    """None: drawn on transparent."""
    smooth: bool
    """False: hard pixels without anti-aliasing."""


_INKS: tuple[Rgb, ...] = (
    (0, 0, 0),
    (0, 0, 0),
    (0, 0, 0),
    (25, 25, 30),
    (70, 70, 75),
    (108, 142, 160),
    (80, 50, 40),
)
_TRACES: tuple[Rgb, ...] = (
    (0, 0, 255),
    (230, 30, 30),
    (40, 160, 220),
    (0, 170, 60),
    (200, 40, 200),
    (255, 140, 0),
)


def random_style(rng: np.random.Generator) -> LineStyle:
    """From clean ink through thin scans and pencil to a rough brush."""
    kind = str(rng.choice(["ink", "thin", "pencil", "brush", "pixel"], p=[0.36, 0.26, 0.18, 0.12, 0.08]))
    rough = kind in ("pencil", "brush")
    width = {
        "ink": rng.uniform(1.4, 4.5),
        "thin": rng.uniform(0.4, 1.7),
        "pencil": rng.uniform(1.2, 4.0),
        "brush": rng.uniform(2.2, 6.0),
        "pixel": rng.uniform(1.0, 3.5),
    }[kind]
    ink = _INKS[int(rng.integers(len(_INKS)))]
    if rng.random() < 0.12:
        ink = (int(rng.integers(0, 130)), int(rng.integers(0, 130)), int(rng.integers(0, 130)))
    return LineStyle(
        width=float(width),
        strength=float(rng.uniform(0.35, 0.95) if kind in ("thin", "pencil") else rng.uniform(0.85, 1.0)),
        ink=ink,
        trace=_TRACES[int(rng.integers(len(_TRACES)))],
        self_colored=bool(rng.random() < 0.08),
        pressure=float(rng.uniform(0.3, 0.9) if rough else rng.uniform(0.0, 0.35)),
        wobble=float(rng.uniform(0.5, 2.5) if rough else rng.uniform(0.0, 0.7)),
        grain=float(rng.uniform(0.2, 0.75) if kind == "pencil" else rng.uniform(0.0, 0.15)),
        fading=float(rng.uniform(0.1, 0.75) if kind in ("thin", "pencil") and rng.random() < 0.7 else 0.0),
        softness=float(rng.uniform(0.2, 0.8) if kind != "pixel" and rng.random() < 0.35 else 0.0),
        doubled=float(rng.uniform(0.2, 0.8) if kind == "pencil" and rng.random() < 0.6 else 0.0),
        gaps=float(rng.uniform(0.5, 6.0) if rng.random() < (0.7 if rough else 0.4) else 0.0),
        gap_width=float(rng.uniform(1.5, 6.0)),
        border=Border(str(rng.choice(["traced", "inked", "undrawn"], p=[0.75, 0.17, 0.08]))),
        paper=None if rng.random() < 0.5 else _paper(rng),
        smooth=kind != "pixel",
    )


def _paper(rng: np.random.Generator) -> Rgb:
    if rng.random() < 0.75:
        return (255, 255, 255)
    level = int(rng.integers(225, 256))
    return level, int(level - rng.integers(0, 8)), int(level - rng.integers(0, 22))
