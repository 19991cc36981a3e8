"""What makes sampling faster: fewer steps, compiled passes; and the plain path they are measured with."""

from __future__ import annotations

import logging
from typing import Any, cast

import pytest
import torch
from support.tiny_lvcd import random_lines, random_reference

from keycel_backend.diffusion.compiling import CompiledPass
from keycel_backend.diffusion.lvcd.conditions import sketch_hint, time_ids
from keycel_backend.diffusion.lvcd.mixing import SlotMixing
from keycel_backend.diffusion.lvcd.networks import LvcdNetworks
from keycel_backend.diffusion.lvcd.options import SamplingOptions
from keycel_backend.diffusion.lvcd.sampling import sample_shot
from keycel_backend.diffusion.lvcd.slots import AttentionMode, SlotLayout
from keycel_backend.diffusion.lvcd.unoptimised import PlainMixing, plain_decoding, plain_step
from keycel_backend.diffusion.svd.autoencoder import decode_chunk
from keycel_backend.diffusion.svd.controlnet import controlnet_forward, embed_hint
from keycel_backend.diffusion.svd.layers import Call, residual_block, transformer
from keycel_backend.diffusion.svd.schedule import SIGMA_MAX, Schedule, few_step_sigmas, sigmas
from keycel_backend.diffusion.svd.unet import Conditioning, unet_forward

CPU = torch.device("cpu")
PUBLISHED = [700.0, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.0]
"""Ten steps for Stable Video Diffusion of arXiv 2404.14507."""


@pytest.mark.parametrize("steps", [1, 2, 4, 7, 10, 25])
def test_noise_levels_of_few_steps(steps: int) -> None:
    levels = few_step_sigmas(steps)
    assert levels.shape == (steps + 1,)
    assert levels.dtype is torch.float32
    assert levels[0] == pytest.approx(SIGMA_MAX)
    assert levels[-1] == 0.0
    assert bool((levels.diff() < 0.0).all())


def test_ten_steps_are_the_published_ones() -> None:
    torch.testing.assert_close(few_step_sigmas(10), torch.tensor(PUBLISHED))


def test_few_steps_spend_more_of_them_in_the_middle() -> None:
    def middle(levels: torch.Tensor) -> int:
        return int(((levels > 0.3) & (levels < 30.0)).sum())

    assert middle(Schedule.FEW_STEPS.sigmas(4)) > middle(Schedule.USUAL.sigmas(4))
    assert torch.equal(Schedule.USUAL.sigmas(25), sigmas(25))


def test_sampling_follows_the_schedule(networks: LvcdNetworks) -> None:
    def sampled(schedule: Schedule) -> torch.Tensor:
        options = SamplingOptions(num_steps=4, schedule=schedule)
        reference, noise = random_reference(options, 8, 8)
        return sample_shot(networks, random_lines(3, 64, 64), reference, noise, options, lambda _: None)

    usual, few = sampled(Schedule.USUAL), sampled(Schedule.FEW_STEPS)
    assert torch.isfinite(few).all()
    assert torch.equal(usual[0], few[0])  # the reference
    assert not torch.allclose(usual[1:], few[1:])


def _told(networks: LvcdNetworks, tokens: int) -> Conditioning:
    width = networks.configuration.unet.cross_attention_dim
    embedding = torch.randn(1, 1, width, generator=torch.Generator().manual_seed(3))
    return Conditioning(embedding.expand(1, tokens, width), time_ids(SamplingOptions()))


@pytest.mark.parametrize("mode", [AttentionMode.FIRST_SEGMENT, AttentionMode.NEXT_SEGMENT])
def test_the_plain_path_computes_the_same(networks: LvcdNetworks, mode: AttentionMode) -> None:
    layout, label = SlotLayout(), torch.tensor(0.2)
    sample = torch.randn(1, layout.total, 8, 8, 8, generator=torch.Generator().manual_seed(2))
    lines = random_lines(layout.total, 64, 64)
    plain = plain_step(networks, sample, label, _told(networks, 2), PlainMixing(layout, mode, CPU), lines)
    mixing, told = SlotMixing(layout, mode, CPU), _told(networks, 1)
    hint = embed_hint(networks.controlnet, sketch_hint(lines))
    residuals = controlnet_forward(networks.controlnet, sample, label, told, mixing, hint)
    ours = unet_forward(networks.unet, sample, label, told, mixing, residuals)
    torch.testing.assert_close(ours, plain(), rtol=1e-3, atol=1e-4)


def test_a_frame_is_decoded_alone(networks: LvcdNetworks) -> None:
    latent = torch.randn(1, 4, 2, 2, generator=torch.Generator().manual_seed(1))
    assert torch.equal(plain_decoding(networks, latent)(), decode_chunk(networks.vae, latent))


def test_torch_can_follow_the_layers(networks: LvcdNetworks, caplog: pytest.LogCaptureFixture) -> None:
    """With the backend that translates to no other code: a whole network takes a minute."""
    block = cast("Any", networks.unet.down_blocks[0])
    generator = torch.Generator().manual_seed(2)
    hidden_states = torch.randn(19, 32, 4, 4, generator=generator)
    context = torch.randn(1, 1, networks.configuration.unet.cross_attention_dim, generator=generator)
    mixing = SlotMixing(SlotLayout(), AttentionMode.NEXT_SEGMENT, CPU)
    call = Call(19, torch.randn(19, 128, generator=generator), context, mixing)
    with caplog.at_level(logging.WARNING):
        for function, module, numbers in (
            (residual_block, block.resnets[0], ()),
            (transformer, block.attentions[0], (0,)),
        ):
            compiled = CompiledPass(function, "eager")(module, hidden_states, call, *numbers)
            torch.testing.assert_close(compiled, function(module, hidden_states, call, *numbers))
    assert caplog.records == []


def _no_compiler(*_: object) -> None:
    raise RuntimeError("no working C++ compiler found")


def test_without_a_compiler_the_function_itself_is_called(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[float] = []

    def double(value: torch.Tensor) -> torch.Tensor:
        calls.append(1.0)
        return 2.0 * value

    monkeypatch.setattr(torch, "compile", lambda *_, **__: _no_compiler)
    compiled = CompiledPass(double)
    assert compiled(torch.tensor(3.0)) == 6.0
    assert "uncompiled" in caplog.text
    caplog.clear()
    assert compiled(torch.tensor(4.0)) == 8.0
    assert caplog.text == ""
    assert len(calls) == 2


def test_running_out_of_memory_is_no_reason_not_to_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("simulated")

    monkeypatch.setattr(torch, "compile", lambda *_, **__: full)
    compiled = CompiledPass(lambda value: value)
    for _ in range(2):
        with pytest.raises(torch.OutOfMemoryError):
            compiled(torch.tensor(1.0))
