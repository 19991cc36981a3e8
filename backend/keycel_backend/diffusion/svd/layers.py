"""Forward passes of diffusers' spatio-temporal layers that take all they need as arguments.

The modules and their parameters are diffusers'; only how frames are mixed is decided by the call. Video
tensors are (batch, channels, frames, height, width), frame tensors (batch * frames, channels, height, width).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from diffusers.models.attention import BasicTransformerBlock, TemporalBasicTransformerBlock
from diffusers.models.attention_processor import Attention
from diffusers.models.resnet import AlphaBlender, SpatioTemporalResBlock, TemporalResnetBlock
from diffusers.models.transformers.transformer_temporal import TransformerSpatioTemporalModel
from torch import Tensor, nn

from keycel_backend.diffusion.svd.mixing import FrameMixing, attend, only_value


@dataclass(frozen=True, slots=True)
class Call:
    """What every layer of one network call has to know."""

    frames: int
    time_embedding: Tensor
    """(batch * frames, channels)"""
    context: Tensor
    """(batch, tokens, channels) embedding of the conditioning image."""
    mixing: FrameMixing


def residual_block(block: SpatioTemporalResBlock, hidden_states: Tensor, call: Call) -> Tensor:
    """Residual block in space, then in time, blended."""
    spatial = block.spatial_res_block(hidden_states, call.time_embedding)
    temporal = _temporal_residual_block(block.temporal_res_block, _to_video(spatial, call.frames), call)
    return _blend(block.time_mixer, spatial, _to_frames(temporal))


def transformer(
    module: TransformerSpatioTemporalModel, hidden_states: Tensor, call: Call, layer: int
) -> Tensor:
    """Transformer in space, then in time, blended; `layer` as in `FrameMixing.spatial_attention`."""
    residual = hidden_states
    size = hidden_states.shape[2:]
    tokens = module.norm(hidden_states).permute(0, 2, 3, 1).flatten(1, 2)
    tokens = module.proj_in(tokens)
    place = _place_in_time(module, call, tokens)
    blocks = zip(module.transformer_blocks, module.temporal_transformer_blocks, strict=True)
    for offset, (spatial_block, temporal_block) in enumerate(blocks):
        assert isinstance(spatial_block, BasicTransformerBlock)
        assert isinstance(temporal_block, TemporalBasicTransformerBlock)
        tokens = _spatial_transformer_block(spatial_block, tokens, call, layer + offset)
        mixed = _temporal_transformer_block(temporal_block, tokens + place, call)
        tokens = _blend(module.time_mixer, tokens, mixed)
    output = module.proj_out(tokens).unflatten(1, size).permute(0, 3, 1, 2)
    return call.mixing.transformed(output, residual)


def _spatial_transformer_block(
    block: BasicTransformerBlock, hidden_states: Tensor, call: Call, layer: int
) -> Tensor:
    """`hidden_states` (batch * frames, positions, channels)."""
    normed = block.norm1(hidden_states)
    hidden_states = hidden_states + call.mixing.spatial_attention(block.attn1, normed, layer)
    context = _Context(call.context, lambda states: states.repeat_interleave(call.frames, dim=0))
    hidden_states = hidden_states + _cross_attention(block.attn2, block.norm2, hidden_states, context)
    hidden_states = call.mixing.after_context(hidden_states, layer)
    return hidden_states + block.ff(_module(block.norm3)(hidden_states))


def _temporal_transformer_block(
    block: TemporalBasicTransformerBlock, hidden_states: Tensor, call: Call
) -> Tensor:
    """`hidden_states` (batch * frames, positions, channels)."""
    positions = hidden_states.shape[1]
    hidden_states = _swap_frames_and_positions(hidden_states, call.frames)
    hidden_states = hidden_states + block.ff_in(block.norm_in(hidden_states))
    hidden_states = hidden_states + call.mixing.temporal_attention(block.attn1, block.norm1(hidden_states))
    context = _Context(call.context, lambda states: call.mixing.context_of_positions(states, positions))
    hidden_states = hidden_states + _cross_attention(block.attn2, block.norm2, hidden_states, context)
    hidden_states = hidden_states + block.ff(block.norm3(hidden_states))
    return _swap_frames_and_positions(hidden_states, positions)


def _temporal_residual_block(block: TemporalResnetBlock, hidden_states: Tensor, call: Call) -> Tensor:
    """`hidden_states` (batch, channels, frames, height, width). Its norms see all frames together."""
    residual = hidden_states
    hidden_states = block.nonlinearity(block.norm1(hidden_states))
    hidden_states = call.mixing.temporal_convolution(block.conv1, hidden_states)
    embedding = _module(block.time_emb_proj)(block.nonlinearity(call.time_embedding))
    embedding = embedding.unflatten(0, (-1, call.frames)).transpose(1, 2)[..., None, None]
    hidden_states = block.nonlinearity(block.norm2(hidden_states + embedding))
    return residual + call.mixing.temporal_convolution(block.conv2, hidden_states)


def _place_in_time(module: TransformerSpatioTemporalModel, call: Call, tokens: Tensor) -> Tensor:
    """(batch * frames, 1, channels) embedding of each frame's index."""
    index = call.mixing.frame_index(call.frames, tokens.device)
    embedding = module.time_pos_embed(module.time_proj(index).to(tokens.dtype))
    return embedding.repeat(len(tokens) // call.frames, 1)[:, None]


def _blend(mixer: AlphaBlender, spatial: Tensor, temporal: Tensor) -> Tensor:
    """sigmoid(factor) of the spatial part; no frame counts as a still image.

    Not `torch.lerp`, which rounds otherwise than the official sum.
    """
    weight = torch.sigmoid(mixer.get_parameter("mix_factor"))
    return weight * spatial + (1.0 - weight) * temporal


@dataclass(frozen=True, slots=True)
class _Context:
    tokens: Tensor
    """(batch, tokens, channels)"""
    spread: Callable[[Tensor], Tensor]
    """Repeats rows of the batch to the rows of the hidden states."""


def _cross_attention(
    attention: Attention | None, norm: nn.Module | None, hidden_states: Tensor, context: _Context
) -> Tensor:
    """Something that adds to `hidden_states`, (rows, tokens, channels)."""
    assert attention is not None  # None only where diffusers is told that there is no context
    if context.tokens.shape[1] == 1:  # no query can choose between tokens of which there is one
        return context.spread(only_value(attention, context.tokens))
    return attend(attention, _module(norm)(hidden_states), context.spread(context.tokens))


def _module(module: nn.Module | None) -> nn.Module:
    assert module is not None  # these layers leave out nothing in SVD
    return module


def _to_video(frames: Tensor, count: int) -> Tensor:
    return frames.reshape(-1, count, *frames.shape[1:]).transpose(1, 2)


def _to_frames(video: Tensor) -> Tensor:
    return video.transpose(1, 2).flatten(0, 1)


def _swap_frames_and_positions(hidden_states: Tensor, inner: int) -> Tensor:
    """(batch * inner, outer, channels) to (batch * outer, inner, channels)."""
    return hidden_states.reshape(-1, inner, *hidden_states.shape[1:]).transpose(1, 2).flatten(0, 1)
