"""`keycel inbetween` as a user runs it: real processes, real files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from support.drawn_shots import draw, figure
from support.supervised import child_environment

from keycel_backend.io.pictures import load_png
from keycel_backend.io.results import frame_name, write_png
from keycel_backend.regions.compositing import flatten
from keycel_shared.connection import read_connection

KEYS = {1: (0.0, 0.0), 4: (18.0, 6.0)}
FRAMES = [1, 2, 3, 4]


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


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    folder = tmp_path / "shot"
    (folder / "sketch").mkdir(parents=True)
    for time, moved in KEYS.items():
        line, flats = draw(figure(moved=moved))
        write_png(folder / "sketch" / frame_name(time), line)
        if time == min(KEYS):
            write_png(folder / "reference.png", flatten(flats, line))
    return folder


def keycel(home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "keycel_backend", *map(str, words)]
    return subprocess.run(
        command, env=child_environment(home), capture_output=True, text=True, timeout=240, check=False
    )


def hashes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


def test_lines_colours_and_report_of_every_frame(home: Path, shot: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = keycel(home, "inbetween", shot, "--out", out, "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["frames"] == FRAMES
    names = [frame_name(time) for time in FRAMES]
    assert sorted(hashes(out)) == sorted(hashes(out / "line")) == names
    for time in KEYS:
        drawn = load_png(out / "line" / frame_name(time))
        assert (drawn == load_png(shot / "sketch" / frame_name(time))).all()
    colors = {frame_name(time): load_png(out / frame_name(time)) for time in FRAMES}
    for picture in colors.values():
        assert set(np.unique(picture[..., 3])) == {0, 255}
    report = json.loads((out / "report.json").read_text())
    assert [(frame["time"], frame["engine"]) for frame in report["frames"]] == [(t, "morph") for t in FRAMES]
    before = hashes(out), hashes(out / "line")
    again = keycel(home, "inbetween", shot, "--out", out, "--frames", "3", "--seed", "1", "--json")
    assert again.returncode == 0, again.stderr
    after = hashes(out), hashes(out / "line")
    for old, new in zip(before, after, strict=True):
        assert {name for name in names if old[name] != new[name]} <= {frame_name(3)}
    report = json.loads((out / "report.json").read_text())
    assert [frame["seed"] for frame in report["frames"]] == [0, 0, 1, 0]
    reused = keycel(home, "inbetween", shot, "--out", tmp_path / "again", "--flatten", "--json")
    assert json.loads(reused.stdout)["reused"] == len(FRAMES)
    assert (load_png(tmp_path / "again" / frame_name(2))[..., 3] == 255).all()


def test_frames_of_the_shot_file_and_what_is_left_out(home: Path, shot: Path, tmp_path: Path) -> None:
    (shot / "reference.png").unlink()
    (shot / "shot.json").write_text(json.dumps({"frames": [1, 3]}))
    run = keycel(home, "inbetween", shot, "--out", tmp_path / "out")
    assert run.returncode == 0, run.stderr
    assert sorted(hashes(tmp_path / "out" / "line")) == [frame_name(1), frame_name(3)]
    assert "only lines are drawn" in run.stderr


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        ("one key", "DOC_NO_LINES"),
        ("no key", "DOC_NO_LINES"),
        ("empty key", "DOC_NO_LINES"),
        ("sizes", "DOC_SIZE_MISMATCH"),
        ("reference", "DOC_SIZE_MISMATCH"),
        ("beyond", "DOC_NO_SUCH_FRAME"),
    ],
)
def test_bad_input_is_told_plainly(home: Path, shot: Path, tmp_path: Path, spoil: str, code: str) -> None:
    last = shot / "sketch" / frame_name(max(KEYS))
    small = np.full((20, 30, 4), 255, np.uint8)
    words: list[str] = []
    if spoil in ("one key", "no key"):
        last.unlink()
    if spoil == "no key":
        (shot / "sketch" / frame_name(min(KEYS))).unlink()
    if spoil == "empty key":
        write_png(last, np.full_like(load_png(last), 255))
    if spoil == "sizes":
        write_png(last, small)
    if spoil == "reference":
        write_png(shot / "reference.png", small)
    if spoil == "beyond":
        words = ["--frames", "9"]
    run = keycel(home, "inbetween", shot, "--out", tmp_path / "out", *words)
    assert run.returncode == 2, (run.returncode, run.stderr)
    assert f"{code}: " in run.stderr
