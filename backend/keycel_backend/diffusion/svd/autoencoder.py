"""The VAE: pictures to latents, and latents to pictures in overlapping chunks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from diffusers.models.autoencoders.autoencoder_kl_temporal_decoder import AutoencoderKLTemporalDecoder
from diffusers.models.autoencoders.vae import Encoder
from torch import Tensor, nn

from keycel_backend.diffusion.svd.configuration import AutoencoderConfiguration


class FirstStageEncoder(nn.Module):
    """The second VAE encoder in the published files: same shape, but no convolution after it."""

    def __init__(self, configuration: AutoencoderConfiguration) -> None:
        super().__init__()
        self.encoder = Encoder(
            out_channels=configuration.latent_channels,
            down_block_types=_down_block_types(configuration),
            block_out_channels=configuration.block_out_channels,
            layers_per_block=configuration.layers_per_block,
            double_z=True,
        )
        self.requires_grad_(False).eval()


def build_autoencoder(configuration: AutoencoderConfiguration) -> AutoencoderKLTemporalDecoder:
    """With random weights, on the default device. It always works in float32."""
    autoencoder = AutoencoderKLTemporalDecoder(
        # diffusers annotates both as if there were one level
        down_block_types=_down_block_types(configuration),  # pyright: ignore[reportArgumentType]
        block_out_channels=configuration.block_out_channels,  # pyright: ignore[reportArgumentType]
        layers_per_block=configuration.layers_per_block,
        latent_channels=configuration.latent_channels,
        scaling_factor=configuration.scaling_factor,
    )
    return autoencoder.requires_grad_(False).eval()


def posterior_mode(autoencoder: AutoencoderKLTemporalDecoder, image: Tensor) -> Tensor:
    """(frames, 3, 8 height, 8 width) in -1..1 to (frames, 4, height, width), not scaled."""
    moments = autoencoder.quant_conv(autoencoder.encoder(image))
    return moments.chunk(2, dim=1)[0]


def posterior_sample(moments: Tensor, noise: Tensor) -> Tensor:
    """(frames, 8, height, width) mean and logarithm of variance, with unit noise; not scaled."""
    mean, log_variance = moments.chunk(2, dim=1)
    return mean + torch.exp(0.5 * log_variance.clamp(-30.0, 20.0)) * noise


@dataclass(frozen=True, slots=True)
class DecodeChunks:
    """How a long video is cut for the temporal decoder, which sees a chunk at once.

    The cut shows in the pixels: published results use the defaults.
    """

    size: int = 10
    """Latents in a chunk; more need more memory. At least anchors + overlap + 1."""
    overlap: int = 3
    """Frames shared with the chunk before."""
    anchors: int = 1
    """Frames from the start of the video put in front of every chunk."""

    def of(self, frames: int) -> Iterator[tuple[tuple[int, ...], int]]:
        """For each chunk its frame numbers, and how many of them an earlier chunk has delivered."""
        length = self.size - self.anchors
        anchors = tuple(range(min(self.anchors, frames)))
        start = self.anchors
        yield anchors + tuple(range(start, min(start + length, frames))), 0
        while start + length < frames:
            start += length - self.overlap
            yield anchors + tuple(range(start, min(start + length, frames))), self.anchors + self.overlap


def decode_chunk(autoencoder: AutoencoderKLTemporalDecoder, latents: Tensor) -> Tensor:
    """Scaled (frames, 4, height, width) of one chunk to (frames, 3, 8 height, 8 width), not clamped."""
    latents = latents / autoencoder.config["scaling_factor"]
    # a re-entrant pass: the decoder keeps nothing of a call
    indicator = latents.new_zeros(1, len(latents))
    return autoencoder.decoder(latents, num_frames=len(latents), image_only_indicator=indicator)


def decode_video(
    autoencoder: AutoencoderKLTemporalDecoder, latents: Tensor, chunks: DecodeChunks
) -> Iterator[Tensor]:
    """Scaled (frames, 4, height, width) to pictures in -1..1, as (some, 3, 8 height, 8 width) in order."""
    for frames, delivered in chunks.of(len(latents)):
        decoded = decode_chunk(autoencoder, latents[list(frames)])
        yield decoded[delivered:].clamp(-1.0, 1.0)


def _down_block_types(configuration: AutoencoderConfiguration) -> tuple[str, ...]:
    return ("DownEncoderBlock2D",) * len(configuration.block_out_channels)
