"""Reference images as tokens: CLIP's vision tower with its projection applied to every patch."""

from __future__ import annotations

from typing import cast

import torch.nn.functional as functional
from torch import Tensor, nn
from transformers import CLIPVisionModelWithProjection

from keycel_backend.diffusion.svd.image_embedding import clip_normalized


def embed_reference(encoder: CLIPVisionModelWithProjection, image: Tensor) -> Tensor:
    """(batch, 3, height, width) in -1..1 to (batch, patches, channels): without the class token."""
    return embed_with_class(encoder, image)[:, 1:]


def embed_with_class(encoder: CLIPVisionModelWithProjection, image: Tensor) -> Tensor:
    """(batch, 3, height, width) in -1..1 to (batch, 1 + patches, channels), the class token first."""
    size = encoder.config.image_size
    assert isinstance(size, int)  # other kinds are of other towers
    tower = encoder.vision_model
    hidden_states = tower(reference_pixels(image, size).to(encoder.dtype)).last_hidden_state
    normed = cast("nn.Module", tower.post_layernorm)(hidden_states)
    return encoder.visual_projection(normed)


def reference_pixels(image: Tensor, size: int) -> Tensor:
    """(batch, 3, height, width) in -1..1 to (batch, 3, size, size), normalised; aspect is not kept.

    Bicubic with antialiasing and aligned corners, as in the training.
    """
    resized = functional.interpolate(image, (size, size), mode="bicubic", align_corners=True, antialias=True)
    return clip_normalized(resized)
