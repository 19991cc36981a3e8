"""Samplers by diffusers' schedulers, and k-diffusion's steps through the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any

import numpy as np
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from diffusers.schedulers.scheduling_euler_ancestral_discrete import EulerAncestralDiscreteScheduler
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from diffusers.schedulers.scheduling_heun_discrete import HeunDiscreteScheduler
from diffusers.schedulers.scheduling_lms_discrete import LMSDiscreteScheduler
from diffusers.schedulers.scheduling_pndm import PNDMScheduler
from numpy.typing import NDArray

_TRAINED_STEPS = 1000
_BETA_START, _BETA_END = 0.00085, 0.012
_LEADING: dict[str, Any] = {"steps_offset": 1, "timestep_spacing": "leading"}
_KARRAS_RHO = 7.0
"""Of arXiv 2206.00364."""


class Sampler(Enum):
    """How a picture comes out of noise. The first four as diffusers has them, the others as k-diffusion."""

    DPM_SOLVER = "dpm-solver"
    DDIM = "ddim"
    PNDM = "pndm"
    LMS = "lms"
    EULER = "euler"
    EULER_ANCESTRAL = "euler a"
    """Takes away more noise than a step asks for, and adds new."""
    HEUN = "heun"
    """Asks the networks twice in every step but the last."""
    DPM_PP_2M = "dpm++ 2m"


_DIFFUSERS: dict[Sampler, Callable[..., Any]] = {
    Sampler.DPM_SOLVER: DPMSolverMultistepScheduler,
    # clipping is what the official code switches off: it fits pictures, not latents
    Sampler.DDIM: partial(DDIMScheduler, clip_sample=False),
    Sampler.PNDM: PNDMScheduler,
    Sampler.LMS: LMSDiscreteScheduler,
}
_TAKES_KARRAS = frozenset({Sampler.DPM_SOLVER, Sampler.LMS})


def make_scheduler(sampler: Sampler, steps: int, prediction_type: str, karras: bool) -> Any:
    """A scheduler of diffusers, set for `steps` steps. It keeps the state of one run: make one for each.

    Args:
        prediction_type: one of `PREDICTION_TYPES`.
        karras: noise levels of arXiv 2206.00364; DDIM and PNDM have none and stay as they are.
    """
    common: dict[str, Any] = {
        "beta_start": _BETA_START,
        "beta_end": _BETA_END,
        "beta_schedule": "scaled_linear",
        "num_train_timesteps": _TRAINED_STEPS,
        "prediction_type": prediction_type,
    }
    if sampler in _DIFFUSERS:
        chosen = {"use_karras_sigmas": True} if karras and sampler in _TAKES_KARRAS else {}
        scheduler = _DIFFUSERS[sampler](**common, **_LEADING, **chosen)
        scheduler.set_timesteps(steps)
        return scheduler
    sigmas = np.append(_karras_sigmas(steps) if karras else _even_sigmas(steps), 0.0)
    if sampler is Sampler.EULER:
        scheduler: Any = EulerDiscreteScheduler(**common)
        scheduler.set_timesteps(sigmas=sigmas.tolist())
        return scheduler
    if sampler is Sampler.EULER_ANCESTRAL:
        scheduler = EulerAncestralDiscreteScheduler(**common)
        _set_levels(scheduler, sigmas, _times_of(sigmas[:-1]))
        return scheduler
    if sampler is Sampler.HEUN:
        scheduler = HeunDiscreteScheduler(**common)
        asked = np.repeat(sigmas[:-1], 2)[1:]  # at the end of each step, and at the beginning of the next
        _set_levels(scheduler, np.append(asked, 0.0), _times_of(asked))
        return scheduler
    scheduler = DPMSolverMultistepScheduler(**common, algorithm_type="dpmsolver++")
    _set_levels(scheduler, sigmas, _times_of(sigmas[:-1]))
    first = sigmas[0]
    # k-diffusion begins with noise alone, which this scheduler expects at the scale of its own samples
    scheduler.init_noise_sigma = float(first / (1.0 + first**2) ** 0.5)
    return scheduler


def clean_estimate(
    seen: torch.Tensor, predicted: torch.Tensor, timestep: float, prediction_type: str
) -> torch.Tensor:
    """What latents would be without their noise, if the prediction were right; for previews.

    Args:
        seen: latents as the network got them: of unit variance whatever the sampler's own scale is.
        predicted: what it said, of the same shape.
        timestep: training step, may lie between two.
    """
    log_sigma = float(np.interp(timestep, np.arange(_TRAINED_STEPS), _trained_log_sigmas()))
    kept = 1.0 / math.sqrt(1.0 + math.exp(2.0 * log_sigma))
    noise = math.exp(log_sigma) * kept
    if prediction_type == "epsilon":
        return (seen - noise * predicted) / kept
    return kept * seen - noise * predicted


def _set_levels(scheduler: Any, sigmas: NDArray[np.float64], times: NDArray[np.float64]) -> None:
    """Noise levels that the scheduler has no argument for; time steps between two, as k-diffusion has."""
    scheduler.set_timesteps(len(times))
    scheduler.sigmas = torch.as_tensor(sigmas).float()
    scheduler.timesteps = torch.as_tensor(times).float()


def _trained_log_sigmas() -> NDArray[np.float64]:
    """(1000,) logarithms of the noise levels of all training steps, ascending."""
    roots = np.linspace(math.sqrt(_BETA_START), math.sqrt(_BETA_END), _TRAINED_STEPS)
    kept = np.cumprod(1.0 - roots**2)
    return 0.5 * np.log((1.0 - kept) / kept)


def _even_sigmas(steps: int) -> NDArray[np.float64]:
    """(steps,) noise levels at evenly spaced training steps, descending, last step included."""
    times = np.linspace(_TRAINED_STEPS - 1, 0, steps)
    return np.exp(np.interp(times, np.arange(_TRAINED_STEPS), _trained_log_sigmas()))


def _karras_sigmas(steps: int) -> NDArray[np.float64]:
    """(steps,) noise levels, descending, from the largest of the training to the smallest."""
    low, high = (float(np.exp(end / _KARRAS_RHO)) for end in _trained_log_sigmas()[[0, -1]])
    return (high + np.linspace(0.0, 1.0, steps) * (low - high)) ** _KARRAS_RHO


def _times_of(sigmas: NDArray[np.float64]) -> NDArray[np.float64]:
    """Training steps of noise levels; may lie between two."""
    return np.interp(np.log(sigmas), _trained_log_sigmas(), np.arange(_TRAINED_STEPS))
