"""A clip held in memory, ready to be coloured by any method in this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from keycel_backend.evaluate.clips import Clip
from keycel_backend.evaluate.regions import TrueRegions
from keycel_backend.evaluate.truth import TrueFrame, open_truth

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels

ALL_SETTINGS = ("first", "firstlast", "prev")
"""Painted are the first drawing, the first and the last, or the true predecessor of each drawing."""


@dataclass(frozen=True)
class Footage:
    """Drawings and true colours by time, all (height, width, 4) RGBA of one size."""

    name: str
    lines: Mapping[int, Pixels]
    colors: Mapping[int, Pixels]
    frames: Mapping[int, TrueFrame]
    regions: Mapping[int, TrueRegions]
    background: int | None
    """Packed colour that does not count as foreground."""
    tolerance: float
    """Largest dE76 that counts as the right colour."""
    palette: NDArray[np.uint8]
    """(n, 3); empty where unknown."""
    kinds: tuple[str, ...]
    """Ways of drawing; see `TruthSettings`."""

    @property
    def times(self) -> tuple[int, ...]:
        return tuple(self.lines)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        height, width = self.lines[self.times[0]].shape[:2]
        return width, height


@dataclass(frozen=True, slots=True)
class Task:
    """Drawings in order, and which of them are painted; the others are wanted."""

    drawings: tuple[int, ...]
    painted: tuple[int, ...]

    @property
    def wanted(self) -> tuple[int, ...]:
        return tuple(time for time in self.drawings if time not in self.painted)


def load_footage(clip: Clip, most: int | None = None) -> Footage:
    """Reads a clip, or `most` of its drawings, evenly spread. Raises what `open_truth` raises."""
    truth = open_truth(clip.folder / "color", clip.lines)
    kept = np.linspace(0, len(truth.times) - 1, min(most or len(truth.times), len(truth.times))).round()
    times = [truth.times[int(index)] for index in kept]
    frames = {time: truth.frame(time) for time in times}
    return Footage(
        clip.name,
        {time: truth.lines[time].load() for time in times},
        {time: truth.colors[time].load() for time in times},
        frames,
        {time: truth.regions(frame) for time, frame in frames.items()},
        truth.background(),
        truth.tolerance,
        np.array(truth.settings.palette, np.uint8).reshape(-1, 3),
        truth.settings.kinds,
    )


def tasks(times: tuple[int, ...], setting: str) -> list[Task]:
    """What one of `ALL_SETTINGS` asks for: one task, or with `prev` one for every pair of neighbours."""
    if setting == "prev":
        return [Task((times[at], times[at + 1]), (times[at],)) for at in range(len(times) - 1)]
    return [Task(times, (times[0], times[-1]) if setting == "firstlast" else times[:1])]
