"""Key sketches as tokens into which the painted frame is fused: the first half of Sketch Cross Attention.

"Sketch Cross Attention to fuse reference image and sketch conditions" is all that the abstract of arXiv
2606.19958 says; this form is our own (docs/engines.md). It runs once for a sequence, whatever the noise is.
"""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from keycel_backend.diffusion.sketchkey.places import PLACE_CHANNELS, distance_bias, embed_places
from keycel_backend.diffusion.sketchkey.sizes import HINT_PIXELS

_HEADS = 4
_GROUPS = 8
_LAYERS = 2
_DILATIONS = (1, 2, 4, 1)
"""Of the convolutions that show a token what is around it."""
_WIDER = 4
"""How much wider a token is inside a layer's own network."""


class KeySketchEncoder(nn.Module):
    """Tokens that know the lines around them, their place in space and time, and the painted frame."""

    def __init__(self, channels: tuple[int, ...], latent_channels: int) -> None:
        """`channels`: of the convolutions that bring a sketch to tokens, each of which halves the size."""
        super().__init__()
        width = channels[-1]
        self.step = 2 ** len(channels) // HINT_PIXELS
        """Latents along a side of a token."""
        self.sketch = nn.ModuleList(
            nn.Conv2d(into, out, 3, stride=2, padding=1)
            for into, out in zip((1, *channels[:-1]), channels, strict=True)
        )
        self.start = nn.Conv2d(latent_channels, width, 3, stride=self.step, padding=1)
        self.reference = nn.Conv2d(latent_channels, width, 3, stride=self.step, padding=1)
        self.around_key = nn.Sequential(*(_Surroundings(width, dilation) for dilation in _DILATIONS))
        self.around_reference = nn.Sequential(*(_Surroundings(width, dilation) for dilation in _DILATIONS))
        self.place = nn.Linear(PLACE_CHANNELS, width)
        self.kind = nn.Parameter(torch.zeros(width))
        """Says that a token is of a key sketch."""
        self.layers = nn.ModuleList(_Fusion(width) for _ in range(_LAYERS))

    def forward(
        self,
        sketches: Tensor,
        starts: Tensor,
        reference_sketch: Tensor,
        reference: Tensor,
        frame_index: Tensor,
    ) -> Tensor:
        """Key sketches to tokens.

        Args:
            sketches: (batch, keys, 8 height, 8 width), lines 1, paper 0.
            starts: (batch, keys, latent channels, height, width) the painted frame as it was carried there.
            reference_sketch: (batch, 8 height, 8 width) lines of the painted frame; zeros without one.
            reference: (batch, latent channels, height, width) the painted frame; zeros without one.
            frame_index: (keys,) place of each key in time; the reference is at 0.
        Returns:
            (batch, keys, tokens, channels), tokens row by row.
        """
        batch, keys = sketches.shape[:2]
        # 1. what is drawn and what may be painted there; what is painted in the reference
        asking = self.around_key(self._drawn(sketches.flatten(0, 1)) + self.start(starts.flatten(0, 1)))
        painted = self.around_reference(self._drawn(reference_sketch) + self.reference(reference))
        height, width = asking.shape[2:]
        # 2. where and when that is
        places = self.place(embed_places(frame_index, height, width)).repeat(batch, 1, 1)
        tokens = asking.flatten(2).mT + places + self.kind
        then = torch.zeros(1, device=reference.device)
        told = painted.flatten(2).mT + self.place(embed_places(then, height, width))
        # 3. every key looks for its regions in the reference
        told = told.repeat_interleave(keys, dim=0)
        bias = distance_bias(_HEADS, (height, width), (height, width), float(self.step))[None].to(told)
        for layer in self.layers:
            tokens = layer(tokens, told, bias, (height, width))
        return tokens.unflatten(0, (batch, keys))

    def _drawn(self, sketches: Tensor) -> Tensor:
        features = sketches[:, None]
        for convolution in self.sketch:
            features = functional.silu(convolution(features))
        return features


class _Surroundings(nn.Module):
    """Adds to each token what is some tokens away."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(_GROUPS, channels)
        self.wide = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.near = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        wide = self.wide(functional.silu(self.norm(features)))
        return features + self.near(functional.silu(wide))


class _Fusion(nn.Module):
    """Tokens of a key attend to those of the reference, think, and look around."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm_key = nn.LayerNorm(channels)
        self.norm_reference = nn.LayerNorm(channels)
        self.to_q = nn.Linear(channels, channels)
        self.to_k = nn.Linear(channels, channels)
        self.to_v = nn.Linear(channels, channels)
        self.to_out = nn.Linear(channels, channels)
        self.own = nn.Sequential(
            nn.LayerNorm(channels),
            nn.Linear(channels, _WIDER * channels),
            nn.GELU(),
            nn.Linear(_WIDER * channels, channels),
        )
        self.around = _Surroundings(channels, 1)

    def forward(self, tokens: Tensor, reference: Tensor, bias: Tensor, grid: tuple[int, int]) -> Tensor:
        """`tokens`, `reference` (sequences, tokens, channels); `bias` (1, heads, tokens, tokens)."""
        told = self.norm_reference(reference)
        attended = functional.scaled_dot_product_attention(
            _split(self.to_q(self.norm_key(tokens))),
            _split(self.to_k(told)),
            _split(self.to_v(told)),
            attn_mask=bias,
        )
        tokens = tokens + self.to_out(attended.transpose(1, 2).flatten(2))
        tokens = tokens + self.own(tokens)
        return self.around(tokens.mT.unflatten(2, grid)).flatten(2).mT


def _split(states: Tensor) -> Tensor:
    return states.reshape(*states.shape[:2], _HEADS, -1).transpose(1, 2)


class KeyReading(nn.Module):
    """What the tokens of a key say of its colours, instead of what was carried there."""

    def __init__(self, channels: int, latent_channels: int, step: int) -> None:
        """With the gate closed: what was carried there stays."""
        super().__init__()
        self._step = step
        self.colors = nn.Linear(channels, latent_channels * step**2)
        self.gate = nn.Parameter(torch.zeros(()))

    def forward(self, tokens: Tensor, starts: Tensor) -> Tensor:
        """(batch, keys, tokens, channels) and (batch, keys, latent channels, height, width) to the latter."""
        height, width = starts.shape[3:]
        told = self.colors(tokens).mT.flatten(0, 1)
        told = told.reshape(*told.shape[:2], height // self._step, width // self._step)
        colors = functional.pixel_shuffle(told, self._step).reshape(starts.shape)
        return starts + torch.tanh(self.gate) * (colors - starts)
