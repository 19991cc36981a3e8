"""One denoising call of LVCD: all slots of a segment at one noise level."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from keycel_backend.diffusion.lvcd.mixing import SlotMixing
from keycel_backend.diffusion.lvcd.networks import LvcdNetworks
from keycel_backend.diffusion.lvcd.options import SamplingOptions
from keycel_backend.diffusion.svd.schedule import Preconditioning
from keycel_backend.diffusion.svd.unet import Conditioning


@dataclass(frozen=True, slots=True)
class SegmentConditions:
    """What the networks are told about a segment, the same in all steps."""

    conditioning: Conditioning
    concat: Tensor
    """(slots, 4, height, width) latents put beside the noisy ones, not scaled."""
    hint: Tensor | None
    """(slots, channels, height, width) embedded sketches; None leaves the ControlNet out."""


def predict(
    networks: LvcdNetworks, sample: Tensor, label: Tensor, conditions: SegmentConditions, mixing: SlotMixing
) -> Tensor:
    """The networks alone. `sample` (slots, 4, height, width), already scaled, to the same shape, float32."""
    dtype = networks.unet.dtype
    inputs = torch.cat([sample, conditions.concat], dim=1).to(dtype)
    if networks.unet.conv_in.weight.is_contiguous(memory_format=torch.channels_last):
        inputs = inputs.contiguous(memory_format=torch.channels_last)
    inputs = inputs[None]
    residuals = None
    if conditions.hint is not None:
        residuals = networks.passes.controlnet(
            networks.controlnet, inputs, label, conditions.conditioning, mixing, conditions.hint
        )
    predicted = networks.passes.unet(networks.unet, inputs, label, conditions.conditioning, mixing, residuals)
    return predicted[0].float()


def denoise(
    networks: LvcdNetworks, sample: Tensor, sigma: Tensor, conditions: SegmentConditions, mixing: SlotMixing
) -> Tensor:
    """The estimate of the clean latents. `sample` (slots, 4, height, width) float32 at level `sigma`."""
    scales = Preconditioning.at(sigma)
    prediction = predict(networks, sample * scales.into, scales.label, conditions, mixing)
    return scales.skip * sample + scales.out * prediction


@dataclass(frozen=True, slots=True)
class Guidance:
    """Classifier-free guidance with a scale for every slot."""

    scale: Tensor
    """(slots, 1, 1, 1)"""

    @classmethod
    def of(cls, options: SamplingOptions, device: torch.device) -> Guidance | None:
        """None where every scale is 1, so that one call is enough."""
        if options.guidance == (1.0, 1.0):
            return None
        scale = torch.linspace(*options.guidance, options.layout.total, device=device)
        return cls(scale[:, None, None, None])


def guided_denoise(
    networks: LvcdNetworks,
    sample: Tensor,
    sigma: Tensor,
    conditions: SegmentConditions,
    mixing: SlotMixing,
    guidance: Guidance | None,
    first_segment: bool,
) -> Tensor:
    """`denoise`, guided. Later segments keep their latents in the unconditional call, as officially."""
    conditional = denoise(networks, sample, sigma, conditions, mixing)
    if guidance is None:
        return conditional
    told = conditions.conditioning
    without = replace(
        conditions,
        conditioning=replace(told, image_embedding=torch.zeros_like(told.image_embedding)),
        concat=torch.zeros_like(conditions.concat) if first_segment else conditions.concat,
    )
    unconditional = denoise(networks, sample, sigma, without, mixing)
    return unconditional + guidance.scale * (conditional - unconditional)
