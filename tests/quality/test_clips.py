"""Colours real animation and compares with the truth: no measured quality may be lost again.

The clips lie outside the project (KEYCEL_SHARED, by default `../shared`); their scorer is used as it is.
With `--hand-made` the matcher without networks is measured; `--write-floors` records the floors anew:

    cd tests/quality && PYTHONPATH=../../backend:../../shared:.. python test_clips.py --write-floors
"""

from __future__ import annotations

import functools
import importlib.util
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import cv2
import numpy as np
import pytest
from support.shared_folder import shared_folder

from keycel_backend.engines.base import Drawing, Keyframe, Request, Shot
from keycel_backend.engines.flat.engine import FlatEngine
from keycel_backend.regions.arrays import Pixels
from keycel_backend.regions.compositing import flatten
from keycel_backend.regions.matching import Matcher, match

FLOORS: dict[str, dict[str, dict[str, float]]] = json.loads(
    Path(__file__).with_name("floors.json").read_text(encoding="utf-8")
)
"""Setting -> clip -> measure -> the least that is accepted."""

SETTINGS = ("first", "firstlast")
NAMES = ("anita_boy", "anita_flower", "anita_kids", "fnf_gf", "ga2d_girl")
MEASURES = ("reg_fg_area", "reg_fg", "pix3", "psnr256")
BEST_PEER_MEAN_AREA = {"first": 0.633, "firstlast": 0.756}
BEST_PEER_MEAN_AREA_GENUINE = {"first": 0.614, "firstlast": 0.714}
"""The highest means of any one method in the clips' table of peers: all clips, and the genuine drawings."""


def clips() -> Path:
    return shared_folder() / "clips"


@functools.cache
def scorer() -> ModuleType:
    path = clips() / "score.py"
    spec = importlib.util.spec_from_file_location("clip_score", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def clip(name: str) -> Any:
    with warnings.catch_warnings():
        # the scorer, which is used as it is, leaves a file to the garbage collector
        warnings.simplefilter("ignore", ResourceWarning)
        return scorer().Clip(str(clips() / name))


def picture(path: Path) -> Pixels:
    stored = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert stored is not None, path
    return cast(Pixels, cv2.cvtColor(stored, cv2.COLOR_BGR2RGBA))


def shot_of(name: str, keyframes: list[int], drawings: list[int]) -> Shot:
    folder = clips() / name
    first = picture(folder / "line/0000.png")
    return Shot(
        first.shape[1],
        first.shape[0],
        tuple(Drawing((index,), f"line/{index:04d}.png") for index in drawings),
        tuple(Keyframe(index, f"color/{index:04d}.png") for index in keyframes),
        lambda digest: picture(folder / digest),
    )


def colored(engine: FlatEngine, shot: Shot, targets: tuple[int, ...]) -> dict[int, Pixels]:
    engine.load("cpu", "float32")
    results = engine.run(Request(shot, targets), lambda _share, _doing: None, lambda: False)
    return {
        result.time: flatten(result.flats, shot.load(f"line/{result.time:04d}.png")) for result in results
    }


@functools.cache
def measured(name: str, setting: str, matcher: Matcher | None = None) -> dict[str, float]:
    """The scorer's figures, and seconds per frame under "seconds". `matcher`: as of the engine."""
    the_clip = clip(name)
    engine = FlatEngine(matcher)
    begun = time.monotonic()
    if setting == "prev":
        frames: dict[int, Pixels] = {}
        for index in range(1, the_clip.n):
            frames |= colored(engine, shot_of(name, [index - 1], [index - 1, index]), (index,))
    else:
        everything = list(range(the_clip.n))
        frames = colored(engine, shot_of(name, the_clip.refs(setting), everything), tuple(everything))
    seconds = (time.monotonic() - begun) / the_clip.n
    score = cast(Callable[..., dict[str, float]], scorer().score)
    return {**score(the_clip, lambda index: frames[index][..., :3], setting, full=False), "seconds": seconds}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", NAMES)
def test_no_clip_falls_below_its_floor(name: str, setting: str) -> None:
    found = measured(name, setting)
    short = {
        measure: (found[measure], floor)
        for measure, floor in FLOORS[setting][name].items()
        if found[measure] < floor
    }
    assert not short, f"measured, floor: {short}"


@pytest.mark.parametrize("setting", SETTINGS)
def test_no_color_outside_the_palette_appears(setting: str) -> None:
    for name in NAMES:
        assert measured(name, setting)["offpal"] == 0.0, name


@pytest.mark.parametrize("setting", SETTINGS)
def test_mean_area_accuracy_beats_every_classical_peer(setting: str) -> None:
    area = {name: measured(name, setting)["reg_fg_area"] for name in NAMES}
    genuine = [area[name] for name in NAMES if name.startswith("anita")]
    assert np.mean(list(area.values())) > BEST_PEER_MEAN_AREA[setting]
    assert np.mean(genuine) > BEST_PEER_MEAN_AREA_GENUINE[setting]


def main() -> None:
    columns = (*MEASURES, "edmd", "tc", "seconds")
    matcher = match if "--hand-made" in sys.argv else None
    print("setting    clip         ", *(f"{column:>11}" for column in columns))
    for setting in (*SETTINGS, "prev"):
        rows = [[measured(name, setting, matcher)[column] for column in columns] for name in NAMES]
        for name, row in zip((*NAMES, "mean"), (*rows, np.mean(rows, axis=0)), strict=True):
            print(f"{setting:10} {name:13}", *(f"{value:11.3f}" for value in row), flush=True)
    if "--write-floors" in sys.argv:
        write_floors()


def write_floors() -> None:
    """Records what is measured now, with a little room for other builds of the libraries."""
    room = {"reg_fg_area": 0.015, "reg_fg": 0.02, "pix3": 0.005, "psnr256": 0.7}
    floors = {
        setting: {
            name: {
                measure: round(measured(name, setting)[measure] - room[measure], 3) for measure in MEASURES
            }
            for name in NAMES
        }
        for setting in SETTINGS
    }
    Path(__file__).with_name("floors.json").write_text(json.dumps(floors, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
