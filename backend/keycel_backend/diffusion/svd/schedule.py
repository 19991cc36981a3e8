"""Noise levels, preconditioning and Euler steps of Stable Video Diffusion (EDM, arXiv 2206.00364)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

SIGMA_MIN = 0.002
SIGMA_MAX = 700.0
RHO = 7.0


def sigmas(steps: int, precision: torch.dtype = torch.float32) -> Tensor:
    """(steps + 1,) noise levels from `SIGMA_MAX` down to `SIGMA_MIN`, then 0; float32.

    `precision`: in which they are computed. Stability AI's code has float32, diffusers float64; they
    differ in the last digits.
    """
    ramp = torch.linspace(0.0, 1.0, steps, dtype=precision)
    low, high = SIGMA_MIN ** (1.0 / RHO), SIGMA_MAX ** (1.0 / RHO)
    return torch.cat([((high + ramp * (low - high)) ** RHO).float(), torch.zeros(1)])


_ALIGNED = (700.0, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034)
"""Ten levels that were optimised for Stable Video Diffusion (Align Your Steps, arXiv 2404.14507)."""


class Schedule(Enum):
    """How the noise falls from step to step."""

    USUAL = "usual"
    """`sigmas`, with which the systems on Stable Video Diffusion were published; for about 25 steps."""
    FEW_STEPS = "few steps"
    """`few_step_sigmas`, for about ten steps or fewer."""

    def sigmas(self, steps: int) -> Tensor:
        """(steps + 1,) noise levels, falling, the last 0; float32."""
        return sigmas(steps) if self is Schedule.USUAL else few_step_sigmas(steps)


def few_step_sigmas(steps: int) -> Tensor:
    """(steps + 1,) noise levels from `SIGMA_MAX`, then 0; float32.

    Few levels of `sigmas` would leave the middle, in which shapes and colours form, to one step. These
    are those of Align Your Steps, for other numbers of steps interpolated in their logarithm as there.
    """
    logarithms = [math.log(level) for level in _ALIGNED]
    places = [at * (len(_ALIGNED) - 1) / max(1, steps - 1) for at in range(steps)]
    levels = [math.exp(_between(logarithms, place)) for place in places]
    return torch.tensor([*levels, 0.0])


def _between(values: list[float], place: float) -> float:
    """Linear between the two values around `place`, 0 .. len(values) - 1."""
    low = min(int(place), len(values) - 2)
    return values[low] + (place - low) * (values[low + 1] - values[low])


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
