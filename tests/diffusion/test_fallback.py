"""What is given up when memory runs out, on simulated shortages."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from support.tiny_lvcd import random_material

from keycel_backend.diffusion.attempts import with_fallback
from keycel_backend.diffusion.fallback import Effort, Stage, describe, every_note, next_effort
from keycel_backend.diffusion.lvcd import pipeline
from keycel_backend.diffusion.lvcd.networks import LvcdNetworks
from keycel_backend.diffusion.lvcd.options import SamplingOptions
from keycel_backend.diffusion.lvcd.pipeline import Callbacks, colorize
from keycel_shared.errors import ErrorCode, KeycelError


def _ladder(stage: Stage | None) -> list[Effort]:
    efforts = [Effort()]
    while (lower := next_effort(efforts[-1], stage)) is not None:
        efforts.append(lower)
    return efforts


def test_the_ladder_goes_down_in_order_and_ends() -> None:
    efforts = _ladder(None)
    phrases = [describe(one, lower) for one, lower in pairwise(efforts)]
    assert phrases == [
        "decoding 5 frames at a time",
        "keeping networks in main memory while they are not used",
        "working on 8 frames at a time",
        "working at 71 percent of the size",
        "working at 50 percent of the size",
        "working at 35 percent of the size",
        "working at 25 percent of the size",
    ]


def test_only_what_helps_a_stage_is_given_up() -> None:
    assert [effort.decode_chunk for effort in _ladder(Stage.SAMPLE)] == [10] * len(_ladder(Stage.SAMPLE))
    assert _ladder(Stage.DECODE)[-1] == Effort(decode_chunk=5, offload=True)
    assert next_effort(Effort(1, tiled=False), Stage.DECODE) == Effort(1, tiled=True)
    assert next_effort(Effort(1, tiled=True), Stage.DECODE) == Effort(1, tiled=True, offload=True)
    assert next_effort(Effort(1, tiled=False), Stage.SAMPLE) == Effort(1, tiled=False, offload=True)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, MemoryError, RuntimeError])
def test_a_shortage_is_answered_with_less_effort(error: type[Exception]) -> None:
    tried: list[Effort] = []
    told: list[str] = []

    def work(effort: Effort) -> str:
        tried.append(effort)
        if not effort.offload:
            raise error("DefaultCPUAllocator: can't allocate memory")
        return "done"

    result, effort = with_fallback(Effort(), Stage.DECODE, work, told.append)
    assert result == "done"
    assert tried == _ladder(Stage.DECODE)
    assert effort == tried[-1]
    assert len(told) == 2
    assert told[0] == "Memory ran out while decoding: decoding 5 frames at a time"


@pytest.mark.parametrize("stage", Stage)
def test_whatever_is_told_is_one_of_the_notes_that_are_translated(stage: Stage) -> None:
    told: list[str] = []

    def work(_: Effort) -> None:
        raise MemoryError

    with pytest.raises(KeycelError):
        with_fallback(Effort(), stage, work, told.append)
    assert told
    assert set(told) <= set(every_note())


def test_other_errors_pass() -> None:
    def work(_: Effort) -> None:
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        with_fallback(Effort(), Stage.SAMPLE, work, lambda _: None)


def test_the_end_of_the_ladder_is_an_error() -> None:
    def work(_: Effort) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(KeycelError) as caught:
        with_fallback(Effort(), Stage.SAMPLE, work, lambda _: None)
    assert caught.value.value.code is ErrorCode.RES_OUT_OF_MEMORY


def test_shortages_in_both_stages_end_in_a_whole_result(
    networks: LvcdNetworks, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample, decode = pipeline.sample_shot, pipeline.decode_video
    told: list[str] = []

    def short_sample(*arguments: object) -> torch.Tensor:
        if len(told) < 2:
            raise torch.OutOfMemoryError("simulated")
        return sample(*arguments)  # pyright: ignore[reportArgumentType]

    def short_decode(*arguments: object) -> object:
        if len(told) < 3:
            raise torch.OutOfMemoryError("simulated")
        return decode(*arguments)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(pipeline, "sample_shot", short_sample)
    monkeypatch.setattr(pipeline, "decode_video", short_decode)
    frames = colorize(
        networks,
        random_material(12, 64, 64),
        SamplingOptions(num_steps=1),
        torch.device("cpu"),
        Effort(),
        Callbacks(lambda _: None, lambda _: None, told.append),
    )
    assert frames.shape == (12, 64, 64, 3)
    assert told == [
        "Memory ran out while sampling: keeping networks in main memory while they are not used",
        "Memory ran out while sampling: working on 8 frames at a time",
        "Memory ran out while decoding: decoding 5 frames at a time",
    ]
