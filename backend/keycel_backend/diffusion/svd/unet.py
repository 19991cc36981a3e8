"""The UNet: built by diffusers, called by our own forward, which takes ControlNet residuals and a mixing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from diffusers.models.unets.unet_spatio_temporal_condition import UNetSpatioTemporalConditionModel
from torch import Tensor, nn

from keycel_backend.diffusion.svd.blocks import down_pass, middle_pass, up_pass
from keycel_backend.diffusion.svd.configuration import UNetConfiguration
from keycel_backend.diffusion.svd.layers import Call
from keycel_backend.diffusion.svd.mixing import FrameMixing


@dataclass(frozen=True, slots=True)
class Conditioning:
    """What UNet and ControlNet are told beside the latents."""

    image_embedding: Tensor
    """(batch, tokens, channels)"""
    time_ids: Tensor
    """(batch, 3): frames per second, motion bucket, strength of the noise on the conditioning image."""


@dataclass(frozen=True, slots=True)
class Residuals:
    """What a ControlNet adds to the UNet."""

    down: Sequence[Tensor]
    """One for each skip connection, in order of execution."""
    middle: Tensor


class TimeEmbedding(Protocol):
    """What UNet and ControlNet embed time with."""

    time_proj: Timesteps
    time_embedding: TimestepEmbedding
    add_time_proj: Timesteps
    add_embedding: TimestepEmbedding


def build_unet(configuration: UNetConfiguration) -> UNetSpatioTemporalConditionModel:
    """With random weights, on the default device (`with torch.device("meta")` for none)."""
    attended = len(configuration.block_out_channels) - 1
    unet = UNetSpatioTemporalConditionModel(
        in_channels=configuration.in_channels,
        out_channels=configuration.out_channels,
        down_block_types=("CrossAttnDownBlockSpatioTemporal",) * attended + ("DownBlockSpatioTemporal",),
        up_block_types=("UpBlockSpatioTemporal",) + ("CrossAttnUpBlockSpatioTemporal",) * attended,
        block_out_channels=configuration.block_out_channels,
        addition_time_embed_dim=configuration.addition_time_embed_dim,
        projection_class_embeddings_input_dim=configuration.time_ids * configuration.addition_time_embed_dim,
        layers_per_block=configuration.layers_per_block,
        cross_attention_dim=configuration.cross_attention_dim,
        num_attention_heads=configuration.num_attention_heads,
    )
    if configuration.residual_eps is not None:
        set_residual_eps(unet, configuration.residual_eps)
    return unet.requires_grad_(False).eval()


def set_residual_eps(network: nn.Module, eps: float) -> None:
    """Epsilon of all GroupNorms inside residual blocks."""
    for name, _ in network.named_parameters():
        if "res_block." in name:
            module = network.get_submodule(name.rsplit(".", 1)[0])
            if isinstance(module, nn.GroupNorm):
                module.eps = eps


def unet_forward(
    unet: UNetSpatioTemporalConditionModel,
    sample: Tensor,
    timestep: Tensor,
    conditioning: Conditioning,
    mixing: FrameMixing,
    residuals: Residuals | None = None,
) -> Tensor:
    """One prediction. Any number of threads may call at once.

    Args:
        sample: (batch, frames, channels, height, width), sides multiples of `size_multiple`.
        timestep: (batch,) or () noise label.
    Returns:
        (batch, frames, out channels, height, width)
    """
    layers = count()
    # 1. time, image embedding, first convolution
    call = open_call(unet, sample, timestep, conditioning, mixing)
    hidden_states = unet.conv_in(sample.flatten(0, 1))
    # 2. down and middle
    hidden_states, skips = down_pass(unet.down_blocks, hidden_states, call, layers)
    hidden_states = middle_pass(unet.mid_block, hidden_states, call, layers)
    # 3. control, after the whole way down, which itself sees nothing of it
    if residuals is not None:
        hidden_states = hidden_states + residuals.middle
        skips = [skip + residual for skip, residual in zip(skips, residuals.down, strict=True)]
    # 4. up
    hidden_states = up_pass(unet.up_blocks, hidden_states, skips, call, layers)
    # 5. last convolution
    hidden_states = unet.conv_out(unet.conv_act(unet.conv_norm_out(hidden_states)))
    return hidden_states.unflatten(0, sample.shape[:2])


def open_call(
    network: TimeEmbedding, sample: Tensor, timestep: Tensor, conditioning: Conditioning, mixing: FrameMixing
) -> Call:
    """Embeds the noise label and the added ids for a call on `sample` (batch, frames, ...)."""
    batch, frames = sample.shape[:2]
    # for every frame, though they are alike: products of few rows are summed in another order
    labels = timestep.expand(batch).repeat_interleave(frames)
    embedding = network.time_embedding(network.time_proj(labels).to(sample.dtype))
    ids = network.add_time_proj(conditioning.time_ids.flatten()).unflatten(0, (batch, -1)).flatten(1)
    embedding = embedding + network.add_embedding(ids.to(sample.dtype).repeat_interleave(frames, dim=0))
    return Call(
        frames=frames,
        time_embedding=embedding,
        context=conditioning.image_embedding.to(sample.dtype),
        mixing=mixing,
    )
