"""DDIM run backward: the noise from which a given clip would be drawn."""

from __future__ import annotations

from collections.abc import Callable

import torch
from diffusers.models.unets.unet_3d_condition import UNet3DConditionModel
from torch import Tensor

from keycel_backend.diffusion.flipsketch.denoiser import predict_noise
from keycel_backend.diffusion.flipsketch.schedule import Schedule

StepDone = Callable[[int], None]
"""Called after every step with its number, from 0; may raise, which ends the work."""


@torch.no_grad()
def invert(
    unet: UNet3DConditionModel,
    latents: Tensor,
    schedule: Schedule,
    text: Tensor,
    unconditional: Tensor | None,
    scale: float,
    on_step: StepDone,
) -> Tensor:
    """All stages from the clean clip to noise, (steps + 1, batch, 4, frames, height, width).

    Args:
        text: embedded; what the clip shows. The engine inverts with the empty text.
        unconditional: embedded empty text where `text` is not it; the prediction is then pushed away from
            the text by `scale`, which is the sign of the official code.
    """
    stages = [latents]
    for step, number in enumerate(reversed(range(len(schedule.timesteps)))):
        timestep = schedule.timesteps[number]
        noise = predict_noise(unet, stages[-1], timestep, text)
        if unconditional is not None:
            empty = predict_noise(unet, stages[-1], timestep, unconditional)
            noise = empty + scale * (empty - noise)
        stages.append(schedule.inverse_step(stages[-1], noise, number))
        on_step(step)
    return torch.stack(stages)
