"""Iterative frame alignment: later frames are tuned until frame 0 is denoised as the sketch alone would be.

FlipSketch, section 4.2.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as functional
from diffusers.models.unets.unet_3d_condition import UNet3DConditionModel
from torch import Tensor

from keycel_backend.diffusion.flipsketch.denoiser import TextConditions, predict_noise

LossCallback = Callable[[float], None]
"""Called after every iteration with its loss; may raise, which ends the work."""


def align_frames(
    unet: UNet3DConditionModel,
    latents: Tensor,
    sketch: Tensor,
    timestep: int,
    texts: TextConditions,
    iterations: int,
    rate: float,
    on_loss: LossCallback,
) -> Tensor:
    """The clip with the sketch as its frame 0 and the other frames tuned.

    Args:
        latents: (batch, 4, frames, height, width) float32: the tuning is smaller than a half can tell.
        sketch: (batch, 4, 1, height, width), frame 0 of the reference clip.
        iterations: of Adam; the update of the last one takes no effect, as in the official code.
        on_loss: told of each iteration.
    """
    with torch.no_grad():
        target = predict_noise(unet, sketch, timestep, texts.null)
    tuned = latents[:, :, 1:].clone()
    aligned = torch.cat([sketch, tuned], dim=2)
    if not tuned.shape[2]:
        return aligned
    with torch.enable_grad():
        tuned.requires_grad_()
        optimizer = torch.optim.Adam([tuned], lr=rate)
        for _ in range(iterations):
            clip = torch.cat([sketch, tuned], dim=2)
            aligned = clip.detach()
            noise = predict_noise(unet, clip, timestep, texts.prompt)
            loss = functional.mse_loss(noise[:, :, :1], target)
            (tuned.grad,) = torch.autograd.grad(loss, [tuned])
            optimizer.step()  # pyright: ignore[reportUnknownMemberType]
            on_loss(float(loss.detach()))
    return aligned
