"""LVCD's network calls without anything that saves work: what the benchmark compares with.

The same results but for rounding, computed as a plain reading of the formulas has it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from diffusers.models.attention_processor import Attention
from torch import Tensor

from keycel_backend.diffusion.lvcd.conditions import sketch_hint
from keycel_backend.diffusion.lvcd.mixing import LAST_AMPLIFIED_LAYER, SlotMixing
from keycel_backend.diffusion.lvcd.networks import LvcdNetworks
from keycel_backend.diffusion.lvcd.slots import AttentionMode, SlotLayout, attention_plan
from keycel_backend.diffusion.svd.autoencoder import decode_chunk
from keycel_backend.diffusion.svd.controlnet import controlnet_forward, embed_hint
from keycel_backend.diffusion.svd.mixing import keys_and_values, merge_heads, split_heads
from keycel_backend.diffusion.svd.unet import Conditioning, unet_forward


class PlainMixing(SlotMixing):
    """Keys and values are projected anew for each slot that looks at them; all weights are written down."""

    def __init__(self, layout: SlotLayout, mode: AttentionMode, device: torch.device) -> None:
        super().__init__(layout, mode, device)
        self._plan = attention_plan(layout, mode)

    def spatial_attention(self, attention: Attention, hidden_states: Tensor, layer: int) -> Tensor:
        tokens = hidden_states.shape[1]
        attended: list[Tensor] = []
        for slot, (own, reference) in enumerate(zip(self._plan.own, self._plan.reference, strict=True)):
            query = split_heads(attention, attention.to_q(hidden_states[slot : slot + 1]))
            seen = torch.cat([hidden_states[own], hidden_states[reference]])[None]
            bias = query.new_zeros(1, 1, tokens, 2 * tokens)
            if layer <= LAST_AMPLIFIED_LAYER:
                bias[..., tokens:] = math.log(self._plan.amplification[slot])
            attended.append(_attend(query, *keys_and_values(attention, seen), bias))
        return merge_heads(attention, torch.cat(attended))

    def temporal_attention(self, attention: Attention, hidden_states: Tensor) -> Tensor:
        query = split_heads(attention, attention.to_q(hidden_states))
        bias = torch.zeros_like(self.temporal_mask, dtype=query.dtype)
        bias = bias.masked_fill(~self.temporal_mask, -torch.inf)
        return merge_heads(attention, _attend(query, *keys_and_values(attention, hidden_states), bias))


def _attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
    weights = (query @ key.mT) * query.shape[-1] ** -0.5 + bias
    return weights.softmax(dim=-1) @ value


def plain_step(
    networks: LvcdNetworks,
    sample: Tensor,
    label: Tensor,
    told: Conditioning,
    mixing: PlainMixing,
    lines: Tensor,
) -> Callable[[], Tensor]:
    """One step: sketches embedded, and a guided and an unguided pass though the scale may be 1.

    Args:
        sample: (1, slots, 8, height, width)
        lines: (slots, 8 height, 8 width) uint8 sketches.
    """

    def step() -> Tensor:
        passes: list[Tensor] = []
        for _ in ("conditional", "unconditional"):
            hint = embed_hint(networks.controlnet, sketch_hint(lines).to(sample.dtype))
            residuals = controlnet_forward(networks.controlnet, sample, label, told, mixing, hint)
            passes.append(unet_forward(networks.unet, sample, label, told, mixing, residuals))
        return passes[1] + (passes[0] - passes[1])

    return step


def plain_decoding(networks: LvcdNetworks, latent: Tensor) -> Callable[[], Tensor]:
    """One frame alone; `latent` (1, 4, height, width)."""
    return lambda: decode_chunk(networks.vae, latent)
