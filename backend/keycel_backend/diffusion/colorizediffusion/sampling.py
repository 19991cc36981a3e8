"""The steps from noise to latents, with guidance of the reference and of the sketch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from keycel_backend.diffusion.colorizediffusion.networks import ColorizeDiffusionNetworks
from keycel_backend.diffusion.colorizediffusion.schedules import Sampler, clean_estimate, make_scheduler
from keycel_backend.diffusion.colorizediffusion.split_attention import BLOCKS, Split
from keycel_backend.diffusion.colorizediffusion.unet import ALL_AS_TRAINED, Conditioning, unet_forward
from keycel_shared.errors import ErrorCode, KeycelError

BLANK = -1.0
"""A sketch without lines, in every pixel."""

StepCallback = Callable[[int, Tensor], None]
"""Called after every step with its number from 0 and the latents, (batch, 4, height, width), scaled. May
raise (`Cancelled`), which ends the work."""

EstimateCallback = Callable[[Callable[[], Tensor]], None]
"""Called in every step with what gives the latents as they would be when finished, (batch, 4, height,
width), scaled; rough at first."""


@dataclass(frozen=True, slots=True)
class SamplingOptions:
    """The defaults are those of the authors' user interface."""

    sampler: Sampler = Sampler.DPM_SOLVER
    karras: bool = False
    num_steps: int = 20
    reference_guidance: float = 4.0
    """1 is off."""
    sketch_guidance: float = 1.0
    """1 is off."""
    sketch_scale: float = 1.0
    """Strength of the lines."""
    reference_scales: tuple[float, ...] = ALL_AS_TRAINED
    """Strength of the reference in each cross-attention, in order of execution."""


def level_scales(encoder: float, middle: float, low: float) -> tuple[float, ...]:
    """Strengths of the reference as the authors' three sliders set them.

    Levels override each other in this order; the middle block and the finest layers of the decoder are
    reached by none of them.
    """
    scales = [1.0] * BLOCKS
    for blocks, strength in (
        ((0, 1, 2, 3, 4, 5), encoder),
        ((2, 3, 10, 11, 12), middle),
        ((4, 5, 7, 8, 9), low),
    ):
        for block in blocks:
            scales[block] = strength
    return tuple(scales)


@dataclass(frozen=True, slots=True)
class Branches:
    """What one step computes together: the conditional branch first, then those it is pushed away from."""

    told: Conditioning
    """A batch of all branches, each as often as there are pictures."""
    guidance: tuple[float, ...]
    """Of each branch but the first."""

    @classmethod
    def of(
        cls,
        networks: ColorizeDiffusionNetworks,
        sketches: Tensor,
        context: Tensor,
        split: Split | None,
        options: SamplingOptions,
    ) -> Branches:
        """All that stays the same over all steps.

        Args:
            sketches: (pictures, 3, height, width), paper -1 and ink 1.
            context: (1 or pictures, tokens, channels).
            split: its mask for 1 or all pictures.
        """
        pictures = len(sketches)
        dtype = networks.unet.dtype
        context = context.to(dtype).expand(pictures, -1, -1)
        hints = _hints(networks, sketches.to(dtype), options.sketch_scale)
        contexts, lines, guidance = [context], [hints], list[float]()
        if options.reference_guidance != 1.0:
            contexts.append(torch.zeros_like(context))
            lines.append(hints)
            guidance.append(options.reference_guidance)
        if options.sketch_guidance != 1.0:
            contexts.append(context)
            lines.append(_hints(networks, torch.full_like(sketches, BLANK).to(dtype), options.sketch_scale))
            guidance.append(options.sketch_guidance)
        if split is not None:
            mask = split.mask.expand(pictures, -1, -1, -1).repeat(len(contexts), 1, 1, 1)
            split = replace(split, mask=mask)
        told = Conditioning(
            torch.cat(contexts),
            [torch.cat(of_level) for of_level in zip(*lines, strict=True)],
            split,
            options.reference_scales,
        )
        return cls(told, tuple(guidance))

    def guided(self, prediction: Tensor) -> Tensor:
        """(branches * pictures, ...) to (pictures, ...): the mean of what each guidance asks for."""
        conditional, *others = prediction.chunk(1 + len(self.guidance))
        if not others:
            return conditional
        pushed = [
            other + scale * (conditional - other) for other, scale in zip(others, self.guidance, strict=True)
        ]
        return torch.stack(pushed).mean(dim=0) if len(pushed) > 1 else pushed[0]


@torch.no_grad()
def sample_latents(
    networks: ColorizeDiffusionNetworks,
    noise: Tensor,
    sketches: Tensor,
    context: Tensor,
    split: Split | None,
    options: SamplingOptions,
    on_step: StepCallback,
    on_estimate: EstimateCallback = lambda _: None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """(pictures, 4, height / 8, width / 8) scaled latents. Deterministic, and re-entrant.

    Args:
        noise: of the shape of the result, standard normal.
        sketches, context, split: see `Branches.of`.
        generator: of the noise that `Sampler.EULER_ANCESTRAL` adds; one on the CPU gives the same everywhere.
    Raises:
        KeycelError: RUN_FAILED where the networks give numbers that are not finite.
    """
    branches = Branches.of(networks, sketches, context, split, options)
    predicts = networks.configuration.prediction_type
    scheduler: Any = make_scheduler(options.sampler, options.num_steps, predicts, options.karras)
    noisy = {"generator": generator} if options.sampler is Sampler.EULER_ANCESTRAL else {}
    latents = noise * float(scheduler.init_noise_sigma)
    dtype = networks.unet.dtype
    for number, timestep in enumerate(_timesteps(scheduler, noise.device)):
        scaled = scheduler.scale_model_input(latents, timestep)
        batch = scaled.to(dtype).repeat(1 + len(branches.guidance), 1, 1, 1)
        prediction = unet_forward(networks.unet, batch, timestep, branches.told)
        guided = branches.guided(prediction.float())
        on_estimate(partial(clean_estimate, scaled, guided, float(timestep), predicts))
        latents = scheduler.step(guided, timestep, latents, return_dict=False, **noisy)[0]
        on_step(number, latents)
    check_finite(latents)
    return latents


def check_finite(latents: Tensor) -> None:
    """Raises `KeycelError` RUN_FAILED, so that no black picture is taken for a result."""
    if not torch.isfinite(latents).all():
        raise KeycelError(
            ErrorCode.RUN_FAILED,
            "The networks gave numbers that are not finite.",
            "Try again with single precision, or install the model again: its weights may be damaged.",
        )


def draw_noise(seed: int, height: int, width: int) -> Tensor:
    """(1, 4, height, width) standard normal, drawn on the CPU: the same on every device."""
    return torch.randn(1, 4, height, width, generator=torch.Generator().manual_seed(seed))


def encode_mean(networks: ColorizeDiffusionNetworks, pictures: Tensor) -> Tensor:
    """(pictures, 3, 8 height, 8 width) in -1..1 to their likeliest (pictures, 4, height, width), scaled."""
    vae = networks.vae
    assert vae.quant_conv is not None  # only kinds without it leave it out
    mean, _ = vae.quant_conv(vae.encoder(pictures)).chunk(2, dim=1)
    return mean * networks.configuration.autoencoder.scaling_factor


def decode_latents(networks: ColorizeDiffusionNetworks, latents: Tensor) -> Tensor:
    """Scaled (pictures, 4, height, width) to (pictures, 3, 8 height, 8 width), not clamped."""
    unscaled = latents.float() / networks.configuration.autoencoder.scaling_factor
    vae = networks.vae
    assert vae.post_quant_conv is not None  # only kinds without it leave it out
    return vae.decoder(vae.post_quant_conv(unscaled))


def _timesteps(scheduler: Any, device: torch.device) -> Sequence[Tensor]:
    return list(scheduler.timesteps.to(device))


def _hints(networks: ColorizeDiffusionNetworks, sketches: Tensor, scale: float) -> list[Tensor]:
    return [hint * scale for hint in networks.sketch_encoder(sketches)]
