"""A running mean of the networks' weights, which paints better than any of them."""

from __future__ import annotations

import copy

import torch

from keycel_backend.diffusion.sketchkey.networks import SketchKeyNetworks


class RunningMean:
    """Exponential, shorter at the beginning, when weights still change a lot."""

    def __init__(self, networks: SketchKeyNetworks, memory: float) -> None:
        self.networks = copy.deepcopy(networks).requires_grad_(False).eval()
        self._memory = memory

    @torch.no_grad()
    def follow(self, networks: SketchKeyNetworks, step: int) -> None:
        """`step`: updates so far, from 0."""
        memory = min(self._memory, (1.0 + step) / (10.0 + step))
        for mean, value in zip(self.networks.parameters(), networks.parameters(), strict=True):
            mean.lerp_(value, 1.0 - memory)
