"""What the networks are told about a shot: the reference picture and the sketches."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from keycel_backend.diffusion.lvcd.networks import LvcdNetworks
from keycel_backend.diffusion.lvcd.options import SamplingOptions
from keycel_backend.diffusion.svd.autoencoder import posterior_mode, posterior_sample
from keycel_backend.diffusion.svd.image_embedding import embed_image


@dataclass(frozen=True, slots=True)
class Noise:
    """All randomness of a shot, unit normal, float32."""

    slots: Tensor
    """(slots, 4, height, width) the first segment starts from."""
    posterior: Tensor
    """(1, 4, height, width) with which the reference's latent is sampled."""
    image: Tensor
    """(1, 3, 8 height, 8 width) added to the conditioning image, times `cond_aug`."""


def draw_noise(options: SamplingOptions, height: int, width: int, pixels_per_latent: int) -> Noise:
    """The official order of draws for latents of this size; on the CPU, so every device gets the same."""
    generator = torch.Generator().manual_seed(options.seed)
    slots = torch.randn(options.layout.total, 4, height, width, generator=generator)
    posterior = torch.randn(1, 4, height, width, generator=generator)
    generator.manual_seed(options.seed)  # the official code seeds again before it makes the conditions
    image = torch.randn(1, 3, height * pixels_per_latent, width * pixels_per_latent, generator=generator)
    return Noise(slots, posterior, image)


@dataclass(frozen=True, slots=True)
class ReferenceConditions:
    """Made of the reference picture, once for a shot. Latents are not scaled, float32."""

    image_embedding: Tensor
    """(1, 1, channels)"""
    first_segment_latent: Tensor
    """(1, 4, height, width) that all slots of the first segment are given."""
    latent: Tensor
    """(1, 4, height, width) that later segments are given, and frame 0 of the result."""


def encode_reference(
    networks: LvcdNetworks, image: Tensor, noise: Noise, options: SamplingOptions
) -> ReferenceConditions:
    """`image` (1, 3, height, width) in -1..1, float32, sides multiples of `size_multiple`."""
    device = image.device
    noisy = image + options.cond_aug * noise.image.to(device)
    moments = networks.vae_first_stage_encoder.encoder(image)
    return ReferenceConditions(
        embed_image(networks.image_encoder, image).float(),
        posterior_mode(networks.vae, noisy),
        posterior_sample(moments, noise.posterior.to(device)),
    )


def sketch_hint(lines: Tensor) -> Tensor:
    """(frames, height, width) uint8, dark lines on white, to the ControlNet's (frames, 3, height, width).

    Lines are 1, paper is 0; no threshold.
    """
    return (1.0 - lines.float() / 255.0)[:, None].expand(-1, 3, -1, -1)


def time_ids(options: SamplingOptions) -> Tensor:
    """(1, 3)"""
    return torch.tensor([[float(options.fps_id), float(options.motion_bucket_id), options.cond_aug]])
