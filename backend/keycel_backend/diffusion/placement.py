"""Where the networks of a system are: their precision, and bringing them to a device, all or those in use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import torch
from torch import nn


class Networks(Protocol):
    """The networks of a system by the names under which their weights are kept."""

    def components(self) -> Mapping[str, nn.Module]: ...


_EXACT = ("vae", "reference_encoder", "background_transformer", "threshold_embedder")
"""Beginnings of the names of components that work in float32 whatever the precision: halves overflow in a
VAE, and what only runs once may as well be as exact as in the official code."""


def component_dtype(name: str, precision: torch.dtype) -> torch.dtype:
    """Of a component's weights, when `precision` is asked for."""
    return torch.float32 if name.startswith(_EXACT) else precision


def move(networks: Networks, device: torch.device, precision: torch.dtype) -> None:
    """All networks, in the precision of each."""
    for name, component in networks.components().items():
        nn.Module.to(component, device=device, dtype=component_dtype(name, precision))


def place(networks: Networks, names: tuple[str, ...], device: torch.device, offload: bool) -> None:
    """Brings components to the device. With `offload` all others leave it first.

    Moves weights, so only one user of the networks at a time may do this.
    """
    components = networks.components()
    if offload:
        for name in components.keys() - set(names):
            components[name].to("cpu")
    for name in names:
        components[name].to(device)


def to_channels_last(networks: Iterable[nn.Module]) -> None:
    """The memory layout of convolutions that is faster on recent GPUs."""
    for network in networks:
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last)
            elif isinstance(module, nn.Conv3d):
                module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last_3d)
