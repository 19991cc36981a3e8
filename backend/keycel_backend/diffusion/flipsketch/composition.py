"""Dual attention composition: the clip being drawn looks at the world as the artist's sketch does.

A pass over the reference clip records queries and keys of every self-attention; a pass over the drawn clip
then uses them (FlipSketch, section 4.3, as the authors' code does it under the plain attention kernel).
Which layers attend in time follows from their names, so that a clip may have any number of frames.
What belongs to a pass travels with its call: nothing is kept on the modules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

import torch
import torch.nn.functional as functional
from diffusers.models.attention_processor import Attention
from diffusers.models.unets.unet_3d_condition import UNet3DConditionModel
from torch import Tensor, nn

FRAMES_OF_FULL_FIDELITY = 50
"""Querying frames after which a fidelity of 1 has doubled the score of the artist's frame."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Filled by a pass over the reference clip; by name of the attention."""

    queries: dict[str, Tensor] = field(default_factory=dict[str, Tensor])
    """Spatial attentions: (batch * copies, heads, pixels, width)."""
    first_keys: dict[str, Tensor] = field(default_factory=dict[str, Tensor])
    """Temporal attentions, of frame 0: (batch * pixels, heads, width)."""


@dataclass(frozen=True, slots=True)
class Composition:
    """How a pass over the drawn clip uses what was recorded."""

    recording: Recording
    frames: int
    copies: int
    """Frames of the reference clip."""
    fidelity: float
    """0..1: how much more than it would a frame looks at the artist's; grows with the frame's number."""


def composed_queries(queries: Tensor, recorded: Tensor, frames: int, copies: int) -> Tensor:
    """Spatial attention: the first `copies` frames ask what the sketch asked.

    Args:
        queries: (batch * frames, ...).
        recorded: (batch * copies, ...).
    """
    own = queries.view(-1, frames, *queries.shape[1:])[:, copies:]
    asked = recorded.view(-1, copies, *recorded.shape[1:])
    return torch.cat([asked, own], dim=1).flatten(0, 1)


def composed_weights(queries: Tensor, keys: Tensor, first_keys: Tensor, fidelity: float) -> Tensor:
    """Temporal attention: all frames look at the sketch in place of frame 0, late ones the more.

    The score is a signed number and multiplied: where it is negative, more fidelity weakens the link.

    Args:
        queries, keys: (..., frames, width).
        first_keys: (..., width), of the reference clip.
    Returns:
        (..., frames, frames), summing to 1 along the last.
    """
    frames, width = queries.shape[-2:]
    scale = width**-0.5
    scores = (queries @ keys.mT) * scale
    place = torch.arange(frames, device=queries.device, dtype=queries.dtype)
    strength = 1.0 + fidelity * place / FRAMES_OF_FULL_FIDELITY
    to_sketch = (queries @ first_keys[..., None]) * scale * strength[:, None]
    return torch.cat([to_sketch, scores[..., 1:]], dim=-1).softmax(dim=-1)


class Role(Enum):
    """What composition does to an attention."""

    SPATIAL = "spatial"
    TEMPORAL = "temporal"
    PLAIN = "plain"
    """Nothing: attention to the text, and the second one of temporal blocks."""


def role_of(name: str) -> Role:
    """Of an attention with this name in the UNet."""
    if not name.endswith(".attn1"):
        return Role.PLAIN
    in_time = name.startswith("transformer_in.") or ".temp_attentions." in name
    return Role.TEMPORAL if in_time else Role.SPATIAL


class ComposableAttention:
    """Attention processor of one layer; knows where the layer is, and nothing of any call."""

    def __init__(self, name: str, role: Role) -> None:
        self._name = name
        self._role = role

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        composition: Recording | Composition | None = None,
    ) -> Tensor:
        """`composition`: what to do beside attending; None for plain attention."""
        del attention_mask  # there is none in these networks
        layer: Any = attn
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        projected = layer.to_q(hidden_states), layer.to_k(context), layer.to_v(context)
        queries, keys, values = (_headed(one, layer.heads) for one in projected)
        if isinstance(composition, Recording):
            self._record(composition, queries, keys)
        if isinstance(composition, Composition) and self._role is Role.TEMPORAL:
            first_keys = composition.recording.first_keys[self._name]
            attended = composed_weights(queries, keys, first_keys, composition.fidelity) @ values
        else:
            if isinstance(composition, Composition) and self._role is Role.SPATIAL:
                recorded = composition.recording.queries[self._name]
                queries = composed_queries(queries, recorded, composition.frames, composition.copies)
            attended = functional.scaled_dot_product_attention(queries, keys, values)
        return layer.to_out[0](attended.transpose(1, 2).flatten(2))

    def _record(self, recording: Recording, queries: Tensor, keys: Tensor) -> None:
        if self._role is Role.TEMPORAL:
            recording.first_keys[self._name] = keys[:, :, 0]
        elif self._role is Role.SPATIAL:
            recording.queries[self._name] = queries


def _headed(projected: Tensor, heads: int) -> Tensor:
    """(batch, tokens, channels) to (batch, heads, tokens, width)."""
    batch, tokens, channels = projected.shape
    return projected.view(batch, tokens, heads, channels // heads).transpose(1, 2)


def install_composable_attention(unet: UNet3DConditionModel) -> None:
    """Gives every attention of a new network its processor, once and for all."""
    for name, module in cast("Iterator[tuple[str, nn.Module]]", unet.named_modules()):
        if isinstance(module, Attention):
            module.set_processor(  # its annotation lists diffusers' own classes
                ComposableAttention(name, role_of(name))  # pyright: ignore[reportArgumentType]
            )
