"""LVCD's layers that know about slots, as the mixing of a network call (arXiv 2409.12960, section 4)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from diffusers.models.attention_processor import Attention
from torch import Tensor, nn

from keycel_backend.diffusion.lvcd.slots import (
    AttentionGroup,
    AttentionMode,
    SlotLayout,
    attention_groups,
    attention_plan,
)
from keycel_backend.diffusion.svd.mixing import (
    FrameMixing,
    keys_and_values,
    merge_heads,
    split_heads,
    value_projection,
)

LAST_AMPLIFIED_LAYER = 12
"""In the UNet; the finest layers after it are not amplified. All layers of the ControlNet come before."""


@dataclass(frozen=True, slots=True)
class _Group:
    """An `AttentionGroup` on a device."""

    slots: Tensor
    own: Tensor
    reference: Tensor | None
    bias: float

    @classmethod
    def of(cls, group: AttentionGroup, device: torch.device) -> _Group:
        slots, own = (torch.tensor(one, device=device) for one in (group.slots, group.own))
        reference = None if group.reference is None else torch.tensor(group.reference, device=device)
        return cls(slots, own, reference, math.log(group.amplification))


class SlotMixing(FrameMixing):
    """Of calls with batch 1 whose frames are the slots of `layout`."""

    def __init__(self, layout: SlotLayout, mode: AttentionMode, device: torch.device) -> None:
        self._references = layout.references
        self._frame_index = torch.tensor(layout.frame_index(), device=device)
        self.temporal_mask = _temporal_mask(layout).to(device)
        plan = attention_plan(layout, mode)
        self._groups = {
            amplified: tuple(_Group.of(group, device) for group in attention_groups(plan, amplified))
            for amplified in (False, True)
        }

    def spatial_attention(self, attention: Attention, hidden_states: Tensor, layer: int) -> Tensor:
        """Reference Attention: each slot attends to the tokens of two slots.

        Keys and values of a slot are projected once, however many slots look at it.
        """
        query = split_heads(attention, attention.to_q(hidden_states))
        key, value = keys_and_values(attention, hidden_states)
        attended = torch.empty_like(query)
        for group in self._groups[layer <= LAST_AMPLIFIED_LAYER]:
            attended[group.slots] = _attend_to_group(query, key, value, group)
        return merge_heads(attention, attended)

    def temporal_attention(self, attention: Attention, hidden_states: Tensor) -> Tensor:
        """References see only themselves, video slots each other."""
        if _as_published(hidden_states):
            query = split_heads(attention, attention.to_q(hidden_states))
            key, value = keys_and_values(attention, hidden_states)
            seen = self.temporal_mask
            return merge_heads(
                attention, functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
            )
        video = hidden_states[:, self._references :]
        query = split_heads(attention, attention.to_q(video))
        key, value = keys_and_values(attention, video)
        attended = functional.scaled_dot_product_attention(query, key, value)
        alone = value_projection(attention)(hidden_states[:, : self._references])
        alone = split_heads(attention, alone)
        return merge_heads(attention, torch.cat([alone, attended], dim=2))

    def temporal_convolution(self, convolution: nn.Conv3d, hidden_states: Tensor) -> Tensor:
        """References are convolved each on its own, where only the middle tap meets anything."""
        alone = functional.conv3d(
            hidden_states[:, :, : self._references], convolution.weight[:, :, 1:2], convolution.bias
        )
        return torch.cat([alone, convolution(hidden_states[:, :, self._references :])], dim=2)

    def frame_index(self, num_frames: int, device: torch.device) -> Tensor:
        del num_frames, device
        return self._frame_index


def _as_published(hidden_states: Tensor) -> bool:
    """Whether sums are to be taken in the order of the official code, with what that repeats.

    So in single precision, in which the numbers of both are compared: on a processor they come out
    bit for bit alike. Half precision rounds more coarsely than any order of sums, and saves the work.
    """
    return hidden_states.dtype is torch.float32


def _temporal_mask(layout: SlotLayout) -> Tensor:
    """(slots, slots): whether the first may look at the second over time."""
    slots = torch.arange(layout.total)
    video = slots >= layout.references
    return (slots[:, None] == slots) | (video[:, None] & video)


def _attend_to_group(query: Tensor, key: Tensor, value: Tensor, group: _Group) -> Tensor:
    """All (slots, heads, tokens, width); returns that of the group's slots."""
    own_key, own_value = key[group.own], value[group.own]
    reference = group.own if group.reference is None else group.reference
    if group.reference is None and not _as_published(query):
        return functional.scaled_dot_product_attention(query[group.slots], own_key, own_value)
    tokens = key.shape[2]
    mask = None
    if group.bias:
        mask = query.new_zeros(1, 1, 1, 2 * tokens)  # one row, broadcast: a full one would be gigabytes
        mask[..., tokens:] = group.bias
    return functional.scaled_dot_product_attention(
        query[group.slots],
        torch.cat([own_key, key[reference]], dim=2),
        torch.cat([own_value, value[reference]], dim=2),
        attn_mask=mask,
    )
