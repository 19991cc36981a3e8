"""The embedding of the conditioning image: CLIP's vision tower and its preparation of pictures."""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Tensor
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from keycel_backend.diffusion.svd.configuration import ImageEncoderConfiguration

_MEAN = (0.48145466, 0.4578275, 0.40821073)
_DEVIATION = (0.26862954, 0.26130258, 0.27577711)


def build_image_encoder(configuration: ImageEncoderConfiguration) -> CLIPVisionModelWithProjection:
    """With random weights, on the default device."""
    encoder = CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=configuration.hidden_size,
            intermediate_size=configuration.intermediate_size,
            projection_dim=configuration.projection_dim,
            num_hidden_layers=configuration.num_hidden_layers,
            num_attention_heads=configuration.num_attention_heads,
            image_size=configuration.image_size,
            patch_size=configuration.patch_size,
            hidden_act="gelu",
            layer_norm_eps=1e-5,
        )
    )
    # the one buffer that is not in the file: real even where parameters are built without data
    embeddings = encoder.vision_model.embeddings
    positions = torch.arange(embeddings.position_embedding.num_embeddings, device="cpu")[None]
    embeddings.register_buffer("position_ids", positions, persistent=False)
    return encoder.requires_grad_(False).eval()


def embed_image(encoder: CLIPVisionModelWithProjection, image: Tensor) -> Tensor:
    """(batch, 3, height, width) in -1..1 to (batch, 1, channels)."""
    size = encoder.config.image_size
    assert isinstance(size, int)  # other kinds are of other towers
    pixels = clip_pixels(image, size)
    return encoder(pixels.to(encoder.dtype)).image_embeds[:, None]


def clip_pixels(image: Tensor, size: int) -> Tensor:
    """(batch, 3, height, width) in -1..1 to (batch, 3, size, size), normalised; aspect is not kept.

    Blurred before it is made smaller, as kornia's `resize(antialias=True)` does, then bicubic with
    aligned corners: both are what the official code was trained with.
    """
    height, width = image.shape[2:]
    blurred = _blur(_blur(image, width / size, 3), height / size, 2)
    resized = functional.interpolate(blurred, (size, size), mode="bicubic", align_corners=True)
    return clip_normalized(resized)


def clip_normalized(pixels: Tensor) -> Tensor:
    """(batch, 3, height, width) in -1..1 to what CLIP was trained on."""
    mean, deviation = (pixels.new_tensor(values)[:, None, None] for values in (_MEAN, _DEVIATION))
    return ((pixels + 1.0) / 2.0 - mean) / deviation


def _blur(image: Tensor, factor: float, dimension: int) -> Tensor:
    """Gaussian along one dimension against aliasing when that shrinks by `factor`."""
    sigma = max((factor - 1.0) / 2.0, 0.001)
    half = int(max(4.0 * sigma, 3)) // 2
    place = torch.arange(-half, half + 1, dtype=image.dtype, device=image.device)
    weights = torch.exp(-(place**2) / (2.0 * sigma**2))
    weights = (weights / weights.sum()).expand(3, 1, 1, -1)
    along_rows = dimension == 3
    padded = functional.pad(image, (half, half, 0, 0) if along_rows else (0, 0, half, half), mode="reflect")
    return functional.conv2d(padded, weights if along_rows else weights.mT, groups=3)
