"""LVCD through the real command line, supervisor and worker, with a tiny installed model."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from support.drawn_shots import draw, figure
from support.installed_lvcd import install_tiny
from support.supervised import child_environment
from support.tiny_lvcd import TINY, random_networks

from keycel_backend.io.pictures import load_png
from keycel_backend.io.results import frame_name, write_png
from keycel_backend.regions.arrays import Pixels
from keycel_shared.connection import read_connection

QUICK = ("--engine", "lvcd", "--option", "steps=4", "--option", "resolution=64")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Keycel home with the model in it; its supervisor is ended afterwards."""
    with _home(tmp_path_factory.mktemp("home")) as folder:
        yield folder


@contextmanager
def _home(folder: Path) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as monkeypatch, torch.no_grad():
        install_tiny(folder, random_networks(TINY, seed=5), monkeypatch)
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


def _write_shot(folder: Path) -> Path:
    for part in ("line", "color"):
        (folder / part).mkdir(parents=True)
    for number in range(3):
        lines, flats = draw(figure(moved=(4.0 * number, 0.0)))
        write_png(folder / "line" / frame_name(number), lines)
        if number == 0:
            write_png(folder / "color" / frame_name(number), flats)
    return folder


def _colors(picture: Pixels) -> set[tuple[int, ...]]:
    return {tuple(color) for color in np.unique(picture.reshape(-1, 4), axis=0).tolist()}


def test_colorize_and_regenerate(home: Path, tmp_path: Path) -> None:
    shot, out = _write_shot(tmp_path / "shot"), tmp_path / "out"
    run = _keycel(home, "colorize", shot, "--out", out, "--json", *QUICK)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["frames"] == [0, 1, 2]
    painted = _colors(load_png(shot / "color" / frame_name(0)))
    for number in range(3):
        assert _colors(load_png(out / frame_name(number))) <= painted
    report = json.loads((out / "report.json").read_text())
    assert {frame["engine"] for frame in report["frames"]} == {"lvcd"}
    before = {number: (out / frame_name(number)).read_bytes() for number in range(3)}
    run = _keycel(home, "regenerate", shot, "--out", out, "--frames", "2", *QUICK)
    assert run.returncode == 0, run.stderr
    assert [frame["seed"] for frame in json.loads((out / "report.json").read_text())["frames"]] == [0, 0, 1]
    for number in (0, 1):
        assert (out / frame_name(number)).read_bytes() == before[number]


def test_a_model_that_is_gone_while_the_backend_runs_is_told(home: Path, tmp_path: Path) -> None:
    shot = _write_shot(tmp_path / "shot")
    record = home / "models" / "lvcd" / "installation.json"
    hidden = record.rename(tmp_path / "record")
    run = _keycel(home, "colorize", shot, "--out", tmp_path / "out", *QUICK)
    hidden.rename(record)
    assert run.returncode == 3
    assert "REG_NO_MODEL" in run.stderr


def test_a_damaged_model_exits_with_3_and_says_what_to_do(tmp_path: Path) -> None:
    shot = _write_shot(tmp_path / "shot")
    with _home(tmp_path / "home") as home:
        weights = home / "models" / "lvcd" / "unet.safetensors"
        weights.write_bytes(weights.read_bytes()[:-1000])
        run = _keycel(home, "colorize", shot, "--out", tmp_path / "out", *QUICK)
    assert run.returncode == 3
    assert "REG_BAD_MODEL: The weights file unet.safetensors is damaged." in run.stderr
