"""Sketch Cross Attention, and how the frames of a sequence see the painted frame and the key sketches.

The abstract of arXiv 2606.19958 names the attention and its learnable gates; their form is our own
(docs/engines.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as functional
from diffusers.models.attention_processor import Attention
from torch import Tensor, nn

from keycel_backend.diffusion.sketchkey.places import PLACE_CHANNELS, distance_bias, embed_places
from keycel_backend.diffusion.svd.mixing import FrameMixing, keys_and_values, merge_heads, split_heads

FARTHEST_KEY = 16
"""Frames; keys farther away count as this far."""
NEAREST_KEYS = 2
"""Keys that a frame looks at: with keys all along, the one before it and the one after it."""


@dataclass(frozen=True, slots=True)
class KeySketches:
    """Tokens of the key sketches of a sequence, and which of them each frame looks at."""

    tokens: Tensor
    """(batch, keys, tokens, channels)"""
    chosen: Tensor
    """(frames, near) the keys nearest to each frame, at most `NEAREST_KEYS`, the nearest first."""
    away: Tensor
    """(frames, near) distance of each, in frames, at most `FARTHEST_KEY`."""

    @classmethod
    def among(cls, tokens: Tensor, key_index: Tensor, frame_index: Tensor) -> KeySketches:
        """`key_index` (keys,), `frame_index` (frames,) places in time; of two as near the first counts."""
        away = (frame_index[:, None] - key_index[None]).abs()
        near = away.sort(dim=1, stable=True)
        few = slice(0, NEAREST_KEYS)
        return cls(tokens, near.indices[:, few], near.values[:, few].long().clamp(max=FARTHEST_KEY))


@dataclass(slots=True)
class Geometry:
    """The grid of latents, and what has been computed of it; the same for all layers of a call."""

    height: int
    width: int
    frame_index: Tensor
    """(frames,) place in time: the painted frame is at 0."""
    biased: bool
    _grids: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    _biases: dict[tuple[int, int, int], Tensor] = field(default_factory=dict[tuple[int, int, int], Tensor])
    _places: dict[int, Tensor] = field(default_factory=dict[int, Tensor])

    def grid(self, tokens: int) -> tuple[int, int]:
        """(height, width) of the level of a network that has so many tokens a frame."""
        if tokens not in self._grids:
            step = round((self.height * self.width / tokens) ** 0.5)
            self._grids[tokens] = (self.height // step, self.width // step)
        return self._grids[tokens]

    def bias(self, heads: int, queries: int, keys: int, repeats: int) -> Tensor | None:
        """(1, heads, queries, repeats * keys) to add to logits; None where distance is not to count."""
        if not self.biased:
            return None
        known = (heads, queries, keys * repeats)
        if known not in self._biases:
            grid = self.grid(queries)
            bias = distance_bias(heads, grid, self.grid(keys), self.height / grid[0])
            self._biases[known] = bias.repeat(1, 1, repeats)[None].to(self.frame_index.device)
        return self._biases[known]

    def places(self, tokens: int) -> Tensor:
        """(frames, tokens, `PLACE_CHANNELS`)"""
        if tokens not in self._places:
            self._places[tokens] = embed_places(self.frame_index, *self.grid(tokens))
        return self._places[tokens]


class SketchCrossAttention(nn.Module):
    """Adds to each frame what the key sketches say, as much as a learned gate lets through.

    The gate is closed at first: a network with this layer then gives what it gives without, to the bit.
    """

    def __init__(self, channels: int, heads: int, token_channels: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(channels)
        self.place = nn.Linear(PLACE_CHANNELS, channels)
        self.to_q = nn.Linear(channels, channels, bias=False)
        self.to_k = nn.Linear(token_channels, channels, bias=False)
        self.to_v = nn.Linear(token_channels, channels, bias=False)
        self.to_out = nn.Linear(channels, channels)
        self.gate = nn.Parameter(torch.zeros(()))
        self.nearness = nn.Parameter(torch.ones(FARTHEST_KEY + 1))
        """Weight by distance to the nearest key: w of the specification."""
        self.closeness = nn.Parameter(-torch.arange(FARTHEST_KEY + 1.0))
        """Logit by distance of a key: how the keys that a frame looks at share its attention."""

    def forward(self, hidden_states: Tensor, sketches: KeySketches, geometry: Geometry) -> Tensor:
        """`hidden_states` (batch * frames, tokens, channels), returned with the sketches' share added."""
        batch, _, tokens_of_key, _ = sketches.tokens.shape
        frames, near = sketches.chosen.shape
        tokens = hidden_states.shape[1]
        # 1. queries know where and when they are; tokens have been told by their encoder
        asking = self.norm(hidden_states).unflatten(0, (batch, frames)) + self.place(geometry.places(tokens))
        query = self._split(self.to_q(asking)[:, :, None].expand(-1, -1, near, -1, -1))
        # 2. every frame asks each of its keys
        key, value = (
            self._split(projection(sketches.tokens)[:, sketches.chosen])
            for projection in (self.to_k, self.to_v)
        )
        bias = geometry.bias(self.heads, tokens, tokens_of_key, 1)
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        answers = attended.transpose(1, 2).reshape(batch, frames, near, tokens, -1)
        # 3. keys by their distance; gate, and weight of each frame
        shares = torch.softmax(self.closeness[sketches.away], dim=1)[None, :, :, None, None]
        told = self.to_out((shares * answers).sum(dim=2).flatten(0, 1))
        weight = self.nearness[sketches.away[:, 0]].repeat(batch)[:, None, None]
        return hidden_states + torch.tanh(self.gate) * weight * told

    def _split(self, states: Tensor) -> Tensor:
        """(batch, frames, near, tokens, channels) to (all of these, heads, tokens, channels of a head)"""
        tokens = states.shape[3]
        return states.reshape(-1, tokens, self.heads, states.shape[4] // self.heads).transpose(1, 2)


class SequenceMixing(FrameMixing):
    """Of calls whose frame 0 is the painted one: every frame looks at itself and at it, and at the keys."""

    def __init__(
        self,
        geometry: Geometry,
        sketches: KeySketches | None = None,
        attentions: Sequence[SketchCrossAttention] = (),
    ) -> None:
        """`attentions`: one for each transformer in order of execution; unused without `sketches`."""
        self._geometry = geometry
        self._sketches = sketches
        self._attentions = attentions

    def spatial_attention(self, attention: Attention, hidden_states: Tensor, layer: int) -> Tensor:
        """Reference attention as in LVCD (arXiv 2409.12960): to the own tokens and those of frame 0."""
        del layer
        frames, tokens = len(self._geometry.frame_index), hidden_states.shape[1]
        query = split_heads(attention, attention.to_q(hidden_states))
        key, value = (
            torch.cat([own, _first_of(own, frames)], dim=2)
            for own in keys_and_values(attention, hidden_states)
        )
        bias = self._geometry.bias(attention.heads, tokens, tokens, 2)
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return merge_heads(attention, attended)

    def after_context(self, hidden_states: Tensor, layer: int) -> Tensor:
        if self._sketches is None:
            return hidden_states
        return self._attentions[layer](hidden_states, self._sketches, self._geometry)

    def frame_index(self, num_frames: int, device: torch.device) -> Tensor:
        del num_frames, device
        return self._geometry.frame_index


def _first_of(states: Tensor, frames: int) -> Tensor:
    """(batch * frames, ...) with every frame replaced by frame 0 of its sequence."""
    sequences = states.reshape(-1, frames, *states.shape[1:])
    return sequences[:, :1].expand_as(sequences).flatten(0, 1)
