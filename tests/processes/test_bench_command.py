"""`keycel bench` end to end on a small shot: real engine, real supervisor, figures in both forms."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import pytest
from support.drawn_shots import draw, figure

from keycel_backend import cli
from keycel_backend.commands import bench
from keycel_backend.io.results import frame_name, write_png

SIZE = (320, 240)


def write_small_shot(folder: Path, _: Path) -> None:
    """Eight drawings of a moving figure, first and last painted."""
    for part in ("line", "color"):
        (folder / part).mkdir(parents=True)
    for number in range(8):
        lines, flats = draw(figure(moved=(3.0 * number, 0.0)))
        write_png(folder / "line" / frame_name(number), lines)
        write_png(folder / "color" / frame_name(number), flats)
        if number not in (0, 7):
            (folder / "color" / frame_name(number)).unlink()


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "write_demo_shot", write_small_shot)
    monkeypatch.setattr(bench, "SIZES", (SIZE, (480, 360)))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(cli_paths()))


def cli_paths() -> list[str]:
    project = Path(__file__).resolve().parents[2]
    return [str(project / "backend"), str(project / "shared")]


def test_figures_as_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_small_shot(tmp_path / "clips" / "walk", tmp_path)
    for number in range(8):
        flats = draw(figure(moved=(3.0 * number, 0.0)))[1]
        write_png(tmp_path / "clips" / "walk" / "color" / frame_name(number), flats)
    threads = cv2.getNumThreads()
    assert cli.main(["bench", "--json", "--clips", str(tmp_path / "clips")]) == 0
    cv2.setNumThreads(threads)
    figures = json.loads(capsys.readouterr().out)
    assert [(speed["width"], speed["height"]) for speed in figures["engine"]] == [SIZE, (480, 360)]
    for speed in figures["engine"]:
        assert speed["first_frame_seconds"] > 0
        assert 0 < speed["seconds_per_drawing"] < 10
        assert speed["peak_memory_bytes"] > 10_000_000
    assert 0 < figures["overhead_1920x1080"]["streamed"] < 10
    assert 0 < figures["press_to_first_frame_seconds"] < 30
    assert [(row["clip"], row["setting"]) for row in figures["clips"]] == [
        ("walk", "first"),
        ("walk", "firstlast"),
    ]
    assert all(row["reg_fg_area"] > 0.99 for row in figures["clips"])


def test_an_unknown_engine_is_refused_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "--engine", "nonsense"]) == 3
    assert "REG_NO_ENGINE" in capsys.readouterr().err
