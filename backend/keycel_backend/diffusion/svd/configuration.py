"""Shapes of the networks of Stable Video Diffusion. The defaults are the published ones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UNetConfiguration:
    """Of the UNet and of every ControlNet beside it. Names are those of diffusers."""

    block_out_channels: tuple[int, ...] = (320, 640, 1280, 1280)
    """Channels per level, finest first; the last level has no attention. Multiples of 32."""
    num_attention_heads: tuple[int, ...] = (5, 10, 20, 20)
    """Heads per level."""
    cross_attention_dim: int = 1024
    """Width of the image embedding."""
    in_channels: int = 8
    """Noisy latent and latent of the conditioning image."""
    out_channels: int = 4
    layers_per_block: int = 2
    addition_time_embed_dim: int = 256
    """Width of the embedding of each of the added time ids."""
    time_ids: int = 3
    residual_eps: float | None = 1e-5
    """Epsilon of every GroupNorm inside a residual block. Stable Video Diffusion's own code has one value;
    diffusers (None) builds some of these blocks with 1e-6, which moves the result by 2e-5."""

    @property
    def time_embedding_dim(self) -> int:
        return self.block_out_channels[0] * 4

    @property
    def size_multiple(self) -> int:
        """Sides of latents must be multiples of this, else the skip connections do not fit."""
        return 2 ** (len(self.block_out_channels) - 1)


@dataclass(frozen=True, slots=True)
class AutoencoderConfiguration:
    """Of the VAE with temporal decoder."""

    block_out_channels: tuple[int, ...] = (128, 256, 512, 512)
    layers_per_block: int = 2
    latent_channels: int = 4
    scaling_factor: float = 0.18215
    """Latents inside the diffusion are those of the VAE times this."""

    @property
    def pixels_per_latent(self) -> int:
        return 2 ** (len(self.block_out_channels) - 1)


@dataclass(frozen=True, slots=True)
class ImageEncoderConfiguration:
    """Of the CLIP vision tower (OpenCLIP ViT-H/14)."""

    hidden_size: int = 1280
    intermediate_size: int = 5120
    projection_dim: int = 1024
    num_hidden_layers: int = 32
    num_attention_heads: int = 16
    image_size: int = 224
    patch_size: int = 14
