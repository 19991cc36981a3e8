"""What turns reference tokens into background tokens: a small transformer, and embeddings of thresholds."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as functional
from diffusers.models.embeddings import get_timestep_embedding
from torch import Tensor, nn

from keycel_backend.diffusion.colorizediffusion.configuration import BackgroundConfiguration

_MLP_FACTOR = 4


class ThresholdEmbedder(nn.Module):
    """Tells the networks at which threshold a mask was cut. Names of parameters as published."""

    def __init__(self, configuration: BackgroundConfiguration, out_channels: int) -> None:
        super().__init__()
        self._width = configuration.threshold_dim
        self.embed_layer = nn.Sequential(
            nn.Linear(self._width, out_channels), nn.SiLU(), nn.Linear(out_channels, out_channels)
        )
        self.requires_grad_(False).eval()

    def forward(self, thresholds: Tensor) -> Tensor:
        """(batch,) in 0..1 to (batch, 1, channels): one token each."""
        waves = get_timestep_embedding(
            thresholds, self._width, flip_sin_to_cos=True, downscale_freq_shift=0.0
        )
        weight = next(self.parameters())
        return cast("Tensor", self.embed_layer(waves.to(weight.dtype)))[:, None]


class BackgroundTransformer(nn.Module):
    """Learned queries that gather from the tokens of a reference what belongs to its background.

    Names of parameters as published.
    """

    def __init__(self, configuration: BackgroundConfiguration, channels: int) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.zeros(configuration.num_tokens, channels))
        self.layers = nn.ModuleList(
            nn.ModuleList(
                [
                    nn.LayerNorm(channels),
                    nn.LayerNorm(channels),
                    _CrossAttention(channels, configuration.head_dim),
                    nn.Sequential(
                        nn.Linear(channels, _MLP_FACTOR * channels),
                        nn.SiLU(),
                        nn.Linear(_MLP_FACTOR * channels, channels),
                    ),
                ]
            )
            for _ in range(configuration.num_layers)
        )
        self.requires_grad_(False).eval()

    def forward(self, context: Tensor) -> Tensor:
        """(batch, any tokens, channels) to (batch, num tokens, channels)."""
        hidden_states = self.embedding.expand(len(context), -1, -1)
        for layer in self.layers:
            assert isinstance(layer, nn.ModuleList)
            attention_norm, mlp_norm, attention, mlp = layer
            hidden_states = hidden_states + attention(attention_norm(hidden_states), context)
            hidden_states = hidden_states + mlp(mlp_norm(hidden_states))
        return hidden_states


class _CrossAttention(nn.Module):
    def __init__(self, channels: int, head_dim: int) -> None:
        super().__init__()
        self._head_dim = head_dim
        self.to_q = nn.Linear(channels, channels, bias=False)
        self.to_k = nn.Linear(channels, channels, bias=False)
        self.to_v = nn.Linear(channels, channels, bias=False)
        self.to_out = nn.Sequential(nn.Linear(channels, channels))

    def forward(self, hidden_states: Tensor, context: Tensor) -> Tensor:
        query, key, value = (
            states.unflatten(2, (-1, self._head_dim)).transpose(1, 2)
            for states in (self.to_q(hidden_states), self.to_k(context), self.to_v(context))
        )
        attended = functional.scaled_dot_product_attention(query, key, value)
        return self.to_out(attended.transpose(1, 2).flatten(2))
