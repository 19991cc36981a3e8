"""AniDoc's schedule, guidance, noise and preparation of pictures, beside the official ones."""

from __future__ import annotations

import re

import torch
from goldens.anidoc_set import OFFICIAL_NOISE, AniDocSet, assert_near
from safetensors.torch import load_file

from keycel_backend.diffusion.anidoc.schedule import sigmas
from keycel_backend.diffusion.svd.schedule import Preconditioning, euler_step, scale_noise


def test_schedules(anidoc: AniDocSet) -> None:
    tensors, limit = anidoc.tensors("g"), anidoc.tolerance["g"]
    found = [match for name in tensors if (match := re.fullmatch(r"steps(\d+)\.sigmas", name))]
    assert found
    for match in found:
        steps = int(match[1])
        ours = sigmas(steps)
        assert_near(ours, tensors[f"steps{steps}.sigmas"], limit)
        assert_near(Preconditioning.at(ours[:-1]).label, tensors[f"steps{steps}.timesteps"], limit)
        start = scale_noise(torch.ones(1), ours[:1])
        assert_near(start, tensors[f"steps{steps}.init_noise_sigma"], limit)


def test_guidance_ramps(anidoc: AniDocSet) -> None:
    for name, expected in anidoc.tensors("g").items():
        if name.startswith("guidance.frames"):
            low, high = (anidoc.config["call_h"][f"{end}_guidance_scale"] for end in ("min", "max"))
            assert_near(torch.linspace(low, high, len(expected)), expected, anidoc.tolerance["g"])


def test_euler_steps(anidoc: AniDocSet) -> None:
    tensors, limit = anidoc.tensors("g"), anidoc.tolerance["g"]
    steps = sum(name.endswith(".v") for name in tensors)
    schedule = sigmas(steps)
    sample = scale_noise(tensors["euler.in.noise"], schedule[0])
    for number in range(steps):
        scales = Preconditioning.at(schedule[number])
        assert_near(sample * scales.into, tensors[f"euler.step{number}.scaled_input"], limit)
        estimate = scales.skip * sample + scales.out * tensors[f"euler.step{number}.v"]
        sample = euler_step(sample, estimate, schedule[number], schedule[number + 1])
        assert_near(sample, tensors[f"euler.step{number}.x"], limit * max(1.0, float(sample.abs().max())))


def test_noise_of_the_official_default_run(anidoc: AniDocSet) -> None:
    """Ours is drawn in single precision; the release's half-precision stream is another one."""
    stored = load_file(anidoc.folder.parent / OFFICIAL_NOISE)
    frames, channels, rows, columns = stored["latents_noise_f16"].shape[1:]
    generator = torch.Generator().manual_seed(42)
    image = torch.randn(1, 3, rows * 8, columns * 8, generator=generator).flatten()
    latents = torch.randn(frames, channels, rows, columns, generator=generator).flatten()
    assert torch.equal(image[:64], stored["image_noise_f32_first64"])
    assert torch.equal(image[-64:], stored["image_noise_f32_last64"])
    assert torch.equal(latents[:64], stored["latents_noise_drawn_in_f32_first64"])
