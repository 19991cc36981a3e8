"""Noise as the UNet predicts it, in plain passes and in composed ones."""

from __future__ import annotations

from dataclasses import dataclass

from diffusers.models.unets.unet_3d_condition import UNet3DConditionModel
from torch import Tensor

from keycel_backend.diffusion.flipsketch.composition import Composition, Recording


@dataclass(frozen=True, slots=True)
class TextConditions:
    """Embedded texts, each (1 or batch, tokens, channels)."""

    prompt: Tensor
    negative: Tensor
    """What guidance leads away from."""
    null: Tensor
    """Of the empty text."""

    @property
    def negative_is_null(self) -> bool:
        return self.negative is self.null


def predict_noise(
    unet: UNet3DConditionModel,
    latents: Tensor,
    timestep: int,
    text: Tensor,
    composition: Recording | Composition | None = None,
) -> Tensor:
    """(batch, 4, frames, height, width), as large and as precise as `latents`.

    `composition`: a recording to fill or how to use one; None for a plain pass.
    """
    noise = unet(
        latents.to(unet.dtype),
        timestep,
        encoder_hidden_states=text.to(unet.dtype).expand(len(latents), -1, -1),
        cross_attention_kwargs={"composition": composition},
        return_dict=False,
    )[0]
    return noise.to(latents.dtype)


def guided(negative: Tensor, text: Tensor, scale: float) -> Tensor:
    """Classifier-free guidance of two predictions."""
    return negative + scale * (text - negative)
