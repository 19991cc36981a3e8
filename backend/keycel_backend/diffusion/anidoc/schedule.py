"""AniDoc's noise levels and steps: those of diffusers' Euler scheduler, whose last digits are its own.

At the first levels samples are in the thousands, so that one digit there is a visible one at the end.
"""

from __future__ import annotations

import torch
from torch import Tensor

from keycel_backend.diffusion.svd import schedule


def sigmas(steps: int) -> Tensor:
    """As `svd.schedule.sigmas`, computed in double precision like diffusers'."""
    return schedule.sigmas(steps, torch.float64)


def network_input(sample: Tensor, sigma: Tensor) -> Tensor:
    """A sample at level `sigma`, scaled as the networks take it."""
    return sample / (sigma**2 + 1.0) ** 0.5


def network_label(sigma: Tensor) -> Tensor:
    """What the networks are told of a level above 0: diffusers' continuous timestep."""
    return 0.25 * sigma.log()


def clean_estimate(sample: Tensor, velocity: Tensor, sigma: Tensor) -> Tensor:
    """The clean latents that the networks' prediction of `velocity` means."""
    return velocity * (-sigma / (sigma**2 + 1.0) ** 0.5) + sample / (sigma**2 + 1.0)
