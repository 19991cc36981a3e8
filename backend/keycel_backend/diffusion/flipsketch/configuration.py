"""Shapes of the networks of FlipSketch. The defaults are the published ones; names are the publishers'."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class UNetConfiguration:
    """Of the denoiser, ModelScope's text-to-video UNet."""

    block_out_channels: tuple[int, ...] = (320, 640, 1280, 1280)
    """Channels per level, finest first; the last level has no attention."""
    layers_per_block: int = 2
    cross_attention_dim: int = 1024
    """Width of the embedded text."""
    attention_head_dim: int = 64
    """Channels of an attention head."""
    norm_num_groups: int = 32
    in_channels: int = 4
    out_channels: int = 4

    @property
    def size_multiple(self) -> int:
        """Sides of latents are best multiples of this: then no level has to be cut to fit its neighbour."""
        return 2 ** (len(self.block_out_channels) - 1)


@dataclass(frozen=True, slots=True)
class AutoencoderConfiguration:
    """Of the VAE, that of Stable Diffusion 1 and 2."""

    block_out_channels: tuple[int, ...] = (128, 256, 512, 512)
    layers_per_block: int = 2
    latent_channels: int = 4
    norm_num_groups: int = 32
    scaling_factor: float = 0.18215
    """Latents inside the diffusion are those of the VAE times this."""

    @property
    def pixels_per_latent(self) -> int:
        return 2 ** (len(self.block_out_channels) - 1)


@dataclass(frozen=True, slots=True)
class TextEncoderConfiguration:
    """Of the text tower of OpenCLIP ViT-H, without its last layer."""

    vocab_size: int = 49408
    hidden_size: int = 1024
    intermediate_size: int = 4096
    num_hidden_layers: int = 23
    num_attention_heads: int = 16
    max_position_embeddings: int = 77
    """Tokens of a text; shorter ones are padded."""
    hidden_act: str = "gelu"


@dataclass(frozen=True, slots=True)
class ScheduleConfiguration:
    """Noise levels of the training."""

    num_train_timesteps: int = 1000
    beta_start: float = 0.00085
    beta_end: float = 0.012
    steps_offset: int = 1
    set_alpha_to_one: bool = False
    """Whether there is no noise at all before the first timestep, or still that of timestep 0."""


@dataclass(frozen=True, slots=True)
class FlipsketchConfiguration:
    unet: UNetConfiguration = field(default_factory=UNetConfiguration)
    vae: AutoencoderConfiguration = field(default_factory=AutoencoderConfiguration)
    text_encoder: TextEncoderConfiguration = field(default_factory=TextEncoderConfiguration)
    scheduler: ScheduleConfiguration = field(default_factory=ScheduleConfiguration)

    @property
    def size_multiple(self) -> int:
        """Sides of pictures are multiples of this many pixels."""
        return self.unet.size_multiple * self.vae.pixels_per_latent
