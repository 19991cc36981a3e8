"""Timesteps and steps of DDIM without noise (arXiv 2010.02502), forward and inverse."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from keycel_backend.diffusion.flipsketch.configuration import ScheduleConfiguration


@dataclass(frozen=True, slots=True)
class Schedule:
    """Descending timesteps with the share of the picture that is left at each."""

    timesteps: tuple[int, ...]
    alphas: Tensor
    """(steps,) cumulated products of 1 - beta, float32."""
    previous_alphas: Tensor
    """(steps,) of the less noisy neighbours; the last one is that of the clean end."""

    @classmethod
    def of(cls, configuration: ScheduleConfiguration, steps: int) -> Schedule:
        """Evenly spaced timesteps, counted from the clean end ("leading"); 1 or more."""
        trained = configuration.num_train_timesteps
        roots = torch.linspace(configuration.beta_start**0.5, configuration.beta_end**0.5, trained)
        products = torch.cumprod(1.0 - roots**2, dim=0)
        stride = trained // steps
        timesteps = [number * stride + configuration.steps_offset for number in reversed(range(steps))]
        clean = torch.ones(()) if configuration.set_alpha_to_one else products[0]
        previous = [step - stride for step in timesteps]
        return cls(
            tuple(timesteps),
            products[timesteps],
            torch.stack([products[step] if step >= 0 else clean for step in previous]),
        )

    def step(self, latents: Tensor, noise: Tensor, number: int) -> Tensor:
        """One step towards the picture, from timestep `number` on; `noise` is the predicted one."""
        return _moved(latents, noise, self.alphas[number], self.previous_alphas[number])

    def inverse_step(self, latents: Tensor, noise: Tensor, number: int) -> Tensor:
        """The way back, to timestep `number`."""
        return _moved(latents, noise, self.previous_alphas[number], self.alphas[number])

    def estimate(self, latents: Tensor, noise: Tensor, number: int) -> Tensor:
        """What the picture would be if the predicted noise at timestep `number` were all of it."""
        alpha = self.alphas[number].to(latents.device)
        return (latents - (1.0 - alpha) ** 0.5 * noise) / alpha**0.5


def _moved(latents: Tensor, noise: Tensor, alpha: Tensor, wanted: Tensor) -> Tensor:
    alpha, wanted = alpha.to(latents.device), wanted.to(latents.device)
    picture = (latents - (1.0 - alpha) ** 0.5 * noise) / alpha**0.5
    return wanted**0.5 * picture + (1.0 - wanted) ** 0.5 * noise
