"""The switchable modes: which tokens a call attends to, with which adapters, and whether a mask splits it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

from keycel_backend.diffusion.colorizediffusion.networks import ColorizeDiffusionNetworks
from keycel_backend.diffusion.colorizediffusion.reference_tokens import embed_reference
from keycel_backend.diffusion.colorizediffusion.split_attention import Split
from keycel_backend.diffusion.colorizediffusion.split_linear import Adapter


class Mode(Enum):
    """What is kept apart."""

    VANILLA = "vanilla"
    """Nothing: the whole reference for the whole drawing."""
    BACKGROUND = "background"
    """The background of the drawing follows the reference's background, with its adapters."""
    FOREGROUND = "foreground"
    """Foreground adapters for the foreground; all tokens for both."""
    BOTH = "both"
    """Both sets of adapters as the official release runs them: both halves see the same tokens."""
    SPLIT = "split"
    """Both sets of adapters, and each half of the drawing sees the tokens of its own half only."""


_SEES_BACKGROUND = frozenset({Mode.BACKGROUND, Mode.BOTH, Mode.SPLIT})
_FOREGROUND_ADAPTERS = frozenset({Mode.FOREGROUND, Mode.BOTH, Mode.SPLIT})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which value on a mask means foreground; the networks are told."""

    reference: float = 0.5
    sketch: float = 0.05


@dataclass(frozen=True, slots=True)
class Reference:
    """An image to colour after. All tensors (1, ..., height, width) of one size, but `background`'s own."""

    image: Tensor
    """(1, 3, height, width) in -1..1."""
    mask: Tensor | None = None
    """(1, 1, height, width), the foreground near 1; None: there is no background to tell apart."""
    background: Tensor | None = None
    """(1, 3, any size) another image for the background; taken as it is."""


def reference_context(
    networks: ColorizeDiffusionNetworks, reference: Reference | None, mode: Mode, thresholds: Thresholds
) -> Tensor:
    """(1, tokens, channels): what the denoiser attends to. Without a reference it is told nothing."""
    # 1. the tokens of the whole reference
    tokens = _tokens(networks, None if reference is None else reference.image)
    if mode is Mode.VANILLA:
        return tokens
    if mode is Mode.FOREGROUND:
        return torch.cat([tokens, tokens], dim=1)
    # 2. those of its background, and at which threshold the drawing is cut
    foreground = tokens + _threshold(networks, thresholds.sketch)
    halves = torch.cat([foreground, _background_tokens(networks, reference, thresholds)], dim=1)
    return torch.cat([halves, halves], dim=1) if mode is Mode.BOTH else halves


def _background_tokens(
    networks: ColorizeDiffusionNetworks, reference: Reference | None, thresholds: Thresholds
) -> Tensor:
    """(1, tokens, channels) of the reference with its foreground made white, or of a background image."""
    told = _threshold(networks, thresholds.reference)
    if reference is None:
        return networks.background_transformer(_tokens(networks, None) + told)
    if reference.background is not None:
        return _tokens(networks, reference.background) + told
    image = reference.image
    if reference.mask is not None:
        image = torch.where(reference.mask >= thresholds.reference, torch.ones_like(image), image)
    return networks.background_transformer(_tokens(networks, image) + told)


def _tokens(networks: ColorizeDiffusionNetworks, image: Tensor | None) -> Tensor:
    """(1, tokens, channels) of an image; zeros of none."""
    if image is not None:
        return embed_reference(networks.reference_encoder, image)
    configuration = networks.configuration
    shape = 1, configuration.background.num_tokens, configuration.denoiser.cross_attention_dim
    return networks.reference_encoder.visual_projection.weight.new_zeros(shape)


def sketch_split(mode: Mode, mask: Tensor, thresholds: Thresholds, merge: float = 0.0) -> Split | None:
    """How cross-attention is split in a mode; None where it is not.

    Args:
        mask: (batch, 1, height, width) of the latents' size, foreground near 1.
        merge: see `Split`.
    """
    if mode is Mode.VANILLA:
        return None
    return Split(
        mask,
        thresholds.sketch,
        Adapter.FOREGROUND if mode in _FOREGROUND_ADAPTERS else Adapter.NONE,
        Adapter.BACKGROUND if mode in _SEES_BACKGROUND else Adapter.NONE,
        merge,
    )


def _threshold(networks: ColorizeDiffusionNetworks, value: float) -> Tensor:
    weight = next(networks.threshold_embedder.parameters())
    return networks.threshold_embedder(torch.tensor([value], device=weight.device))
