"""Samples a clip beside its reference clip: FlipSketch's denoising loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from diffusers.models.unets.unet_3d_condition import UNet3DConditionModel
from torch import Tensor

from keycel_backend.diffusion.flipsketch.alignment import align_frames
from keycel_backend.diffusion.flipsketch.composition import Composition, Recording
from keycel_backend.diffusion.flipsketch.denoiser import TextConditions, guided, predict_noise
from keycel_backend.diffusion.flipsketch.options import SamplingOptions
from keycel_backend.diffusion.flipsketch.schedule import Schedule
from keycel_shared.errors import ErrorCode, KeycelError


@dataclass(frozen=True, slots=True)
class Step:
    """What a step did. Latents are (batch, 4, frames, height, width), scaled."""

    number: int
    steps: int
    reference: Tensor
    """The reference clip, after the step."""
    aligned: Tensor
    """The clip with which the step began, after its alignment if it has one."""
    latents: Tensor
    """After the step."""
    estimate: Tensor
    """Of the finished clip; rough at first. For previews."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Both may raise (`Cancelled`), which ends the work."""

    on_step: Callable[[Step], None]
    on_alignment: Callable[[float], None]
    """Called after every iteration of the alignment with its loss."""


@torch.no_grad()
def sample_clip(
    unet: UNet3DConditionModel,
    noise: Tensor,
    sketch: Tensor,
    texts: TextConditions,
    schedule: Schedule,
    options: SamplingOptions,
    listener: Listener,
) -> Tensor:
    """The scaled latents of a clip, (batch, 4, frames, height, width).

    Args:
        noise: unit normal, of the result's shape; its frame 0 is replaced by the sketch's.
        sketch: (batch, 4, 1, height, width), the sketch's noise by `invert`.
        schedule: of `options.num_steps`.
    Raises:
        KeycelError: RUN_FAILED where the network gives numbers that are not finite.
    """
    frames = noise.shape[2]
    latents = torch.cat([sketch, noise[:, :, 1:]], dim=2)
    reference = sketch.expand(-1, -1, frames, -1, -1)
    for number, timestep in enumerate(schedule.timesteps):
        # 1. fewer and fewer copies of the sketch
        copies = max(1, frames - number)
        reference = reference[:, :, :copies]
        # 2. frames that suit the sketch
        if number < options.aligned_steps:
            latents = align_frames(
                unet,
                latents,
                reference[:, :, :1],
                timestep,
                texts,
                options.alignment_iterations,
                options.alignment_rate,
                listener.on_alignment,
            )
        aligned = latents
        # 3. the clip, beside the sketch as long as that is composed
        negative = predict_noise(unet, latents, timestep, texts.negative)
        if number < options.composed_steps:
            recording = Recording()
            null = predict_noise(unet, reference, timestep, texts.null, recording)
            composition = Composition(recording, frames, copies, options.fidelity)
            text = predict_noise(unet, latents, timestep, texts.prompt, composition)
            away = null if texts.negative_is_null else predict_noise(
                unet, reference, timestep, texts.negative
            )  # fmt: skip
            reference = schedule.step(reference, guided(away, null, options.guidance), number)
        else:
            text = predict_noise(unet, latents, timestep, texts.prompt)
        predicted = guided(negative, text, options.guidance)
        estimate = schedule.estimate(latents, predicted, number)
        latents = schedule.step(latents, predicted, number)
        listener.on_step(Step(number, len(schedule.timesteps), reference, aligned, latents, estimate))
    if not torch.isfinite(latents).all():
        raise KeycelError(
            ErrorCode.RUN_FAILED,
            "The network gave numbers that are not finite.",
            "Install the model again: its weights may be damaged.",
        )
    return latents
