"""The VAE: the sketch to latents, and latents to pictures."""

from __future__ import annotations

from typing import Any, cast

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from torch import Tensor


@torch.no_grad()
def encode_sketch(vae: AutoencoderKL, picture: Tensor, noise: Tensor) -> Tensor:
    """Samples of the sketch's latent, as the frames of a clip.

    Args:
        picture: (1, 3, height, width) in **0..1**: the VAE is told so, as in the official code, and sees
            black ink as grey.
        noise: (frames, 4, height / 8, width / 8), unit normal.
    Returns:
        (1, 4, frames, height / 8, width / 8), scaled.
    """
    posterior: Any = vae.encode(picture.to(vae.dtype), return_dict=False)[0]
    latents = posterior.mean + posterior.std * noise.to(posterior.mean)
    return (latents * vae.config["scaling_factor"]).transpose(0, 1)[None].float()


@torch.no_grad()
def decode_frames(vae: AutoencoderKL, latents: Tensor) -> Tensor:
    """Scaled (frames, 4, height, width) to (frames, 3, 8 height, 8 width), about -1..1 and not clamped."""
    unscaled = (latents / vae.config["scaling_factor"]).to(vae.dtype)
    return cast("Any", vae).decode(unscaled, return_dict=False)[0].float()
