"""Brings networks to the device, all of them or only those in use."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import nn


class Networks(Protocol):
    def components(self) -> dict[str, nn.Module]:
        """By name."""
        ...


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
