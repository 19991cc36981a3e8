"""AniDoc's windows: every frame sampled once, overlaps held bit for bit, other takes alone in changing."""

from __future__ import annotations

import itertools

import pytest
import torch
from support.tiny_anidoc import random_anidoc
from torch import Tensor

from keycel_backend.diffusion.anidoc.condition import LabelMaps, frame_condition
from keycel_backend.diffusion.anidoc.cost import ClipSize, clip_cost, step_bytes, step_operations
from keycel_backend.diffusion.anidoc.denoiser import WindowConditions, predict
from keycel_backend.diffusion.anidoc.lines import binarised
from keycel_backend.diffusion.anidoc.networks import AniDocConfiguration, AniDocNetworks, build_networks
from keycel_backend.diffusion.anidoc.options import SamplingOptions
from keycel_backend.diffusion.anidoc.reference import draw_noise, encode_reference
from keycel_backend.diffusion.anidoc.sampling import (
    SampledWindow,
    redraw_frame,
    sample_window,
    window_conditions,
)
from keycel_backend.diffusion.anidoc.windows import plan_windows, window_of
from keycel_backend.diffusion.counting import counted
from keycel_backend.diffusion.fallback import Effort, next_effort
from keycel_backend.diffusion.svd.unet import Conditioning

META = torch.device("meta")
OPTIONS = SamplingOptions(window=4, overlap=2, num_steps=2)


@pytest.fixture(scope="module")
def anidoc() -> AniDocNetworks:
    return random_anidoc(seed=3)


@pytest.mark.parametrize("frames", [1, 3, 14, 15, 24, 25, 60])
@pytest.mark.parametrize(("length", "overlap"), [(14, 4), (8, 4), (5, 0)])
def test_windows_sample_every_frame_once(frames: int, length: int, overlap: int) -> None:
    windows = plan_windows(frames, length, overlap)
    for frame in range(frames):
        assert sum(window.slot_of(frame) is not None for window in windows) == 1
        assert window_of(windows, frame).frames[frame - window_of(windows, frame).start] == frame
    for before, after in itertools.pairwise(windows):
        assert after.held >= overlap
        assert before.start + length - after.start == after.held
    assert all(len(window.frames) == length for window in windows)
    assert windows[-1].frames[-1] == frames - 1


def _sampled(networks: AniDocNetworks, frames: int) -> list[SampledWindow]:
    generator = torch.Generator().manual_seed(2)
    sketches = binarised((torch.rand(frames, 64, 64, generator=generator) * 255).byte())
    picture = torch.rand(3, 64, 64, generator=generator) * 2.0 - 1.0
    maps = LabelMaps(torch.zeros(64, 64), torch.zeros(frames, 64, 64))
    condition = frame_condition(sketches, maps, picture)
    noise = draw_noise(OPTIONS, 8, 8, 8)
    reference = encode_reference(networks, picture, noise, OPTIONS)
    done: list[SampledWindow] = []
    for window in plan_windows(frames, OPTIONS.window, OPTIONS.overlap):
        told = window_conditions(networks, condition[list(window.frames)], reference, OPTIONS)
        previous = done[-1] if done else None
        done.append(sample_window(networks, window, told, previous, noise, OPTIONS, lambda *_: None))
    return done


def test_held_frames_come_out_bit_for_bit_and_takes_change_one(anidoc: AniDocNetworks) -> None:
    first, second = _sampled(anidoc, 6)
    held = second.window.held
    assert torch.equal(second.x0[:held], first.x0[-held:])
    assert not torch.equal(second.x0[held], first.x0[-1])
    heard: list[Tensor] = []
    frame = second.window.start + held
    take = redraw_frame(anidoc, second, frame, OPTIONS, 7, lambda _, estimate: heard.append(estimate))
    assert len(heard) == OPTIONS.num_steps
    assert not torch.equal(take, second.x0[held])
    again = redraw_frame(anidoc, second, frame, OPTIONS, 7, lambda *_: None)
    assert torch.equal(take, again)


@pytest.fixture(scope="module")
def shapes() -> AniDocNetworks:
    with META:
        return build_networks(AniDocConfiguration()).to(META, torch.float16)


@pytest.mark.parametrize(("window", "rows", "columns"), [(14, 40, 64), (8, 72, 128)])
def test_steps_cost_what_is_estimated(shapes: AniDocNetworks, window: int, rows: int, columns: int) -> None:
    halves = torch.empty(0, dtype=torch.float16, device=META)
    told = WindowConditions(
        Conditioning(halves.new_empty(2, 1, 1024), torch.empty(2, 3, device=META)),
        halves.new_empty(2, window, 4, rows, columns),
        halves.new_empty(window, 320, rows, columns),
        torch.empty(window, 1, 1, 1, device=META),
        1.0,
    )
    sample = torch.empty(window, 4, rows, columns, device=META)
    with counted() as count:
        predict(shapes, sample, torch.empty((), device=META), told)
    assert count.operations == pytest.approx(step_operations(window, rows * columns), rel=0.01)
    assert count.peak_bytes == pytest.approx(step_bytes(window, rows * columns, 2), rel=0.02)


def test_every_rung_of_the_ladder_needs_less() -> None:
    clip, effort = ClipSize(14, 320, 512), Effort(decode_chunk=8)
    cost = clip_cost(clip, effort, 25, 2)
    assert 6e14 < cost.operations < 9e14  # 25 steps of 28 TFLOP and the rest
    assert 8e9 < cost.memory_bytes < 16e9  # the authors say about 14 GB
    while (lower := next_effort(effort)) is not None:
        less = clip_cost(clip, lower, 25, 2)
        assert less.memory_bytes < cost.memory_bytes, (effort, lower)
        effort, cost = lower, less
