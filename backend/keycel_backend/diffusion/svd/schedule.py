"""Noise levels, preconditioning and Euler steps of Stable Video Diffusion (EDM, arXiv 2206.00364)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SIGMA_MIN = 0.002
SIGMA_MAX = 700.0
RHO = 7.0


def sigmas(steps: int) -> Tensor:
    """(steps + 1,) noise levels from `SIGMA_MAX` down to `SIGMA_MIN`, then 0; float32."""
    ramp = torch.linspace(0.0, 1.0, steps, dtype=torch.float64)
    low, high = SIGMA_MIN ** (1.0 / RHO), SIGMA_MAX ** (1.0 / RHO)
    return torch.cat([((high + ramp * (low - high)) ** RHO).float(), torch.zeros(1)])


@dataclass(frozen=True, slots=True)
class Preconditioning:
    """Of one noise level: D(x) = skip * x + out * F(into * x, label), with F the network (v-prediction)."""

    skip: Tensor
    out: Tensor
    into: Tensor
    label: Tensor

    @classmethod
    def at(cls, sigma: Tensor) -> Preconditioning:
        variance = sigma**2 + 1.0
        return cls(1.0 / variance, -sigma / variance**0.5, 1.0 / variance**0.5, 0.25 * sigma.log())


def scale_noise(noise: Tensor, sigma: Tensor) -> Tensor:
    """Unit noise to what sampling starts from at level `sigma`."""
    return noise * torch.sqrt(1.0 + sigma**2)


def euler_step(sample: Tensor, denoised: Tensor, sigma: Tensor, next_sigma: Tensor) -> Tensor:
    """From one noise level to the next, along the line to the estimate `denoised`."""
    return sample + (next_sigma - sigma) * ((sample - denoised) / sigma)
