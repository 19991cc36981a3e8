"""Random weights of a useful size, for networks that are only timed."""

from __future__ import annotations

import torch
from torch import nn

from keycel_backend.diffusion.placement import Networks, component_dtype


def fill_with_noise(networks: Networks, device: torch.device, precision: torch.dtype) -> None:
    """Networks built on the meta device, on `device` at once, without a detour through main memory."""
    generator = torch.Generator(device).manual_seed(0)
    for name, component in networks.components().items():
        dtype = component_dtype(name, precision)
        for module in component.modules():
            for key, parameter in list(module.named_parameters(recurse=False)):
                values = torch.empty(parameter.shape, device=device, dtype=dtype)
                fan_in = max(1, parameter[0].numel()) if parameter.dim() > 1 else 1
                values.normal_(std=fan_in**-0.5, generator=generator)
                setattr(module, key, nn.Parameter(values, requires_grad=False))
        component.to(device)  # buffers
