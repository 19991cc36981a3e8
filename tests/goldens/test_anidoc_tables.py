"""AniDoc's schedule, guidance, noise and preparation of pictures, beside the official ones."""

from __future__ import annotations

import re

import pytest
import torch
from goldens.anidoc_set import OFFICIAL_NOISE, AniDocSet, assert_near
from safetensors.torch import load_file

from keycel_backend.diffusion.anidoc.options import SamplingOptions
from keycel_backend.diffusion.anidoc.schedule import clean_estimate, network_input, network_label, sigmas
from keycel_backend.diffusion.svd.schedule import euler_step, scale_noise


def test_schedules(anidoc: AniDocSet) -> None:
    tensors, limit = anidoc.tensors("g"), anidoc.tolerance["g"]
    found = [match for name in tensors if (match := re.fullmatch(r"steps(\d+)\.sigmas", name))]
    assert found
    for match in found:
        steps = int(match[1])
        ours = sigmas(steps)
        assert_near(ours, tensors[f"steps{steps}.sigmas"], limit)
        assert_near(network_label(ours[:-1]), tensors[f"steps{steps}.timesteps"], limit)
        start = scale_noise(torch.ones(1), ours[:1])
        assert_near(start, tensors[f"steps{steps}.init_noise_sigma"], limit)


def test_guidance_ramps(anidoc: AniDocSet) -> None:
    """Between the scales of one of the set's calls, or the authors' own: the set does not say which."""
    ramps = {SamplingOptions().guidance} | {
        (anidoc.config[call]["min_guidance_scale"], anidoc.config[call]["max_guidance_scale"])
        for call in ("call_c_and_d", "call_h")
    }
    found = [tensor for name, tensor in anidoc.tensors("g").items() if name.startswith("guidance.frames")]
    assert found
    for expected in found:
        ours = [torch.linspace(low, high, len(expected)) for low, high in ramps]
        assert min(float((one - expected).abs().max()) for one in ours) <= anidoc.tolerance["g"]


def test_euler_steps(anidoc: AniDocSet) -> None:
    tensors, limit = anidoc.tensors("g"), anidoc.tolerance["g"]
    steps = sum(name.endswith(".v") for name in tensors)
    schedule = sigmas(steps)
    sample = scale_noise(tensors["euler.in.noise"], schedule[0])
    for number in range(steps):
        level = schedule[number]
        assert_near(network_input(sample, level), tensors[f"euler.step{number}.scaled_input"], limit)
        estimate = clean_estimate(sample, tensors[f"euler.step{number}.v"], level)
        sample = euler_step(sample, estimate, level, schedule[number + 1])
        assert_near(sample, tensors[f"euler.step{number}.x"], limit * max(1.0, float(sample.abs().max())))


def test_noise_of_the_official_default_run(anidoc: AniDocSet) -> None:
    """Ours is drawn in single precision; the release's half-precision stream is another one."""
    path = anidoc.folder.parent / OFFICIAL_NOISE
    if not path.is_file():
        pytest.skip(f"{path} is missing: it belongs to no set, and is the same beside all of them")
    stored = load_file(path)
    frames, channels, rows, columns = stored["latents_noise_f16"].shape[1:]
    generator = torch.Generator().manual_seed(42)
    image = torch.randn(1, 3, rows * 8, columns * 8, generator=generator).flatten()
    latents = torch.randn(frames, channels, rows, columns, generator=generator).flatten()
    assert torch.equal(image[:64], stored["image_noise_f32_first64"])
    assert torch.equal(image[-64:], stored["image_noise_f32_last64"])
    assert torch.equal(latents[:64], stored["latents_noise_drawn_in_f32_first64"])
