"""Paints a sequence: from noise to latents, some frames held to what they were."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from keycel_backend.diffusion.sketchkey.denoiser import Sequence, denoise, prepare
from keycel_backend.diffusion.sketchkey.networks import SketchKeyNetworks
from keycel_backend.diffusion.svd.schedule import euler_step, scale_noise
from keycel_shared.errors import ErrorCode, KeycelError

NOISE_CEILING = 80.0
"""The level that sampling starts from: nothing of the latents is left to see."""
_RHO = 7.0
"""Spacing of levels, as in EDM (arXiv 2206.00364)."""

StepCallback = Callable[[int, Tensor], None]
"""Called after every step with its number, from 0, and the estimate of the clean latents that it followed,
(frames, channels, height, width); what it raises (`Cancelled`) ends the sampling."""


@dataclass(frozen=True, slots=True)
class Painted:
    """What was painted, and what another take of a single frame needs."""

    latents: Tensor
    """(frames, channels, height, width)"""
    noise: Tensor
    """(frames, channels, height, width) unit normal, that it started from."""
    estimates: tuple[Tensor, ...]
    """For each step the estimate of the clean latents that the step followed."""


def noise_levels(steps: int, floor: float) -> Tensor:
    """(steps + 1,) from `NOISE_CEILING` down to `floor`, then 0."""
    ramp = torch.linspace(0.0, 1.0, steps)
    low, high = floor ** (1.0 / _RHO), NOISE_CEILING ** (1.0 / _RHO)
    return torch.cat([(high + ramp * (low - high)) ** _RHO, torch.zeros(1)])


def frame_noise(seed: int, shape: tuple[int, ...]) -> Tensor:
    """Unit normal noise of one frame; on the CPU, so that every device gets the same."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def paint(
    networks: SketchKeyNetworks,
    sequence: Sequence,
    noise: Tensor,
    steps: int,
    on_step: StepCallback,
    held: Mapping[int, tuple[Tensor, ...]] | None = None,
) -> Painted:
    """Samples one sequence.

    Args:
        sequence: of batch 1, on the device of the networks.
        noise: (frames, channels, height, width) unit normal.
        held: frames that follow these estimates, one for each step, whatever the networks say.
    Raises:
        KeycelError: RUN_FAILED where the networks give numbers that are not finite.
    """
    conditions = prepare(networks, sequence)
    device = sequence.colors.device
    schedule = noise_levels(steps, networks.configuration.noise_floor).to(device)
    sample = scale_noise(noise.to(device), schedule[0])[None]
    known = sequence.known[None, :, None, None, None]
    estimates: list[Tensor] = []
    for number in range(steps):
        denoised = denoise(networks, sample, schedule[number : number + 1], conditions)
        denoised = torch.where(known, sequence.colors, denoised)
        for frame, recorded in (held or {}).items():
            denoised[0, frame] = recorded[number]
        estimates.append(denoised[0])
        sample = euler_step(sample, denoised, schedule[number], schedule[number + 1])
        on_step(number, denoised[0])
    if not torch.isfinite(sample).all():
        raise KeycelError(
            ErrorCode.RUN_FAILED,
            "The network gave numbers that are not finite.",
            "Install Keycel again: its weights may be damaged.",
        )
    return Painted(sample[0], noise, tuple(estimates))
