"""All networks of a model, as one module: UNet, ControlNet, encoders, Sketch Cross Attention."""

from __future__ import annotations

import torch
from diffusers.models.controlnets.controlnet import ControlNetConditioningEmbedding
from torch import Tensor, nn

from keycel_backend.diffusion.sketchkey.attention import SketchCrossAttention
from keycel_backend.diffusion.sketchkey.configuration import SketchKeyConfiguration
from keycel_backend.diffusion.sketchkey.places import PLACE_CHANNELS, embed_places
from keycel_backend.diffusion.svd.configuration import UNetConfiguration
from keycel_backend.diffusion.svd.controlnet import SketchControlNet
from keycel_backend.diffusion.svd.unet import build_unet

HINT_CHANNELS = 4
"""A sketch, three times, and whether there is one."""


class SketchKeyNetworks(nn.Module):
    """Read-only while it is used: any number of calls may share it."""

    def __init__(self, configuration: SketchKeyConfiguration) -> None:
        """With random weights, on the default device; gates of Sketch Cross Attention closed."""
        super().__init__()
        self.configuration = configuration
        unet = configuration.unet
        self.unet = build_unet(unet)
        self.controlnet = SketchControlNet(unet, HINT_CHANNELS)
        self.controlnet.controlnet_cond_embedding = ControlNetConditioningEmbedding(
            unet.block_out_channels[0], HINT_CHANNELS, configuration.hint_channels
        )
        self.reference_encoder = ReferenceEncoder(configuration.latent_channels, unet.cross_attention_dim)
        self.sketch_encoder = SketchEncoder(configuration.token_channels)
        self.sketch_attentions = nn.ModuleList(
            SketchCrossAttention(channels, heads, configuration.token_channels[-1])
            for channels, heads in _transformers(unet)
        )
        if configuration.from_painted:
            # before training nothing differs from the painted frame
            nn.init.zeros_(self.unet.conv_out.weight)
            if self.unet.conv_out.bias is not None:
                nn.init.zeros_(self.unet.conv_out.bias)
        self.requires_grad_(False).eval()

    def cross_attentions(self) -> list[SketchCrossAttention]:
        """In order of execution."""
        return [module for module in self.sketch_attentions if isinstance(module, SketchCrossAttention)]

    def gates(self) -> list[float]:
        """How far each Sketch Cross Attention is open, -1..1; 0 is closed."""
        return [float(torch.tanh(attention.gate.detach())) for attention in self.cross_attentions()]


class ReferenceEncoder(nn.Module):
    """The painted frame as context of all cross attentions, where SVD has the embedding of CLIP."""

    def __init__(self, latent_channels: int, context_channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(latent_channels, context_channels, 3, stride=2, padding=1)
        self.second = nn.Conv2d(context_channels, context_channels, 3, stride=2, padding=1)
        self.place = nn.Linear(PLACE_CHANNELS, context_channels)

    def forward(self, latents: Tensor) -> Tensor:
        """(batch, channels, height, width) to (batch, tokens, context channels)."""
        features = self.second(nn.functional.silu(self.first(latents)))
        time = torch.zeros(1, device=latents.device)
        return features.flatten(2).mT + self.place(embed_places(time, *features.shape[2:]))


class SketchEncoder(nn.Module):
    """Key sketches as tokens that know their place on the canvas and their place in time."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        """`channels`: of its convolutions, each of which halves the size."""
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(into, out, 3, stride=2, padding=1)
            for into, out in zip((1, *channels[:-1]), channels, strict=True)
        )
        self.projection = nn.Linear(channels[-1], channels[-1])
        self.place = nn.Linear(PLACE_CHANNELS, channels[-1])
        self.kind = nn.Parameter(torch.zeros(channels[-1]))
        """Says that a token is of a key sketch."""

    def forward(self, sketches: Tensor, frame_index: Tensor) -> Tensor:
        """Key sketches to tokens.

        Args:
            sketches: (batch, keys, height, width), lines 1, paper 0; sides multiples of 16 pixels.
            frame_index: (keys,) place of each in time.
        Returns:
            (batch, keys, tokens, channels), a token for each 16 x 16 pixels.
        """
        features = sketches.flatten(0, 1)[:, None]
        for convolution in self.convolutions:
            features = nn.functional.silu(convolution(features))
        place = self.place(embed_places(frame_index, *features.shape[2:]))
        tokens = self.projection(features.flatten(2).mT).unflatten(0, sketches.shape[:2])
        return tokens + place + self.kind


def _transformers(unet: UNetConfiguration) -> list[tuple[int, int]]:
    """(channels, heads) of the UNet's transformers in order of execution."""
    levels = list(zip(unet.block_out_channels, unet.num_attention_heads, strict=True))
    down = [level for level in levels[:-1] for _ in range(unet.layers_per_block)]
    up = [level for level in reversed(levels[:-1]) for _ in range(unet.layers_per_block + 1)]
    return [*down, levels[-1], *up]
