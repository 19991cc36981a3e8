"""AniDoc's noise levels: those of diffusers' Euler scheduler, whose last digits are its own."""

from __future__ import annotations

import torch
from torch import Tensor

from keycel_backend.diffusion.svd import schedule


def sigmas(steps: int) -> Tensor:
    """As `svd.schedule.sigmas`, computed in double precision like diffusers'."""
    return schedule.sigmas(steps, torch.float64)
