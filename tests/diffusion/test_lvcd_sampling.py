"""Sampling and the whole pipeline on tiny networks: lengths, sizes, cancelling, guidance, bad numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.tiny_lvcd import TINY, random_lines, random_material, random_networks, random_reference

from keycel_backend.diffusion.fallback import Effort
from keycel_backend.diffusion.lvcd import denoiser
from keycel_backend.diffusion.lvcd.networks import LvcdNetworks
from keycel_backend.diffusion.lvcd.options import SamplingOptions
from keycel_backend.diffusion.lvcd.pipeline import Callbacks, Frames, colorize
from keycel_backend.diffusion.lvcd.sampling import Step, sample_shot
from keycel_backend.diffusion.lvcd.slots import SlotLayout
from keycel_backend.engines.base import Cancelled
from keycel_shared.errors import ErrorCode, KeycelError

QUICK = SamplingOptions(num_steps=2)
CPU = torch.device("cpu")
SILENT = Callbacks(lambda _: None, lambda _: None, lambda _: None)


def _sampled(networks: LvcdNetworks, frames: int, options: SamplingOptions = QUICK) -> torch.Tensor:
    reference, noise = random_reference(options, 8, 8)
    return sample_shot(networks, random_lines(frames, 64, 64), reference, noise, options, lambda _: None)


@pytest.mark.parametrize("frames", [1, 2, 14, 16])
def test_shots_of_any_length(networks: LvcdNetworks, frames: int) -> None:
    latents = _sampled(networks, frames)
    assert latents.shape == (frames, 4, 8, 8)
    assert torch.isfinite(latents).all()


def test_surplus_frames_change_no_official_frame(networks: LvcdNetworks) -> None:
    assert torch.equal(_sampled(networks, 17)[:15], _sampled(networks, 15))


def test_sampling_repeats_exactly_and_follows_the_seed(networks: LvcdNetworks) -> None:
    first = _sampled(networks, 3)
    assert torch.equal(first, _sampled(networks, 3))
    assert not torch.equal(first, _sampled(networks, 3, replace(QUICK, seed=4)))


def test_blending_stops_after_its_last_step(networks: LvcdNetworks) -> None:
    blended = _sampled(networks, 25)
    late = _sampled(networks, 25, replace(QUICK, blend_steps=1))
    assert torch.equal(blended[:11], late[:11])
    assert not torch.allclose(blended[11:15], late[11:15])


def test_prev_reference_attention_stops_after_its_last_step(networks: LvcdNetworks) -> None:
    usual = _sampled(networks, 25)
    late = _sampled(networks, 25, replace(QUICK, prev_attention_steps=1))
    assert torch.equal(usual[:11], late[:11])
    assert not torch.allclose(usual[15:], late[15:])


def test_steps_are_reported(networks: LvcdNetworks) -> None:
    steps: list[Step] = []
    reference, noise = random_reference(QUICK, 8, 8)
    sample_shot(networks, random_lines(25, 64, 64), reference, noise, QUICK, steps.append)
    assert [(step.segment.number, step.number) for step in steps] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [step.share for step in steps] == [0.25, 0.5, 0.75, 1.0]
    assert all(step.denoised.shape == (19, 4, 8, 8) for step in steps)


def test_cancelling_ends_at_the_next_step(networks: LvcdNetworks) -> None:
    seen: list[int] = []

    def cancel(step: Step) -> None:
        seen.append(step.number)
        raise Cancelled

    reference, noise = random_reference(QUICK, 8, 8)
    with pytest.raises(Cancelled):
        sample_shot(networks, random_lines(3, 64, 64), reference, noise, QUICK, cancel)
    assert seen == [0]


def test_guidance_costs_a_second_call_only_where_it_is_used(
    networks: LvcdNetworks, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    plain = denoiser.predict

    def counted(*arguments: object) -> torch.Tensor:
        calls.append(1)
        return plain(*arguments)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(denoiser, "predict", counted)
    unguided = _sampled(networks, 2)
    assert len(calls) == 2
    guided = _sampled(networks, 2, replace(QUICK, guidance=(1.0, 2.5)))
    assert len(calls) == 2 + 4
    assert not torch.allclose(unguided, guided)


def test_numbers_that_are_not_finite_are_an_error() -> None:
    networks = random_networks(TINY, seed=1)
    networks.unet.conv_out.weight.data[0] = torch.nan
    with pytest.raises(KeycelError) as caught:
        _sampled(networks, 2)
    assert caught.value.value.code is ErrorCode.RUN_FAILED


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16])
def test_half_precision_keeps_the_vae_in_single(precision: torch.dtype) -> None:
    exact = random_networks(TINY, seed=5)
    halves = random_networks(TINY, seed=5).to(CPU, precision)
    assert halves.unet.dtype is precision
    assert halves.vae.dtype is torch.float32
    first, second = (_colorized(one, 3, 64, 64).astype(float) for one in (exact, halves))
    assert 0.0 < np.abs(first - second).mean() < 4.0


def _colorized(
    networks: LvcdNetworks,
    frames: int,
    height: int,
    width: int,
    effort: Effort | None = None,
    options: SamplingOptions = QUICK,
) -> Frames:
    material = random_material(frames, height, width)
    return colorize(networks, material, options, CPU, effort or Effort(), SILENT)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (70, 100), (1, 1), (40, 130)])
def test_pictures_of_any_size(networks: LvcdNetworks, height: int, width: int) -> None:
    frames = _colorized(networks, 2, height, width)
    assert frames.shape == (2, height, width, 3)
    assert frames.dtype == np.uint8


def test_less_effort_still_gives_every_frame_in_full_size(networks: LvcdNetworks) -> None:
    effort = Effort(decode_chunk=5, offload=True, window=8, scale=0.5)
    assert _colorized(networks, 18, 128, 128, effort).shape == (18, 128, 128, 3)


def test_noise_on_the_conditioning_image_matters(networks: LvcdNetworks) -> None:
    noisy = replace(QUICK, cond_aug=0.5)
    assert not np.array_equal(_colorized(networks, 2, 64, 64), _colorized(networks, 2, 64, 64, options=noisy))


def test_pictures_of_two_sizes_are_an_error(networks: LvcdNetworks) -> None:
    material = replace(random_material(2, 64, 64), reference=np.zeros((64, 65, 3), np.uint8))
    with pytest.raises(KeycelError) as caught:
        colorize(networks, material, QUICK, CPU, Effort(), SILENT)
    assert caught.value.value.code is ErrorCode.DOC_SIZE_MISMATCH


def test_cancelling_ends_between_decoded_chunks(networks: LvcdNetworks) -> None:
    shares: list[float] = []

    def cancel(share: float) -> None:
        shares.append(share)
        if len(shares) == 2:
            raise Cancelled

    callbacks = replace(SILENT, on_decoded=cancel)
    quickest = replace(QUICK, num_steps=1)
    with pytest.raises(Cancelled):
        colorize(networks, random_material(12, 64, 64), quickest, CPU, Effort(decode_chunk=5), callbacks)
    assert shares == [5 / 12, 6 / 12]


def test_windows_are_the_efforts(networks: LvcdNetworks) -> None:
    steps: list[Step] = []
    callbacks = replace(SILENT, on_step=steps.append)
    colorize(networks, random_material(2, 64, 64), QUICK, CPU, Effort(window=8), callbacks)
    assert {len(step.denoised) for step in steps} == {SlotLayout(8).total}
