"""Judges what a method made of a clip, drawing by drawing, and sums it up."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from keycel_backend.evaluate.color import Rgb, distance, to_lab
from keycel_backend.evaluate.footage import Footage, tasks
from keycel_backend.evaluate.methods import Colored, Method
from keycel_backend.evaluate.palette import off_palette
from keycel_backend.evaluate.region_tally import Verdict, judge
from keycel_backend.evaluate.regions import TrueRegions
from keycel_backend.evaluate.truth import with_lines

_CLOSE = 3.0


@dataclass(frozen=True)
class Judged:
    """One coloured drawing beside the truth."""

    colored: Colored
    regions: TrueRegions
    verdict: Verdict
    seen: Rgb
    """The coloured drawing with its lines."""
    seconds: float


@dataclass(frozen=True)
class Figures:
    """Of one clip in one setting."""

    clip: str
    kinds: tuple[str, ...]
    """Of drawing."""
    setting: str
    area: float
    """Share of the area of foreground regions with the right colour, 0..1."""
    count: float
    """The same by number."""
    close: float
    """Share of pixels within dE76 3 of the truth, lines included."""
    off_palette: float
    """Foreign colours per drawing; see `off_palette`."""
    seconds: float
    """Processor seconds per drawing."""


Watch = Callable[[Footage, str, Judged], None]
"""Hears of every judged drawing: clip, setting, drawing."""


def judge_clip(footage: Footage, setting: str, method: Method, watches: Sequence[Watch] = ()) -> Figures:
    """Colours a clip in one of `ALL_SETTINGS` and judges it."""
    right, total = np.zeros(2), np.zeros(2)
    close: list[float] = []
    foreign: list[float] = []
    seconds = 0.0
    for judged in _judged(footage, setting, method):
        areas = np.stack([judged.regions.areas, np.ones_like(judged.regions.areas)], axis=1)
        right += areas[judged.verdict.foreground & judged.verdict.right].sum(axis=0)
        total += areas[judged.verdict.foreground].sum(axis=0)
        frame = footage.frames[judged.colored.time]
        close.append(float(np.mean(distance(to_lab(frame.color), to_lab(judged.seen)) < _CLOSE)))
        if len(footage.palette):
            foreign.append(off_palette(judged.seen, frame.near_ink, footage.palette)[0])
        seconds += judged.seconds
        for watch in watches:
            watch(footage, setting, judged)
    area, count = (float(value) for value in right / np.maximum(total, 1))
    mean_foreign = float(np.mean(foreign)) if foreign else 0.0
    return Figures(
        footage.name,
        footage.kinds,
        setting,
        area,
        count,
        float(np.mean(close)),
        mean_foreign,
        seconds / len(close),
    )


def _judged(footage: Footage, setting: str, method: Method) -> Iterator[Judged]:
    for task in tasks(footage.times, setting):
        begun = clock.process_time()
        for colored in method(footage, task):
            seconds = clock.process_time() - begun
            regions = footage.regions[colored.time]
            seen = with_lines(colored.flats, footage.lines[colored.time])
            predicted = regions.predicted_colors(seen)
            verdict = judge(regions, predicted, footage.tolerance, footage.background)
            yield Judged(colored, regions, verdict, seen, seconds)
            begun = clock.process_time()
