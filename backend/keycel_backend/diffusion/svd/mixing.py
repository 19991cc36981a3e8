"""How the frames of one network call see each other: the seam at which engines differ.

Official implementations keep such things on the modules, which makes two calls at once impossible. Here
a mixing goes with each call, so one network serves many.
"""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from diffusers.models.attention_processor import Attention
from torch import Tensor, nn


class FrameMixing:
    """Stable Video Diffusion's own way. Engines override what they change; instances never change."""

    def spatial_attention(self, attention: Attention, hidden_states: Tensor, layer: int) -> Tensor:
        """Self-attention within frames. `hidden_states` (batch * frames, tokens, channels).

        `layer` counts the spatial self-attentions of a network in order of execution, from 0.
        """
        del layer
        return attend(attention, hidden_states, hidden_states)

    def after_context(self, hidden_states: Tensor, layer: int) -> Tensor:
        """Something more to attend to, after the image embedding: hidden states to hidden states.

        `hidden_states` (batch * frames, tokens, channels); `layer` as in `spatial_attention`.
        """
        del layer
        return hidden_states

    def temporal_attention(self, attention: Attention, hidden_states: Tensor) -> Tensor:
        """Self-attention over time. `hidden_states` (batch * positions, frames, channels)."""
        return attend(attention, hidden_states, hidden_states)

    def temporal_convolution(self, convolution: nn.Conv3d, hidden_states: Tensor) -> Tensor:
        """Convolution over time. `hidden_states` (batch, channels, frames, height, width)."""
        return convolution(hidden_states)

    def frame_index(self, num_frames: int, device: torch.device) -> Tensor:
        """(frames,) place of each frame in time, for its embedding."""
        return torch.arange(num_frames, device=device)

    def context_of_positions(self, context: Tensor, positions: int) -> Tensor:
        """(batch, tokens, channels) to (batch * positions, tokens, channels), for temporal attention."""
        return context.repeat_interleave(positions, dim=0)

    def transformed(self, output: Tensor, residual: Tensor) -> Tensor:
        """What a transformer gives, (batch * frames, channels, height, width).

        Norms sum in the order of memory: this order of terms keeps the layout of the official code.
        """
        return output + residual


def attend(attention: Attention, hidden_states: Tensor, context: Tensor) -> Tensor:
    """Plain multi-head attention with a module's weights: (batch, tokens, channels) to the same shape."""
    query = split_heads(attention, attention.to_q(hidden_states))
    key, value = keys_and_values(attention, context)
    return merge_heads(attention, functional.scaled_dot_product_attention(query, key, value))


_ROWS = 64
"""Enough that a matrix product takes the same way as with all the rows of a picture."""


def only_value(attention: Attention, context: Tensor) -> Tensor:
    """Attention over a single token, (batch, 1, channels): its weight is 1 whatever the query is.

    One row would be enough for the output, but products of a single row are summed in another order.
    """
    value = value_projection(attention)(context)
    return output_projection(attention)(value.expand(-1, _ROWS, -1))[:, :1]


def keys_and_values(attention: Attention, context: Tensor) -> tuple[Tensor, Tensor]:
    """Each (batch, heads, tokens, width of a head)."""
    key = key_projection(attention)(context)
    return split_heads(attention, key), split_heads(attention, value_projection(attention)(context))


def split_heads(attention: Attention, states: Tensor) -> Tensor:
    """(batch, tokens, channels) to (batch, heads, tokens, width of a head)."""
    return states.reshape(*states.shape[:2], attention.heads, -1).transpose(1, 2)


def merge_heads(attention: Attention, states: Tensor) -> Tensor:
    """Inverse of `split_heads`, and the projection that ends an attention."""
    return output_projection(attention)(states.transpose(1, 2).flatten(2))


def key_projection(attention: Attention) -> nn.Linear:
    assert isinstance(attention.to_k, nn.Linear)  # None only in kinds of attention that SVD does not have
    return attention.to_k


def value_projection(attention: Attention) -> nn.Linear:
    assert isinstance(attention.to_v, nn.Linear)
    return attention.to_v


def output_projection(attention: Attention) -> nn.Module:
    assert attention.to_out is not None
    return attention.to_out[0]
