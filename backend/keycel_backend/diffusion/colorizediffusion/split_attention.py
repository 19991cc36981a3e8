"""Cross-attention to reference tokens, on request split into foreground and background by a mask.

The split is section 3.3 of arXiv 2502.19937 as the official code runs it: both branches are computed for
every position, and a mask chooses. All that a call needs goes with the call, so one network serves many.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from diffusers.models.attention_processor import Attention
from torch import Tensor

from keycel_backend.diffusion.colorizediffusion.split_linear import Adapter, SplitLinear
from keycel_backend.diffusion.svd.mixing import merge_heads, split_heads

BLOCKS = 16
"""Cross-attentions of the UNet, in order of execution."""


@dataclass(frozen=True, slots=True)
class Split:
    """How cross-attention keeps foreground and background apart. The first half of the context's tokens
    are the foreground's, the second half the background's."""

    mask: Tensor
    """(batch, 1, height, width) of the latents' size: the foreground is near 1."""
    threshold: float
    """Positions with more than this are foreground, 0..1."""
    foreground: Adapter = Adapter.FOREGROUND
    background: Adapter = Adapter.BACKGROUND
    merge: float = 0.0
    """How much of the background's answer is mixed into the foreground, 0..1."""
    foreground_scale: float = 1.0
    background_scale: float = 1.0

    def mask_for(self, height: int, width: int) -> Tensor:
        """(batch, positions, 1) at the size of a level; bicubic, and its overshoot stays in."""
        mask = self.mask
        if mask.shape[2:] != (height, width):
            mask = functional.interpolate(mask.float(), (height, width), mode="bicubic")
        return mask.flatten(2).transpose(1, 2)


def cross_attention(
    attention: Attention,
    hidden_states: Tensor,
    context: Tensor,
    size: tuple[int, int],
    scale: float,
    split: Split | None,
) -> Tensor:
    """(batch, positions, channels) to the same shape.

    Args:
        context: (batch, tokens, channels).
        size: height and width of the positions.
        scale: strength of the reference in this layer, 1 for as trained.
        split: None for ordinary attention to all tokens without adapters.
    """
    if split is None:
        return merge_heads(attention, _attend(attention, hidden_states, context, Adapter.NONE) * scale)
    ours, theirs = context.chunk(2, dim=1)
    background = _attend(attention, hidden_states, theirs, split.background) * scale * split.background_scale
    foreground = _attend(attention, hidden_states, ours, split.foreground) * scale * split.foreground_scale
    if split.merge:
        foreground = foreground * (1.0 - split.merge) + background * split.merge
    chosen = (split.mask_for(*size) > split.threshold)[:, None]
    return merge_heads(attention, torch.where(chosen, foreground, background))


def _attend(attention: Attention, hidden_states: Tensor, context: Tensor, adapter: Adapter) -> Tensor:
    """(batch, heads, positions, width of a head), before the output projection."""
    query, key, value = (
        split_heads(attention, _split_linear(module).project(states, adapter))
        for module, states in (
            (attention.to_q, hidden_states),
            (attention.to_k, context),
            (attention.to_v, context),
        )
    )
    return functional.scaled_dot_product_attention(query, key, value)


def _split_linear(module: object) -> SplitLinear:
    assert isinstance(module, SplitLinear)  # the UNet is built with them
    return module
