"""Down, middle and up blocks of the UNet, as passes over diffusers' modules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from diffusers.models.resnet import SpatioTemporalResBlock
from diffusers.models.transformers.transformer_temporal import TransformerSpatioTemporalModel
from torch import Tensor, nn

from keycel_backend.diffusion.svd.layers import Call, residual_block, transformer


def down_pass(
    blocks: nn.ModuleList, hidden_states: Tensor, call: Call, layers: Iterator[int]
) -> tuple[Tensor, list[Tensor]]:
    """All down blocks. `layers` numbers the attentions.

    Returns what the middle block takes, and the skip connections: the input, the output of every layer
    and of every downsampler.
    """
    skips = [hidden_states]
    for block in blocks:
        for resnet, attention in layers_of(block):
            hidden_states = _layer(resnet, attention, hidden_states, call, layers)
            skips.append(hidden_states)
        for downsampler in modules_of(block, "downsamplers"):
            hidden_states = downsampler(hidden_states)
            skips.append(hidden_states)
    return hidden_states, skips


def middle_pass(block: nn.Module, hidden_states: Tensor, call: Call, layers: Iterator[int]) -> Tensor:
    """The middle block: residual block, transformer, residual block."""
    resnets, attentions = modules_of(block, "resnets"), modules_of(block, "attentions")
    hidden_states = _layer(resnets[0], None, hidden_states, call, layers)
    for attention, resnet in zip(attentions, resnets[1:], strict=True):
        assert isinstance(attention, TransformerSpatioTemporalModel)
        hidden_states = transformer(attention, hidden_states, call, next(layers))
        hidden_states = _layer(resnet, None, hidden_states, call, layers)
    return hidden_states


def up_pass(
    blocks: nn.ModuleList, hidden_states: Tensor, skips: Sequence[Tensor], call: Call, layers: Iterator[int]
) -> Tensor:
    """All up blocks; every layer takes the last skip connection that is left."""
    remaining = list(skips)
    for block in blocks:
        for resnet, attention in layers_of(block):
            hidden_states = torch.cat([hidden_states, remaining.pop()], dim=1)
            hidden_states = _layer(resnet, attention, hidden_states, call, layers)
        for upsampler in modules_of(block, "upsamplers"):
            hidden_states = upsampler(hidden_states)
    return hidden_states


def _layer(
    resnet: nn.Module, attention: nn.Module | None, hidden_states: Tensor, call: Call, layers: Iterator[int]
) -> Tensor:
    assert isinstance(resnet, SpatioTemporalResBlock)
    hidden_states = residual_block(resnet, hidden_states, call)
    if attention is None:
        return hidden_states
    assert isinstance(attention, TransformerSpatioTemporalModel)
    return transformer(attention, hidden_states, call, next(layers))


def layers_of(block: nn.Module) -> list[tuple[nn.Module, nn.Module | None]]:
    """Residual blocks with the transformer that follows each, if any."""
    resnets, attentions = modules_of(block, "resnets"), modules_of(block, "attentions")
    return list(zip(resnets, attentions or [None] * len(resnets), strict=True))


def modules_of(block: nn.Module, name: str) -> list[nn.Module]:
    """The modules of a list that some blocks do not have, or have as None."""
    modules = getattr(block, name, None)
    return [] if modules is None else list(modules)
