"""Shapes of the networks of ColorizeDiffusion v1.5. The defaults are the published ones."""

from __future__ import annotations

from dataclasses import dataclass, field

from keycel_backend.diffusion.svd.configuration import AutoencoderConfiguration, ImageEncoderConfiguration

PREDICTION_TYPES = ("epsilon", "v_prediction")
"""What a denoiser may have been trained to predict, as diffusers names it."""


@dataclass(frozen=True, slots=True)
class DenoiserConfiguration:
    """Of the UNet, and of the sketch encoder beside it. Names are those of diffusers where it has one."""

    block_out_channels: tuple[int, ...] = (320, 640, 1280, 1280)
    """Channels per level, finest first; the last level has no attention. Multiples of 32."""
    num_attention_heads: tuple[int, ...] = (5, 10, 20, 20)
    """Heads per level."""
    cross_attention_dim: int = 1024
    """Width of the reference tokens."""
    in_channels: int = 4
    out_channels: int = 4
    layers_per_block: int = 2
    foreground_rank: int = 4
    """Of the low-rank adapters of the foreground, whatever the layer."""
    background_rank: float = 0.5
    """Of those of the background, as a share of the smaller side of each layer."""

    @property
    def size_multiple(self) -> int:
        """Sides of latents must be multiples of this, else the skip connections do not fit."""
        return 2 ** (len(self.block_out_channels) - 1)


@dataclass(frozen=True, slots=True)
class BackgroundConfiguration:
    """Of the background transformer and of the threshold embedder, both as wide as reference tokens."""

    num_tokens: int = 256
    """Learned queries: as many as the image encoder has patches."""
    num_layers: int = 6
    head_dim: int = 64
    threshold_dim: int = 256
    """Width of the sinusoidal embedding of a threshold."""


@dataclass(frozen=True, slots=True)
class ColorizeDiffusionConfiguration:
    """Of all networks, and what the denoiser was trained to predict."""

    denoiser: DenoiserConfiguration = field(default_factory=DenoiserConfiguration)
    background: BackgroundConfiguration = field(default_factory=BackgroundConfiguration)
    autoencoder: AutoencoderConfiguration = field(default_factory=AutoencoderConfiguration)
    image_encoder: ImageEncoderConfiguration = field(default_factory=ImageEncoderConfiguration)
    prediction_type: str = "epsilon"
    """One of `PREDICTION_TYPES`. The tensors of a file do not tell which, so it
    is recorded here; the published v1.5 file is epsilon."""

    @property
    def size_multiple(self) -> int:
        """Sides of pictures must be multiples of this many pixels."""
        return self.denoiser.size_multiple * self.autoencoder.pixels_per_latent
