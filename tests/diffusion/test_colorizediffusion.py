"""ColorizeDiffusion's modes, split, guidance and samplers, on small networks with random weights."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from support.tiny_colorizediffusion import TINY
from torch import Tensor

from keycel_backend.diffusion.colorizediffusion.cost import calls_of
from keycel_backend.diffusion.colorizediffusion.modes import (
    Mode,
    Reference,
    Thresholds,
    reference_context,
    sketch_split,
)
from keycel_backend.diffusion.colorizediffusion.networks import ColorizeDiffusionNetworks
from keycel_backend.diffusion.colorizediffusion.sampling import (
    SamplingOptions,
    decode_latents,
    draw_noise,
    sample_latents,
)
from keycel_backend.diffusion.colorizediffusion.schedules import Sampler, make_scheduler
from keycel_shared.errors import ErrorCode, KeycelError

QUICK = SamplingOptions(num_steps=4)
THRESHOLDS = Thresholds()


def _reference(seed: int = 1) -> Reference:
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(1, 3, 40, 30, generator=generator) * 2.0 - 1.0
    mask = torch.zeros(1, 1, 40, 30)
    mask[..., 10:20] = 1.0
    return Reference(image, mask)


def _mask() -> Tensor:
    """The left half of the drawing is its foreground."""
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., :4] = 1.0
    return mask


def _sketches(pictures: int = 1, size: int = 64) -> Tensor:
    lines = torch.full((pictures, 3, size, size), -1.0)
    lines[..., size // 3] = 1.0
    return lines


def _sampled(
    networks: ColorizeDiffusionNetworks,
    mode: Mode,
    reference: Reference | None,
    options: SamplingOptions = QUICK,
    pictures: int = 1,
) -> Tensor:
    context = reference_context(networks, reference, mode, THRESHOLDS)
    split = sketch_split(mode, _mask(), THRESHOLDS)
    noise = draw_noise(3, 8, 8).repeat(pictures, 1, 1, 1)
    return sample_latents(networks, noise, _sketches(pictures), context, split, options, lambda *_: None)


@pytest.mark.parametrize("mode", list(Mode))
def test_every_mode_colors_and_is_the_same_each_time(
    mode: Mode, coloring_networks: ColorizeDiffusionNetworks
) -> None:
    first, again = (_sampled(coloring_networks, mode, _reference()) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, _sampled(coloring_networks, mode, _reference(seed=2)))
    decoded = decode_latents(coloring_networks, first)
    assert decoded.shape == (1, 3, 64, 64)
    assert torch.isfinite(decoded).all()


def test_modes_differ(coloring_networks: ColorizeDiffusionNetworks) -> None:
    results = [_sampled(coloring_networks, mode, _reference()) for mode in Mode]
    for number, one in enumerate(results):
        assert all(not torch.allclose(one, other, atol=1e-3) for other in results[number + 1 :])


def test_split_keeps_each_half_to_its_own_tokens_and_both_does_not(
    coloring_networks: ColorizeDiffusionNetworks,
) -> None:
    split = reference_context(coloring_networks, _reference(), Mode.SPLIT, THRESHOLDS)
    both = reference_context(coloring_networks, _reference(), Mode.BOTH, THRESHOLDS)
    assert not torch.allclose(*split.chunk(2, dim=1))
    assert torch.equal(*both.chunk(2, dim=1)), "as the official release"
    assert torch.equal(both.chunk(2, dim=1)[0], split)


def test_the_foreground_of_the_reference_does_not_reach_the_background_tokens(
    coloring_networks: ColorizeDiffusionNetworks,
) -> None:
    plain = _reference()
    assert plain.mask is not None
    other = replace(plain, image=torch.where(plain.mask > 0.5, -plain.image, plain.image))
    ours, theirs = (
        reference_context(coloring_networks, one, Mode.SPLIT, THRESHOLDS).chunk(2, dim=1)
        for one in (plain, other)
    )
    assert not torch.equal(ours[0], theirs[0])
    assert torch.equal(ours[1], theirs[1])


def test_several_pictures_at_once_are_what_each_is_alone(
    coloring_networks: ColorizeDiffusionNetworks,
) -> None:
    for mode in Mode:  # "both" fails so in the official code
        alone = _sampled(coloring_networks, mode, _reference())
        together = _sampled(coloring_networks, mode, _reference(), pictures=2)
        assert torch.allclose(together, alone.expand(2, -1, -1, -1), atol=2e-3)


def test_calls_at_the_same_time_do_not_disturb_each_other(
    coloring_networks: ColorizeDiffusionNetworks,
) -> None:
    modes = [Mode.VANILLA, Mode.SPLIT, Mode.BACKGROUND, Mode.FOREGROUND]
    expected = [_sampled(coloring_networks, mode, _reference()) for mode in modes]
    with ThreadPoolExecutor(len(modes)) as pool:
        found = list(pool.map(lambda mode: _sampled(coloring_networks, mode, _reference()), modes))
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_guidance_pushes_away_from_no_reference_and_from_no_lines(
    coloring_networks: ColorizeDiffusionNetworks,
) -> None:
    off = replace(QUICK, reference_guidance=1.0)
    plain = _sampled(coloring_networks, Mode.VANILLA, _reference(), off)
    for options in (
        replace(off, reference_guidance=3.0),
        replace(off, sketch_guidance=2.0),
        replace(off, sketch_scale=0.5),
        replace(off, reference_scales=(0.5,) * 16),
    ):
        assert not torch.allclose(
            _sampled(coloring_networks, Mode.VANILLA, _reference(), options), plain, atol=1e-3
        )
    # without a reference there is nothing to be pushed towards
    nothing = _sampled(coloring_networks, Mode.VANILLA, None, off)
    guided = _sampled(coloring_networks, Mode.VANILLA, None, replace(off, reference_guidance=5.0))
    assert torch.allclose(nothing, guided, atol=1e-4)


@pytest.mark.parametrize("sampler", list(Sampler))
@pytest.mark.parametrize("karras", [False, True])
def test_every_sampler_follows_what_the_networks_say(sampler: Sampler, karras: bool) -> None:
    """Of a network that always knows the answer, whatever it is asked to predict."""
    answer = torch.full((1, 4, 2, 2), 0.7)
    for prediction_type in ("epsilon", "v_prediction"):
        scheduler = make_scheduler(sampler, 8, prediction_type, karras)
        sample = torch.randn(1, 4, 2, 2, generator=torch.Generator().manual_seed(0))
        sample = sample * float(scheduler.init_noise_sigma)
        for timestep in scheduler.timesteps:
            kept = _kept_at(float(timestep))
            given = scheduler.scale_model_input(sample, timestep)
            noise = (given - kept**0.5 * answer) / (1.0 - kept) ** 0.5
            velocity = kept**0.5 * noise - (1.0 - kept) ** 0.5 * answer
            predicted = noise if prediction_type == "epsilon" else velocity
            sample = scheduler.step(predicted, timestep, sample, return_dict=False)[0]
        assert torch.allclose(sample, answer, atol=0.1)


@pytest.mark.parametrize("sampler", [Sampler.HEUN, Sampler.EULER_ANCESTRAL])
@pytest.mark.parametrize("karras", [False, True])
def test_steps_are_those_of_the_published_formulas(sampler: Sampler, karras: bool) -> None:
    """arXiv 2206.00364, algorithm 1 without churn; and ancestral steps as in arXiv 2010.02502 with eta 1."""
    steps = 6
    levels = list(make_scheduler(Sampler.EULER, steps, "epsilon", karras).sigmas.double())
    start = torch.randn(1, 4, 2, 2, generator=torch.Generator().manual_seed(0))
    scheduler = make_scheduler(sampler, steps, "epsilon", karras)
    assert len(scheduler.timesteps) == calls_of(sampler.value, steps)
    sample, seeded = start * float(scheduler.init_noise_sigma), torch.Generator().manual_seed(5)
    for timestep in scheduler.timesteps:
        sigma = (1.0 / _kept_at(float(timestep)) - 1.0) ** 0.5
        predicted = _noise_in(sample.double(), sigma).float()
        extra = {"generator": seeded} if sampler is Sampler.EULER_ANCESTRAL else {}
        scheduler.scale_model_input(sample, timestep)
        sample = scheduler.step(predicted, timestep, sample, return_dict=False, **extra)[0]
    wanted, seeded = start.double() * levels[0], torch.Generator().manual_seed(5)
    for sigma, following in pairwise(levels):
        slope = _noise_in(wanted, sigma)
        if sampler is Sampler.HEUN:
            ahead = wanted + slope * (following - sigma)
            mean = slope if following == 0.0 else (slope + _noise_in(ahead, following)) / 2.0
            wanted = wanted + mean * (following - sigma)
        else:
            added = following * (1.0 - (following / sigma) ** 2) ** 0.5
            wanted = wanted + slope * ((following**2 - added**2) ** 0.5 - sigma)
            wanted = wanted + added * torch.randn(1, 4, 2, 2, generator=seeded).double()
    assert torch.allclose(sample.double(), wanted, atol=2e-3)


def _noise_in(sample: torch.Tensor, sigma: float) -> torch.Tensor:
    """What a network says that knows pictures to be normal with mean 0.7 and deviation 0.5."""
    return sigma * (sample - 0.7) / (0.25 + sigma**2)


def _kept_at(timestep: float) -> float:
    """Share of the picture in the variance of a sample, between training steps on the scale of noise."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    kept = torch.cumprod(1.0 - betas, dim=0)
    log_sigmas = 0.5 * ((1.0 - kept) / kept).log()
    low = min(int(timestep), 998)
    share = timestep - low
    sigma = float((log_sigmas[low] * (1.0 - share) + log_sigmas[low + 1] * share).exp())
    return 1.0 / (1.0 + sigma**2)


def test_numbers_that_are_not_finite_are_an_error(coloring_networks: ColorizeDiffusionNetworks) -> None:
    reference = replace(_reference(), image=torch.full((1, 3, 40, 30), torch.nan))
    with pytest.raises(KeycelError) as caught:
        _sampled(coloring_networks, Mode.VANILLA, reference)
    assert caught.value.value.code is ErrorCode.RUN_FAILED


def test_pictures_need_not_be_square(coloring_networks: ColorizeDiffusionNetworks) -> None:
    context = reference_context(coloring_networks, _reference(), Mode.SPLIT, THRESHOLDS)
    mask = torch.ones(1, 1, 8, 16)
    sketches = torch.full((1, 3, 64, 128), -1.0)
    split = sketch_split(Mode.SPLIT, mask, THRESHOLDS)
    noise = draw_noise(1, 8, 16)
    latents = sample_latents(coloring_networks, noise, sketches, context, split, QUICK, lambda *_: None)
    assert latents.shape == (1, 4, 8, 16)
    assert TINY.size_multiple == 64
