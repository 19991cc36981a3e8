"""`keycel reference` through the real command line, supervisor and worker, with a tiny installed model."""

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
from PIL import Image
from support.drawn_shots import draw, figure
from support.installed_colorizediffusion import install_tiny_coloring
from support.supervised import child_environment
from support.tiny_colorizediffusion import random_coloring_networks

from keycel_backend.io.pictures import load_png
from keycel_backend.io.results import write_png
from keycel_shared.connection import read_connection

QUICK = ("--option", "steps=4", "--option", "resolution=64")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Keycel home with the model in it; its supervisor is ended afterwards."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as monkeypatch, torch.no_grad():
        install_tiny_coloring(folder, random_coloring_networks(seed=5), monkeypatch)
    yield folder
    info = read_connection(folder / "run" / "connection.json")
    if info is not None:
        process = psutil.Process(info.process)
        process.terminate()
        process.wait(10)


def _reference(home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "keycel_backend", "reference", *map(str, words)]
    environment = {**child_environment(home), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)


@pytest.fixture
def line(tmp_path: Path) -> Path:
    lines, flats = draw(figure())
    write_png(tmp_path / "line.png", lines)
    write_png(tmp_path / "painted.png", flats)
    photograph = np.random.default_rng(3).integers(0, 256, (50, 90, 3), np.uint8)
    Image.fromarray(photograph).save(tmp_path / "photograph.jpg")
    half = np.zeros((240, 320, 4), np.uint8)
    half[:, :160] = 255
    write_png(tmp_path / "mask.png", half)
    return tmp_path / "line.png"


def test_one_drawing_after_one_image(home: Path, line: Path) -> None:
    folder = line.parent
    painted, out = folder / "painted.png", folder / "flats.png"
    run = _reference(home, line, "--reference", painted, "--out", out, "--json", *QUICK)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["frames"] == [0]
    flats = load_png(out)
    colors = {tuple(color) for color in np.unique(load_png(painted).reshape(-1, 4), axis=0).tolist()}
    assert {tuple(color) for color in np.unique(flats.reshape(-1, 4), axis=0).tolist()} <= colors
    words = ("--reference", folder / "photograph.jpg", "--mask", folder / "mask.png", "--flatten")
    masked = ("--reference-mask", folder / "mask.png", "--option", "mode=split", "--seed", "2")
    run = _reference(home, line, *words, *masked, "--out", out, *QUICK)
    assert run.returncode == 0, run.stderr
    assert (load_png(out)[..., 3] == 255).all()


def test_wrong_input_is_told(home: Path, line: Path) -> None:
    folder = line.parent
    good = ("--reference", folder / "painted.png", "--out", folder / "x.png", *QUICK)
    (folder / "text.png").write_text("no picture")
    write_png(folder / "small.png", np.zeros((4, 4, 4), np.uint8))
    cases = {
        "DOC_UNREADABLE_PICTURE": (line, "--reference", folder / "text.png", *good[2:]),
        "DOC_SIZE_MISMATCH": (line, *good, "--mask", folder / "small.png"),
        "DOC_BAD_OPTION": (line, *good, "--option", "mode=sideways"),
        "OUT_NOT_WRITABLE": (line, *good[:2], "--out", folder / "x.jpg"),
        "REG_NO_ENGINE": (line, *good, "--engine", "flat"),
    }
    for code, words in cases.items():
        run = _reference(home, *words)
        assert run.returncode in (2, 3)
        assert code in run.stderr
        assert not (folder / "x.png").exists()
