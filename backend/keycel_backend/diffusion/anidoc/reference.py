"""What the networks are told of the reference picture."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from keycel_backend.diffusion.anidoc.networks import AniDocNetworks
from keycel_backend.diffusion.anidoc.options import SamplingOptions
from keycel_backend.diffusion.svd.autoencoder import posterior_mode
from keycel_backend.diffusion.svd.image_embedding import embed_image


@dataclass(frozen=True, slots=True)
class Noise:
    """All randomness of a shot, unit normal, float32."""

    image: Tensor
    """(1, 3, 8 height, 8 width) added to the reference, times `noise_aug_strength`."""
    frames: Tensor
    """(window, 4, height, width) the frames of the first window start from."""


def draw_noise(options: SamplingOptions, height: int, width: int, pixels_per_latent: int) -> Noise:
    """The official order of draws for latents of this size; on the CPU, so every device gets the same."""
    generator = torch.Generator().manual_seed(options.seed)
    size = height * pixels_per_latent, width * pixels_per_latent
    image = torch.randn(1, 3, *size, generator=generator)
    return Noise(image, torch.randn(options.window, 4, height, width, generator=generator))


@dataclass(frozen=True, slots=True)
class EncodedReference:
    """Made of the reference picture, once for a shot; float32."""

    image_embedding: Tensor
    """(1, 1, channels)"""
    latent: Tensor
    """(1, 4, height, width), not scaled."""
    picture: Tensor
    """(3, 8 height, 8 width) in -1..1."""


def encode_reference(
    networks: AniDocNetworks, picture: Tensor, noise: Noise, options: SamplingOptions
) -> EncodedReference:
    """`picture` (3, height, width) in -1..1, float32, sides multiples of `size_multiple`."""
    image = picture[None]
    return EncodedReference(
        embed_image(networks.image_encoder, image).float(),
        posterior_mode(networks.vae, noisy_reference(image, noise, options)),
        picture,
    )


def noisy_reference(image: Tensor, noise: Noise, options: SamplingOptions) -> Tensor:
    """What is encoded: (1, 3, height, width) in about -1..1."""
    return image + options.noise_aug_strength * noise.image.to(image.device)


def both_halves(tensor: Tensor) -> Tensor:
    """(1, ...) to (2, ...): nothing in the half without the reference, then the tensor."""
    return torch.cat([torch.zeros_like(tensor), tensor])
