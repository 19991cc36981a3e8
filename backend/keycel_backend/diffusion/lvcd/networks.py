"""The networks of LVCD, their shapes, and how they are placed on a device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from diffusers.models.autoencoders.autoencoder_kl_temporal_decoder import AutoencoderKLTemporalDecoder
from diffusers.models.unets.unet_spatio_temporal_condition import UNetSpatioTemporalConditionModel
from torch import Tensor, nn
from transformers import CLIPVisionModelWithProjection

from keycel_backend.diffusion.placement import move, to_channels_last
from keycel_backend.diffusion.svd.autoencoder import FirstStageEncoder, build_autoencoder
from keycel_backend.diffusion.svd.configuration import (
    AutoencoderConfiguration,
    ImageEncoderConfiguration,
    UNetConfiguration,
)
from keycel_backend.diffusion.svd.controlnet import SketchControlNet, controlnet_forward
from keycel_backend.diffusion.svd.image_embedding import build_image_encoder
from keycel_backend.diffusion.svd.unet import Residuals, build_unet, unet_forward

HINT_CHANNELS = 3
"""A sketch, three times."""


@dataclass(frozen=True, slots=True)
class LvcdConfiguration:
    """Shapes of all networks; the defaults are the published ones."""

    unet: UNetConfiguration = field(default_factory=UNetConfiguration)
    autoencoder: AutoencoderConfiguration = field(default_factory=AutoencoderConfiguration)
    image_encoder: ImageEncoderConfiguration = field(default_factory=ImageEncoderConfiguration)

    @property
    def size_multiple(self) -> int:
        """Sides of pictures must be multiples of this many pixels."""
        return self.unet.size_multiple * self.autoencoder.pixels_per_latent


@dataclass(frozen=True, slots=True)
class Passes:
    """The forward passes of the networks that every step calls; compiled ones may take their place."""

    unet: Callable[..., Tensor] = unet_forward
    controlnet: Callable[..., Residuals] = controlnet_forward


@dataclass(frozen=True, slots=True)
class LvcdNetworks:
    """Read-only while they are used: any number of calls may share them."""

    configuration: LvcdConfiguration
    unet: UNetSpatioTemporalConditionModel
    controlnet: SketchControlNet
    vae: AutoencoderKLTemporalDecoder
    vae_first_stage_encoder: FirstStageEncoder
    image_encoder: CLIPVisionModelWithProjection
    passes: Passes = field(default_factory=Passes)

    def components(self) -> dict[str, nn.Module]:
        """By the names under which their weights are kept."""
        return {
            "unet": self.unet,
            "controlnet": self.controlnet,
            "vae": self.vae,
            "vae_first_stage_encoder": self.vae_first_stage_encoder,
            "image_encoder": self.image_encoder,
        }

    def to(
        self, device: torch.device, precision: torch.dtype = torch.float32, channels_last: bool = False
    ) -> LvcdNetworks:
        """Moves all networks.

        `channels_last`: memory layout of the UNet and the ControlNet, faster on recent GPUs.
        """
        move(self, device, precision)
        if channels_last:
            to_channels_last((self.unet, self.controlnet))
        return self


def build_networks(configuration: LvcdConfiguration) -> LvcdNetworks:
    """With random weights, on the default device (`with torch.device("meta")` for none)."""
    return LvcdNetworks(
        configuration,
        build_unet(configuration.unet),
        SketchControlNet(configuration.unet, HINT_CHANNELS),
        build_autoencoder(configuration.autoencoder),
        FirstStageEncoder(configuration.autoencoder),
        build_image_encoder(configuration.image_encoder),
    )
