"""`keycel colorize --engine cel` and `keycel inbetween --engine sketchkey` as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from support.drawn_shots import agreement, draw, figure
from support.supervised import child_environment

from keycel_backend.io.pictures import load_png
from keycel_backend.io.results import frame_name, write_png
from keycel_backend.regions.arrays import Pixels
from keycel_shared.connection import read_connection

MOVES = ((0.0, 0.0), (3.0, 0.0), (6.0, 2.0))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One Keycel home for the module; its supervisor is ended afterwards."""
    folder = tmp_path_factory.mktemp("home")
    yield folder
    info = read_connection(folder / "run" / "connection.json")
    if info is not None:
        process = psutil.Process(info.process)
        process.terminate()
        process.wait(10)


def _keycel(home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "keycel_backend", *map(str, words)]
    environment = {**child_environment(home), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)


def _write_shot(folder: Path, part: str, times: tuple[int, ...]) -> Path:
    """Drawings or key sketches, the first of them in colour."""
    (folder / part).mkdir(parents=True)
    (folder / "color").mkdir()
    for time in times:
        lines, flats = draw(figure(moved=MOVES[time]))
        write_png(folder / part / frame_name(time), lines)
        if time == times[0]:
            write_png(folder / "color" / frame_name(time), flats)
    return folder


def _colors(picture: Pixels) -> set[tuple[int, ...]]:
    return {tuple(color) for color in np.unique(picture.reshape(-1, 4), axis=0).tolist()}


def test_colorize_and_regenerate(home: Path, tmp_path: Path) -> None:
    shot, out = _write_shot(tmp_path / "shot", "line", (0, 1, 2)), tmp_path / "out"
    run = _keycel(home, "colorize", shot, "--out", out, "--json", "--engine", "cel")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["frames"] == [0, 1, 2]
    painted = _colors(load_png(shot / "color" / frame_name(0)))
    for time in range(3):
        lines, flats = draw(figure(moved=MOVES[time]))
        found = load_png(out / frame_name(time))
        assert _colors(found) <= painted
        assert agreement(found, flats, lines) > 0.9
    report = json.loads((out / "report.json").read_text())
    assert {frame["engine"] for frame in report["frames"]} == {"cel"}
    before = {time: (out / frame_name(time)).read_bytes() for time in (0, 1)}
    run = _keycel(home, "regenerate", shot, "--out", out, "--frames", "2", "--engine", "cel")
    assert run.returncode == 0, run.stderr
    assert [frame["seed"] for frame in json.loads((out / "report.json").read_text())["frames"]] == [0, 0, 1]
    assert before == {time: (out / frame_name(time)).read_bytes() for time in (0, 1)}


def test_inbetweens(home: Path, tmp_path: Path) -> None:
    shot, out = _write_shot(tmp_path / "shot", "sketch", (0, 2)), tmp_path / "out"
    run = _keycel(home, "inbetween", shot, "--out", out, "--json", "--engine", "sketchkey")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["frames"] == [0, 1, 2]
    painted = _colors(load_png(shot / "color" / frame_name(0)))
    for time in range(3):
        assert _colors(load_png(out / frame_name(time))) <= painted
    drawn = load_png(out / "line" / frame_name(2))
    assert np.array_equal(drawn, load_png(shot / "sketch" / frame_name(2)))
