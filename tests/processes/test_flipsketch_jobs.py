"""`keycel animate` through the real command line, supervisor and worker, with a tiny installed model."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from support.drawn_shots import draw, figure
from support.supervised import child_environment
from support.tiny_flipsketch import install_tiny, random_networks

from keycel_backend.io.pictures import load_png
from keycel_backend.io.results import frame_name, write_png
from keycel_shared.connection import read_connection

QUICK = ("--option", "steps=4", "--option", "resolution=64")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Keycel home with the model in it; its supervisor is ended afterwards."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as monkeypatch, torch.no_grad():
        install_tiny(folder, random_networks(seed=5), monkeypatch)
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


def _sketch(folder: Path) -> Path:
    drawing = draw(figure())[0]
    drawing[..., :3] = (40, 30, 90)  # also under what is transparent
    write_png(folder / "sketch.png", drawing)
    return folder / "sketch.png"


def test_a_drawing_is_animated_and_another_take_differs(home: Path, tmp_path: Path) -> None:
    sketch, out = _sketch(tmp_path), tmp_path / "out"
    words = ("animate", sketch, "--prompt", "it walks", "--frames", 3, *QUICK)
    run = _keycel(home, *words, "--out", out, "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["frames"] == [0, 1, 2]
    assert sorted(path.name for path in out.iterdir()) == [*map(frame_name, range(3)), "report.json"]
    assert np.array_equal(load_png(out / frame_name(0)), load_png(sketch))
    made = load_png(out / frame_name(1))
    assert made[..., 3].min() == 0 < made[..., 3].max()
    report = json.loads((out / "report.json").read_text())
    assert {frame["engine"] for frame in report["frames"]} == {"flipsketch"}
    again = _keycel(home, *words, "--out", tmp_path / "again")
    assert "3 of them from earlier work" in again.stdout
    run = _keycel(home, *words, "--out", tmp_path / "take", "--seed", 2)
    assert run.returncode == 0, run.stderr
    first, take = (load_png(folder / frame_name(2)) for folder in (out, tmp_path / "take"))
    assert not np.array_equal(first, take)
    assert np.array_equal(load_png(tmp_path / "take" / frame_name(0)), load_png(sketch))
    run = _keycel(home, *words, "--out", tmp_path / "twos", "--option", "exposure=2")
    assert sorted(path.name for path in (tmp_path / "twos").glob("*.png")) == [*map(frame_name, (0, 2, 4))]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (("--prompt", " "), "DOC_BAD_OPTION: There is no sentence"),
        (("--frames", "1"), "DOC_BAD_OPTION: Drawings: 1 is out of range."),
        (("--option", "mode=sloppy"), "DOC_BAD_OPTION: Mode: 'sloppy' is unknown."),
        (("--option", "speed=3"), "DOC_BAD_OPTION"),
    ],
)
def test_wrong_input_is_told(home: Path, tmp_path: Path, changed: tuple[str, ...], message: str) -> None:
    words = ("animate", _sketch(tmp_path), "--prompt", "it walks", "--frames", 3, *QUICK)
    run = _keycel(home, *words, *changed, "--out", tmp_path / "out")
    assert run.returncode == 2
    assert message in run.stderr


def test_pictures_that_are_none_are_told(home: Path, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    for name in ("text.png", "nothing.png"):
        run = _keycel(home, "animate", tmp_path / name, "--prompt", "it walks", "--out", tmp_path / "out")
        assert run.returncode == 2
        assert "DOC_UNREADABLE_PICTURE" in run.stderr
    assert not (tmp_path / "out").exists()


def test_without_weights_it_exits_with_3(tmp_path: Path) -> None:
    run = _keycel(tmp_path, "animate", _sketch(tmp_path), "--prompt", "it walks", "--out", tmp_path / "out")
    assert run.returncode == 3
    assert "keycel models install flipsketch --from checkpoint-2500" in run.stderr
