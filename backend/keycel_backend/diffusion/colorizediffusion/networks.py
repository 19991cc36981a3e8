"""The networks of ColorizeDiffusion, and how they are placed on a device."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn
from transformers import CLIPVisionModelWithProjection

from keycel_backend.diffusion.colorizediffusion.background import BackgroundTransformer, ThresholdEmbedder
from keycel_backend.diffusion.colorizediffusion.configuration import ColorizeDiffusionConfiguration
from keycel_backend.diffusion.colorizediffusion.sketch_encoder import SketchEncoder
from keycel_backend.diffusion.colorizediffusion.unet import build_unet
from keycel_backend.diffusion.placement import move
from keycel_backend.diffusion.svd.configuration import AutoencoderConfiguration
from keycel_backend.diffusion.svd.image_embedding import build_image_encoder

ENCODERS = ("reference_encoder", "background_transformer", "threshold_embedder")
DENOISERS = ("unet", "sketch_encoder")
DECODERS = ("vae",)


@dataclass(frozen=True, slots=True)
class ColorizeDiffusionNetworks:
    """Read-only while they are used: any number of calls may share them."""

    configuration: ColorizeDiffusionConfiguration
    unet: UNet2DConditionModel
    """With the adapters of foreground and background in its cross-attentions."""
    sketch_encoder: SketchEncoder
    vae: AutoencoderKL
    reference_encoder: CLIPVisionModelWithProjection
    background_transformer: BackgroundTransformer
    threshold_embedder: ThresholdEmbedder

    def components(self) -> dict[str, nn.Module]:
        """By the names under which their weights are kept."""
        return {
            "unet": self.unet,
            "sketch_encoder": self.sketch_encoder,
            "vae": self.vae,
            "reference_encoder": self.reference_encoder,
            "background_transformer": self.background_transformer,
            "threshold_embedder": self.threshold_embedder,
        }

    def to(self, device: torch.device, precision: torch.dtype = torch.float32) -> ColorizeDiffusionNetworks:
        """Moves all networks."""
        move(self, device, precision)
        return self


def build_networks(configuration: ColorizeDiffusionConfiguration) -> ColorizeDiffusionNetworks:
    """With random weights, on the default device (`with torch.device("meta")` for none)."""
    channels = configuration.denoiser.cross_attention_dim
    return ColorizeDiffusionNetworks(
        configuration,
        build_unet(configuration.denoiser),
        SketchEncoder(configuration.denoiser),
        _build_autoencoder(configuration.autoencoder),
        build_image_encoder(configuration.image_encoder),
        BackgroundTransformer(configuration.background, channels),
        ThresholdEmbedder(configuration.background, channels),
    )


def _build_autoencoder(configuration: AutoencoderConfiguration) -> AutoencoderKL:
    levels = len(configuration.block_out_channels)
    autoencoder = AutoencoderKL(
        # diffusers annotates these as if there were one level
        down_block_types=("DownEncoderBlock2D",) * levels,  # pyright: ignore[reportArgumentType]
        up_block_types=("UpDecoderBlock2D",) * levels,  # pyright: ignore[reportArgumentType]
        block_out_channels=configuration.block_out_channels,  # pyright: ignore[reportArgumentType]
        layers_per_block=configuration.layers_per_block,
        latent_channels=configuration.latent_channels,
        scaling_factor=configuration.scaling_factor,
    )
    return autoencoder.requires_grad_(False).eval()
