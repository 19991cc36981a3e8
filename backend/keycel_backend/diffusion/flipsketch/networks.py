"""The networks of FlipSketch, stock classes of diffusers and transformers, and how they are placed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_3d_condition import UNet3DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel

from keycel_backend.diffusion.flipsketch.composition import install_composable_attention
from keycel_backend.diffusion.flipsketch.configuration import (
    AutoencoderConfiguration,
    FlipsketchConfiguration,
    TextEncoderConfiguration,
    UNetConfiguration,
)


@dataclass(frozen=True, slots=True)
class FlipsketchNetworks:
    """Read-only while they are used: any number of calls may share them."""

    configuration: FlipsketchConfiguration
    unet: UNet3DConditionModel
    vae: AutoencoderKL
    text_encoder: CLIPTextModel

    def components(self) -> dict[str, nn.Module]:
        """By the names under which their weights are kept."""
        return {"unet": self.unet, "vae": self.vae, "text_encoder": self.text_encoder}


def build_networks(configuration: FlipsketchConfiguration) -> FlipsketchNetworks:
    """With random weights, on the default device (`with torch.device("meta")` for none)."""
    return FlipsketchNetworks(
        configuration,
        build_unet(configuration.unet),
        build_autoencoder(configuration.vae),
        build_text_encoder(configuration.text_encoder),
    )


def component_dtype(name: str, precision: torch.dtype) -> torch.dtype:
    """Only the UNet is worth halves: the VAE overflows in them, and the text is read once."""
    return precision if name == "unet" else torch.float32


def build_unet(configuration: UNetConfiguration) -> UNet3DConditionModel:
    """With random weights, on the default device; its attentions can be composed."""
    coarser = len(configuration.block_out_channels) - 1
    unet = UNet3DConditionModel(
        in_channels=configuration.in_channels,
        out_channels=configuration.out_channels,
        down_block_types=("CrossAttnDownBlock3D",) * coarser + ("DownBlock3D",),
        up_block_types=("UpBlock3D",) + ("CrossAttnUpBlock3D",) * coarser,
        block_out_channels=configuration.block_out_channels,
        layers_per_block=configuration.layers_per_block,
        norm_num_groups=configuration.norm_num_groups,
        cross_attention_dim=configuration.cross_attention_dim,
        attention_head_dim=configuration.attention_head_dim,
    )
    install_composable_attention(unet)
    return unet.requires_grad_(False).eval()


def build_autoencoder(configuration: AutoencoderConfiguration) -> AutoencoderKL:
    """With random weights, on the default device."""
    levels = len(configuration.block_out_channels)
    autoencoder = AutoencoderKL(
        # diffusers annotates these as if there were one level
        down_block_types=("DownEncoderBlock2D",) * levels,  # pyright: ignore[reportArgumentType]
        up_block_types=("UpDecoderBlock2D",) * levels,  # pyright: ignore[reportArgumentType]
        block_out_channels=configuration.block_out_channels,  # pyright: ignore[reportArgumentType]
        layers_per_block=configuration.layers_per_block,
        latent_channels=configuration.latent_channels,
        norm_num_groups=configuration.norm_num_groups,
        scaling_factor=configuration.scaling_factor,
    )
    return autoencoder.requires_grad_(False).eval()


def build_text_encoder(configuration: TextEncoderConfiguration) -> CLIPTextModel:
    """With random weights, on the default device."""
    encoder = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=configuration.vocab_size,
            hidden_size=configuration.hidden_size,
            intermediate_size=configuration.intermediate_size,
            num_hidden_layers=configuration.num_hidden_layers,
            num_attention_heads=configuration.num_attention_heads,
            max_position_embeddings=configuration.max_position_embeddings,
            hidden_act=configuration.hidden_act,
            # the two last entries, in every vocabulary of CLIP
            bos_token_id=configuration.vocab_size - 2,
            eos_token_id=configuration.vocab_size - 1,
        )
    )
    # the one buffer that is not in the file: real even where parameters are built without data
    positions = torch.arange(configuration.max_position_embeddings, device="cpu")[None]
    encoder.embeddings.register_buffer("position_ids", positions, persistent=False)
    return encoder.requires_grad_(False).eval()
