"""The denoiser: Stable Diffusion 2.1's UNet, built by diffusers, called by our own forward.

ControlNet and T2I-Adapter arguments of diffusers add hints to other places than the official code, which
adds them to the main path before a skip connection is stored; hence a forward of our own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import cast

import torch
from diffusers.models.attention import BasicTransformerBlock
from diffusers.models.attention_processor import Attention
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn

from keycel_backend.diffusion.colorizediffusion.configuration import DenoiserConfiguration
from keycel_backend.diffusion.colorizediffusion.split_attention import BLOCKS, Split, cross_attention
from keycel_backend.diffusion.colorizediffusion.split_linear import SplitLinear
from keycel_backend.diffusion.svd.blocks import layers_of, modules_of
from keycel_backend.diffusion.svd.mixing import attend

ALL_AS_TRAINED = (1.0,) * BLOCKS


@dataclass(frozen=True, slots=True)
class Conditioning:
    """What a call of the denoiser is told beside the latents."""

    context: Tensor
    """(batch, tokens, channels) reference tokens."""
    hints: Sequence[Tensor]
    """Of the sketch encoder, each (batch, channels, height, width) at its level."""
    split: Split | None = None
    scales: tuple[float, ...] = ALL_AS_TRAINED
    """Strength of the reference in each cross-attention, in order of execution."""


@dataclass(frozen=True, slots=True)
class _Call:
    time_embedding: Tensor
    told: Conditioning
    blocks: Iterator[int]
    """Numbers the cross-attentions."""


def build_unet(configuration: DenoiserConfiguration) -> UNet2DConditionModel:
    """With random weights, on the default device (`with torch.device("meta")` for none)."""
    attended = len(configuration.block_out_channels) - 1
    unet = UNet2DConditionModel(
        in_channels=configuration.in_channels,
        out_channels=configuration.out_channels,
        down_block_types=("CrossAttnDownBlock2D",) * attended + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * attended,
        block_out_channels=configuration.block_out_channels,
        layers_per_block=configuration.layers_per_block,
        cross_attention_dim=configuration.cross_attention_dim,
        # diffusers' name for the number of heads, annotated as if there were one level
        attention_head_dim=configuration.num_attention_heads,  # pyright: ignore[reportArgumentType]
        use_linear_projection=False,
    )
    for module in unet.modules():
        if isinstance(module, BasicTransformerBlock):
            assert module.attn2 is not None
            _add_adapters(module.attn2, configuration)
    return unet.requires_grad_(False).eval()


def _add_adapters(attention: Attention, configuration: DenoiserConfiguration) -> None:
    for name in ("to_q", "to_k", "to_v"):
        plain = cast("nn.Linear", getattr(attention, name))
        split = SplitLinear(
            plain.in_features,
            plain.out_features,
            configuration.foreground_rank,
            configuration.background_rank,
        )
        setattr(attention, name, split)


def unet_forward(unet: UNet2DConditionModel, sample: Tensor, timestep: Tensor, told: Conditioning) -> Tensor:
    """One prediction. Any number of threads may call at once.

    Args:
        sample: (batch, channels, height, width), sides multiples of `size_multiple`.
        timestep: (batch,) or () in 0..999; may lie between two.
    Returns:
        (batch, out channels, height, width)
    """
    waves = unet.time_proj(timestep.expand(len(sample))).to(sample.dtype)
    call = _Call(unet.time_embedding(waves), told, count())
    first, *coarser = told.hints
    hidden_states = unet.conv_in(sample) + first
    hidden_states, skips = _down_pass(unet.down_blocks, hidden_states, coarser, call)
    hidden_states = _middle_pass(cast("nn.Module", unet.mid_block), hidden_states, call)
    hidden_states = _up_pass(unet.up_blocks, hidden_states, skips, call)
    normed = cast("nn.Module", unet.conv_norm_out)(hidden_states)
    return unet.conv_out(cast("nn.Module", unet.conv_act)(normed))


def _down_pass(
    blocks: nn.ModuleList, hidden_states: Tensor, hints: Sequence[Tensor], call: _Call
) -> tuple[Tensor, list[Tensor]]:
    """All down blocks; a level's hint goes onto what leaves it, before that is stored as a skip."""
    skips = [hidden_states]
    for block, hint in zip(blocks, hints, strict=True):
        for resnet, attention in layers_of(block):
            hidden_states = _layer(resnet, attention, hidden_states, call)
            skips.append(hidden_states)
        for downsampler in modules_of(block, "downsamplers"):
            hidden_states = downsampler(hidden_states)
            skips.append(hidden_states)
        hidden_states = hidden_states + hint
        skips[-1] = hidden_states
    return hidden_states, skips


def _middle_pass(block: nn.Module, hidden_states: Tensor, call: _Call) -> Tensor:
    resnets, attentions = modules_of(block, "resnets"), modules_of(block, "attentions")
    hidden_states = _layer(resnets[0], None, hidden_states, call)
    for attention, resnet in zip(attentions, resnets[1:], strict=True):
        hidden_states = _layer(resnet, None, _transformer(attention, hidden_states, call), call)
    return hidden_states


def _up_pass(blocks: nn.ModuleList, hidden_states: Tensor, skips: list[Tensor], call: _Call) -> Tensor:
    """All up blocks; every layer takes the last skip connection that is left."""
    for block in blocks:
        for resnet, attention in layers_of(block):
            hidden_states = torch.cat([hidden_states, skips.pop()], dim=1)
            hidden_states = _layer(resnet, attention, hidden_states, call)
        for upsampler in modules_of(block, "upsamplers"):
            hidden_states = upsampler(hidden_states)
    return hidden_states


def _layer(resnet: nn.Module, attention: nn.Module | None, hidden_states: Tensor, call: _Call) -> Tensor:
    hidden_states = resnet(hidden_states, call.time_embedding)
    return hidden_states if attention is None else _transformer(attention, hidden_states, call)


def _transformer(module: nn.Module, hidden_states: Tensor, call: _Call) -> Tensor:
    """Self-attention, cross-attention, feed-forward; 1x1 convolutions around them."""
    assert isinstance(module, Transformer2DModel)
    residual, size = hidden_states, (hidden_states.shape[2], hidden_states.shape[3])
    tokens = module.proj_in(module.norm(hidden_states)).flatten(2).transpose(1, 2)
    for block in module.transformer_blocks:
        tokens = _transformer_block(cast("BasicTransformerBlock", block), tokens, size, call)
    return residual + module.proj_out(tokens.transpose(1, 2).unflatten(2, size))


def _transformer_block(
    block: BasicTransformerBlock, tokens: Tensor, size: tuple[int, int], call: _Call
) -> Tensor:
    assert block.attn2 is not None
    tokens = tokens + attend(block.attn1, *[block.norm1(tokens)] * 2)
    normed = cast("nn.Module", block.norm2)(tokens)
    told, number = call.told, next(call.blocks)
    tokens = tokens + cross_attention(
        block.attn2, normed, told.context, size, told.scales[number], told.split
    )
    return tokens + block.ff(cast("nn.Module", block.norm3)(tokens))
