"""`keycel bench --engine lvcd --random-weights` on small networks."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from keycel_backend import cli
from keycel_backend.engines.lvcd import speed

QUICK = ["bench", "--engine", "lvcd", "--random-weights", "--repeats", "1", "--size", "64x64"]


def test_figures_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*QUICK, "--steps", "4", "--device", "cpu", "--json"]) == 0
    figures: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (figures["width"], figures["height"], figures["steps"]) == (64, 64, 4)
    assert figures["networks"] == "small"
    assert figures["peak_memory_bytes"] is None
    assert 0.0 < figures["seconds_per_step"] < 60.0
    by_name = {part["name"]: part for part in figures["parts"]}
    assert sum(part["share"] for part in by_name.values()) == pytest.approx(1.0)
    assert by_name["UNet"]["operations"] > by_name["ControlNet"]["operations"] > 0
    steps = by_name["UNet"]["seconds"] + by_name["ControlNet"]["seconds"]
    assert figures["seconds_per_step"] == pytest.approx(steps)
    per_segment = sum(part["operations"] * part["times_per_segment"] for part in by_name.values())
    assert figures["operations_per_frame"] == pytest.approx(per_segment / figures["new_frames_per_segment"])


def test_figures_of_flipsketch(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bench", "--engine", "flipsketch", "--random-weights", "--repeats", "1", "--size", "64x64"]
    assert cli.main([*words, "--steps", "5", "--device", "cpu", "--json"]) == 0
    figures: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (figures["width"], figures["height"], figures["steps"], figures["frames"]) == (64, 64, 5, 10)
    by_name = {part["name"]: part for part in figures["parts"]}
    assert sum(part["share"] for part in by_name.values()) == pytest.approx(1.0)
    assert by_name["composed pair"]["operations"] == pytest.approx(
        2 * by_name["plain pass"]["operations"], rel=0.02
    )
    assert by_name["alignment iteration"]["times_per_clip"] == 2 * 10
    # 3 composed steps with 10, 9 and 8 copies of the sketch, in passes over 10 frames
    assert by_name["composed pair"]["times_per_clip"] == pytest.approx(2.7)
    assert by_name["plain pass"]["times_per_clip"] == pytest.approx(2 * 5 - 2.7)
    assert cli.main([*words, "--size", "100x64", "--device", "cpu"]) == 2
    assert "multiples of 32" in capsys.readouterr().err


def test_figures_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*QUICK, "--steps", "1", "--device", "cpu"]) == 0
    text = capsys.readouterr().out
    assert "small networks with random weights, float32, cpu" in text
    for part in ("UNet", "ControlNet", "decoding"):
        assert f"  {part}: " in text


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--size", "100x64"], 2, "multiples of 64"),
        (["--size", "big"], 2, "is no size"),
        (["--device", "toaster"], 2, "no device 'toaster'"),
        (["--steps", "0"], 2, "at least 1"),
        (["--engine", "flat"], 3, "Choose one of: lvcd"),
    ],
)
def test_wrong_words_are_told(
    words: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*QUICK, *words]) == code
    assert message in capsys.readouterr().err


def test_too_little_memory_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure_lvcd(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(speed, "measure_lvcd", measure_lvcd)
    assert cli.main([*QUICK, "--device", "cpu"]) == 4
    assert "RES_OUT_OF_MEMORY" in capsys.readouterr().err
