"""One denoising call of AniDoc: all frames of a window at one noise level, with guidance."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from keycel_backend.diffusion.anidoc.mixing import OfficialMixing
from keycel_backend.diffusion.anidoc.networks import AniDocNetworks
from keycel_backend.diffusion.anidoc.options import TIME_IDS
from keycel_backend.diffusion.anidoc.schedule import clean_estimate, network_input, network_label
from keycel_backend.diffusion.svd.controlnet import controlnet_forward
from keycel_backend.diffusion.svd.unet import Conditioning, Residuals, unet_forward


@dataclass(frozen=True, slots=True)
class WindowConditions:
    """What the networks are told about a window, the same in all steps.

    Tensors of a batch of two: first without the reference, then with it.
    """

    conditioning: Conditioning
    concat: Tensor
    """(2, frames, 4, height, width) latents put beside the noisy ones, not scaled."""
    hint: Tensor
    """(frames, channels, height, width) embedded condition; both halves of the batch are told it in full."""
    guidance: Tensor
    """(frames, 1, 1, 1) scale of each frame."""
    control_scale: float


def predict(networks: AniDocNetworks, sample: Tensor, label: Tensor, told: WindowConditions) -> Tensor:
    """The networks alone, without and with the reference.

    `sample` (frames, 4, height, width), already scaled, to (2, frames, 4, height, width) float32.
    """
    dtype, mixing = networks.unet.dtype, OfficialMixing()
    inputs = torch.cat([sample.expand(2, -1, -1, -1, -1), told.concat], dim=2).to(dtype)
    if networks.unet.conv_in.weight.is_contiguous(memory_format=torch.channels_last):
        laid_out = inputs.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        inputs = laid_out.reshape(inputs.shape)
    hint = told.hint.repeat(2, 1, 1, 1)
    residuals = controlnet_forward(networks.controlnet, inputs, label, told.conditioning, mixing, hint)
    residuals = scaled(residuals, told.control_scale)
    return unet_forward(networks.unet, inputs, label, told.conditioning, mixing, residuals).float()


def guided_denoise(networks: AniDocNetworks, sample: Tensor, sigma: Tensor, told: WindowConditions) -> Tensor:
    """The estimate of the clean latents. `sample` (frames, 4, height, width) float32 at level `sigma`."""
    without, informed = predict(networks, network_input(sample, sigma), network_label(sigma), told)
    return clean_estimate(sample, without + told.guidance * (informed - without), sigma)


def scaled(residuals: Residuals, factor: float) -> Residuals:
    """What a ControlNet adds, times `factor`."""
    if factor == 1.0:
        return residuals
    return Residuals([one * factor for one in residuals.down], residuals.middle * factor)


def time_ids() -> Tensor:
    """(2, 3), the same for both halves of the batch."""
    return torch.tensor([TIME_IDS, TIME_IDS])
