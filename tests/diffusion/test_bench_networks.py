"""`keycel bench --engine lvcd --random-weights` on small networks."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from support.tiny_anidoc import TINY_ANIDOC

from keycel_backend import cli
from keycel_backend.diffusion.anidoc.benchmark import measure_anidoc
from keycel_backend.diffusion.anidoc.condition import CONDITION_CHANNELS
from keycel_backend.diffusion.anidoc.denoiser import predict
from keycel_backend.diffusion.anidoc.networks import build_networks
from keycel_backend.diffusion.anidoc.options import SamplingOptions
from keycel_backend.diffusion.anidoc.reference import EncodedReference
from keycel_backend.diffusion.anidoc.sampling import window_conditions
from keycel_backend.diffusion.counting import counted
from keycel_backend.diffusion.lvcd.benchmark import LvcdSpeed, PlainPart
from keycel_backend.diffusion.timing import Part, Speed
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
    assert figures["compiled"] is False
    plain = sum(part["seconds"] * part["times"] for part in figures["unoptimised_parts"])
    ours = sum(part["seconds"] * part["times"] for part in by_name.values())
    assert figures["speed_up"] == pytest.approx(plain / ours)
    per_segment = sum(part["operations"] * part["times"] for part in by_name.values())
    assert figures["operations_per_frame"] == pytest.approx(per_segment / figures["new_frames_per_segment"])


def test_figures_of_anidoc(capsys: pytest.CaptureFixture[str]) -> None:
    words = [*QUICK, "--engine", "anidoc", "--steps", "4", "--device", "cpu"]
    assert cli.main([*words, "--json"]) == 0
    figures: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (figures["engine"], figures["networks"], figures["steps"]) == ("anidoc", "small", 4)
    assert figures["new_frames_per_window"] == 10
    by_name = {part["name"]: part for part in figures["parts"]}
    assert sum(part["share"] for part in by_name.values()) == pytest.approx(1.0)
    step = by_name["UNet"]["seconds"] + by_name["ControlNet"]["seconds"]
    assert figures["seconds_per_step"] == pytest.approx(step)
    assert by_name["decoding"]["times"] == pytest.approx(10 / 8)
    per_window = sum(part["operations"] * part["times"] for part in by_name.values())
    assert figures["operations_per_frame"] == pytest.approx(per_window / 10)
    assert cli.main([*words, "--size", "100x64"]) == 2
    assert "multiples of 64" in capsys.readouterr().err


def test_what_is_timed_of_anidoc_is_what_a_step_does() -> None:
    options, meta = SamplingOptions(num_steps=1), torch.device("meta")
    speed = measure_anidoc(TINY_ANIDOC, options, 64, 64, torch.device("cpu"), torch.float32, repeats=1)
    with meta:
        networks = build_networks(TINY_ANIDOC).to(meta)
        condition = torch.zeros(options.window, CONDITION_CHANNELS, 64, 64)
        embedding = torch.zeros(1, 1, TINY_ANIDOC.unet.cross_attention_dim)
        reference = EncodedReference(embedding, torch.zeros(1, 4, 8, 8), torch.zeros(3, 64, 64))
    with counted() as count:
        told = window_conditions(networks, condition, reference, options)
        predict(
            networks, torch.zeros(options.window, 4, 8, 8, device=meta), torch.zeros((), device=meta), told
        )
    sampling = tuple(part for part in speed.parts if part.times and part.name != "decoding")
    assert Speed(sampling, None).operations == pytest.approx(count.operations)


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
    assert by_name["alignment iteration"]["times"] == 2 * 10
    # 3 composed steps with 10, 9 and 8 copies of the sketch, in passes over 10 frames
    assert by_name["composed pair"]["times"] == pytest.approx(2.7)
    assert by_name["plain pass"]["times"] == pytest.approx(2 * 5 - 2.7)
    assert cli.main([*words, "--size", "100x64", "--device", "cpu"]) == 2
    assert "multiples of 32" in capsys.readouterr().err


def test_figures_as_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    parts = tuple(Part(name, 4.0, 0.5, 10**9) for name in ("ControlNet", "UNet", "decoding"))
    speed_of = LvcdSpeed(parts, 3 * 10**9, 64, 64, 4, 10, (PlainPart("step, nothing saved", 4.0, 3.0),))
    monkeypatch.setattr(speed, "measure_lvcd", lambda *_, **__: speed_of)
    assert cli.main([*QUICK, "--steps", "4", "--device", "cpu"]) == 0
    text = capsys.readouterr().out
    assert "small networks with random weights, float32, cpu" in text
    assert "peak 3.00 GB" in text
    assert "  2.00 times as fast as the same work without anything that saves work" in text
    for part in parts:
        assert f"  {part.name}: " in text


def test_figures_of_one_drawing_after_one_image(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--engine", "colorizediffusion", "--size", "64x128", "--steps", "4", "--device", "cpu"]
    assert cli.main([*QUICK, *words, "--json"]) == 0
    figures: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (figures["engine"], figures["width"], figures["height"]) == ("colorizediffusion", 64, 128)
    by_name = {part["name"]: part for part in figures["parts"]}
    assert sum(part["share"] for part in by_name.values()) == pytest.approx(1.0)
    per_drawing = sum(part["operations"] * part["times"] for part in by_name.values())
    assert figures["operations_per_frame"] == pytest.approx(per_drawing)
    assert figures["seconds_per_step"] == pytest.approx(by_name["UNet"]["seconds"])
    assert cli.main([*QUICK, *words]) == 0
    assert "colorizediffusion, small networks with random weights" in capsys.readouterr().out
    assert cli.main([*QUICK, *words[:2], "--size", "65x64", "--device", "cpu"]) == 2


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--size", "100x64"], 2, "multiples of 64"),
        (["--size", "big"], 2, "is no size"),
        (["--device", "toaster"], 2, "no device 'toaster'"),
        (["--steps", "0"], 2, "at least 1"),
        (["--engine", "flipsketch", "--compile"], 2, "are not compiled"),
        (["--engine", "flat"], 3, "Choose one of: lvcd, "),
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
    def measure_lvcd(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(speed, "measure_lvcd", measure_lvcd)
    assert cli.main([*QUICK, "--device", "cpu"]) == 4
    assert "RES_OUT_OF_MEMORY" in capsys.readouterr().err
