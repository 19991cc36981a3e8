"""Another take of one frame, with everything around it held as it is.

Overlapped Blending, the other way round: in every step all slots but one follow what they followed when
their segment was sampled, so that they come out bit for bit as they were; only the one draws anew.
"""

from __future__ import annotations

import torch
from torch import Tensor

from keycel_backend.diffusion.lvcd.conditions import ReferenceConditions
from keycel_backend.diffusion.lvcd.denoiser import Guidance, guided_denoise
from keycel_backend.diffusion.lvcd.mixing import SlotMixing
from keycel_backend.diffusion.lvcd.networks import LvcdNetworks
from keycel_backend.diffusion.lvcd.options import SamplingOptions
from keycel_backend.diffusion.lvcd.sampling import (
    EstimateCallback,
    SampledSegment,
    attention_mode,
    check_finite,
    segment_conditions,
)
from keycel_backend.diffusion.lvcd.slots import AttentionMode
from keycel_backend.diffusion.svd.schedule import euler_step, scale_noise


@torch.no_grad()
def redraw_frame(
    networks: LvcdNetworks,
    sketches: Tensor,
    sampled: SampledSegment,
    frame: int,
    reference: ReferenceConditions,
    options: SamplingOptions,
    seed: int,
    on_estimate: EstimateCallback,
) -> Tensor:
    """Samples `frame` of the shot again, from noise of its own.

    Args:
        sketches, reference, options: with which `sampled` was made.
        sampled: a segment that has the frame among its video slots.
        seed: of the frame's noise.
    Returns:
        (4, height, width) scaled latents of the frame. Those of all other slots would be `sampled.x0`.
    Raises:
        KeycelError: RUN_FAILED where the networks give numbers that are not finite.
    """
    layout, device = options.layout, reference.latent.device
    slot = layout.references + sampled.segment.frames.index(frame)
    # 1. noise of its own
    x_t = sampled.x_t.to(device, copy=True)
    generator = torch.Generator().manual_seed(seed)
    x_t[slot] = torch.randn(x_t.shape[1:], generator=generator)
    # 2. steps; the others follow their recorded estimates
    conditions = segment_conditions(
        networks, sketches, sampled.segment, reference, sampled.concat.to(device), options
    )
    first = sampled.segment.number == 0
    guidance = Guidance.of(options, device)
    schedule = options.schedule.sigmas(options.num_steps).to(device)
    mixings = {mode: SlotMixing(layout, mode, device) for mode in AttentionMode}
    sample = scale_noise(x_t, schedule[0])
    for number, held in enumerate(sampled.estimates):
        sigma = schedule[number]
        mixing = mixings[attention_mode(first, number, options)]
        estimate = guided_denoise(networks, sample, sigma, conditions, mixing, guidance, first)
        on_estimate(number, estimate)
        denoised = held.to(device, copy=True)
        denoised[slot] = estimate[slot]
        sample = euler_step(sample, denoised, sigma, schedule[number + 1])
    check_finite(sample, sampled.segment)
    return sample[slot]
