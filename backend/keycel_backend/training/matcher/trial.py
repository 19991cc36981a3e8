"""Colours fixed procedural shots with the whole `flat` engine and counts the regions that came out right.

    python -m keycel_backend.training.matcher.trial --shots 50
    python -m keycel_backend.training.matcher.trial --shots 50 --networks DIR
    python -m keycel_backend.training.matcher.trial --shots 50 --hand-made

These shots are neither trained on nor used to stop a training; so the engine's own constants may be chosen
by them, which real clips are too few and too precious for.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keycel_backend.engines.base import Drawing, Keyframe, Request, Shot
from keycel_backend.engines.flat.engine import FlatEngine
from keycel_backend.evaluate.region_tally import RegionTally
from keycel_backend.evaluate.regions import regions_of_paint
from keycel_backend.regions.arrays import Pixels
from keycel_backend.regions.compositing import flatten
from keycel_backend.regions.learned import WEIGHTS, LearnedMatcher
from keycel_backend.regions.lines import read_line_art
from keycel_backend.regions.matching import match
from keycel_backend.training.shots.shot import ProceduralShot, ShotSettings, generate_shot

TRIAL_SEED = 910_000_000
SETTINGS = ("first", "firstlast", "prev")
"""Painted are the first drawing, the first and the last, or each drawing's true predecessor."""
_SETTINGS = ShotSettings(heights=(256, 540), drawings=(8, 14))
_TOLERANCE = 2.0
_SMALLEST = 10
_WHITE = 0xFFFFFF


@dataclass(frozen=True, slots=True)
class Trial:
    """Shares 0..1 of regions other than background with the right colour, mean over the shots."""

    area: float
    count: float


def trial(engine: FlatEngine, setting: str, shots: Sequence[ProceduralShot]) -> Trial:
    """`shots`: at least one."""
    tallies = [_tally(engine, setting, shot) for shot in shots]
    return Trial(
        float(np.mean([tally.foreground_area.value for tally in tallies])),
        float(np.mean([tally.foreground_count.value for tally in tallies])),
    )


def trial_shots(count: int) -> list[ProceduralShot]:
    return [generate_shot(TRIAL_SEED + number, _SETTINGS) for number in range(count)]


def _tally(engine: FlatEngine, setting: str, shot: ProceduralShot) -> RegionTally:
    tally = RegionTally(_TOLERANCE, _WHITE)
    last = len(shot.drawings) - 1
    if setting == "prev":
        for index in range(1, last + 1):
            _add(tally, engine, shot, [index - 1, index], [index - 1])
    else:
        _add(tally, engine, shot, range(last + 1), [0, last] if setting == "firstlast" else [0])
    return tally


def _add(
    tally: RegionTally,
    engine: FlatEngine,
    shot: ProceduralShot,
    drawings: Sequence[int],
    painted: Sequence[int],
) -> None:
    """Colours all unpainted ones of `drawings` and counts their regions."""
    pictures: dict[str, Pixels] = {}
    for index in drawings:
        drawing = shot.drawings[index]
        pictures[f"line{index}"] = drawing.line
        pictures[f"color{index}"] = flatten(drawing.flats, drawing.line)
    request = Request(
        Shot(
            shot.width,
            shot.height,
            tuple(Drawing((index,), f"line{index}") for index in drawings),
            tuple(Keyframe(index, f"color{index}") for index in painted),
            lambda digest: pictures[digest].copy(),
        ),
        tuple(index for index in drawings if index not in painted),
    )
    for result in engine.run(request, lambda _share, _doing: None, lambda: False):
        truth = shot.drawings[result.time]
        regions = regions_of_paint(_on_white(truth.flats), read_line_art(truth.line).ink, _SMALLEST)
        seen = np.zeros((0, 3), np.uint8)
        tally.add(regions, regions.predicted_colors(_on_white(result.flats)), seen)


def _on_white(flats: Pixels) -> Pixels:
    """(height, width, 3) RGB; flats are opaque or empty."""
    return np.where(flats[..., 3:] > 0, flats[..., :3], np.uint8(255))


def main() -> None:
    parser = argparse.ArgumentParser(prog="keycel_backend.training.matcher.trial")
    parser.add_argument("--shots", type=int, default=50)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--networks", type=Path, default=WEIGHTS, help="folder of another learned matcher")
    which.add_argument("--hand-made", action="store_true", help="the matcher without networks")
    given = parser.parse_args()
    engine = FlatEngine(match if given.hand_made else LearnedMatcher(given.networks))
    engine.load("cpu", "float32")
    shots = trial_shots(given.shots)
    name = "hand-made" if given.hand_made else "learned"
    print(f"{len(shots)} procedural shots, {name} matcher: area / count", flush=True)
    for setting in SETTINGS:
        found = trial(engine, setting, shots)
        print(f"{setting:10} {found.area:.3f} / {found.count:.3f}", flush=True)


if __name__ == "__main__":
    main()
