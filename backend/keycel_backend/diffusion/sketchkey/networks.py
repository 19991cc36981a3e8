"""All networks of a model, as one module: UNet, ControlNet, encoders, Sketch Cross Attention."""

from __future__ import annotations

import torch
from diffusers.models.controlnets.controlnet import ControlNetConditioningEmbedding
from torch import Tensor, nn

from keycel_backend.diffusion.sketchkey.attention import SketchCrossAttention
from keycel_backend.diffusion.sketchkey.configuration import SketchKeyConfiguration
from keycel_backend.diffusion.sketchkey.places import PLACE_CHANNELS, embed_places
from keycel_backend.diffusion.sketchkey.tokens import KeyReading, KeySketchEncoder
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
        width = configuration.token_channels[-1]
        self.key_encoder = KeySketchEncoder(configuration.token_channels, configuration.latent_channels)
        self.key_reading = KeyReading(width, configuration.latent_channels, self.key_encoder.step)
        self.sketch_attentions = nn.ModuleList(
            SketchCrossAttention(channels, heads, width) for channels, heads in _transformers(unet)
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

    def take_tokens(self, other: SketchKeyNetworks) -> None:
        """The token branch of `other`, up to where frames ask it. Raises RuntimeError for other shapes."""
        self.key_encoder.load_state_dict(other.key_encoder.state_dict())
        self.key_reading.load_state_dict(other.key_reading.state_dict())

    def gate_parameters(self) -> list[nn.Parameter]:
        """That of the reading of keys, then those of Sketch Cross Attention in order of execution."""
        return [self.key_reading.gate, *(attention.gate for attention in self.cross_attentions())]

    def gates(self) -> list[float]:
        """How far each of `gate_parameters` is open, -1..1; 0 is closed."""
        return [float(torch.tanh(gate.detach())) for gate in self.gate_parameters()]


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


def _transformers(unet: UNetConfiguration) -> list[tuple[int, int]]:
    """(channels, heads) of the UNet's transformers in order of execution."""
    levels = list(zip(unet.block_out_channels, unet.num_attention_heads, strict=True))
    down = [level for level in levels[:-1] for _ in range(unet.layers_per_block)]
    up = [level for level in reversed(levels[:-1]) for _ in range(unet.layers_per_block + 1)]
    return [*down, levels[-1], *up]
