"""Sampling of windows one after another, each held to the end of the one before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from keycel_backend.diffusion.anidoc.denoiser import WindowConditions, guided_denoise, time_ids
from keycel_backend.diffusion.anidoc.networks import AniDocNetworks
from keycel_backend.diffusion.anidoc.options import SamplingOptions
from keycel_backend.diffusion.anidoc.reference import EncodedReference, Noise, both_halves
from keycel_backend.diffusion.anidoc.schedule import sigmas
from keycel_backend.diffusion.anidoc.windows import Window
from keycel_backend.diffusion.svd.controlnet import embed_hint
from keycel_backend.diffusion.svd.schedule import euler_step, scale_noise
from keycel_backend.diffusion.svd.unet import Conditioning
from keycel_shared.errors import ErrorCode, KeycelError

EstimateCallback = Callable[[int, Tensor], None]
"""Called after every step with its number, from 0, and the raw estimate of the clean latents,
(window, 4, height, width), scaled; what it raises (`Cancelled`) ends the sampling."""


@dataclass(frozen=True, slots=True)
class SampledWindow:
    """What a window leaves to the next one, and to those who draw single frames of it anew."""

    window: Window
    conditions: WindowConditions
    x_t: Tensor
    """(window, 4, height, width) initial noise."""
    estimates: tuple[Tensor, ...]
    """For each step the estimate of the clean latents that the step followed."""
    x0: Tensor
    """(window, 4, height, width) clean latents, scaled."""


@torch.no_grad()
def window_conditions(
    networks: AniDocNetworks, condition: Tensor, reference: EncodedReference, options: SamplingOptions
) -> WindowConditions:
    """What the networks are told in every step. `condition` as of `frame_condition`, for each slot."""
    device, frames = reference.latent.device, len(condition)
    hint = embed_hint(networks.controlnet, condition.to(device=device, dtype=networks.unet.dtype))
    return WindowConditions(
        Conditioning(both_halves(reference.image_embedding), time_ids().to(device)),
        both_halves(reference.latent)[:, None].expand(-1, frames, -1, -1, -1),
        hint,
        torch.linspace(*options.guidance, frames, device=device)[:, None, None, None],
        options.control_scale,
    )


def initial_noise(noise: Noise, window: Window) -> Tensor:
    """(window, 4, height, width): a frame has the same noise in all windows.

    So has every `window`-th frame, which keeps later windows close to the first.
    """
    length = len(window.frames)
    return noise.frames[[(window.start + slot) % length for slot in range(length)]]


@torch.no_grad()
def sample_window(
    networks: AniDocNetworks,
    window: Window,
    conditions: WindowConditions,
    previous: SampledWindow | None,
    noise: Noise,
    options: SamplingOptions,
    on_estimate: EstimateCallback,
) -> SampledWindow:
    """All steps of one window; `previous` is the one before it, None for the first.

    Raises:
        KeycelError: RUN_FAILED where the networks give numbers that are not finite.
    """
    device = conditions.hint.device
    x_t = initial_noise(noise, window).to(device)
    schedule = sigmas(options.num_steps).to(device)
    sample = scale_noise(x_t, schedule[0])
    estimates: list[Tensor] = []
    for number in range(options.num_steps):
        # 1. estimate of the clean latents
        sigma = schedule[number]
        denoised = guided_denoise(networks, sample, sigma, conditions)
        on_estimate(number, denoised)
        # 2. frames of the window before follow what they followed there, so they come out as they were
        if previous is not None:
            denoised = denoised.clone()  # the callback may have kept it
            denoised[: window.held] = previous.estimates[number][-window.held :].to(device)
        estimates.append(denoised)
        # 3. to the next noise level
        sample = euler_step(sample, denoised, sigma, schedule[number + 1])
    check_finite(sample, window)
    return SampledWindow(window, conditions, x_t, tuple(estimates), sample)


@torch.no_grad()
def redraw_frame(
    networks: AniDocNetworks,
    sampled: SampledWindow,
    frame: int,
    options: SamplingOptions,
    seed: int,
    on_estimate: EstimateCallback,
) -> Tensor:
    """Another take of one frame: its own noise from `seed`, while all others follow what they followed.

    Args:
        sampled: the window that samples the frame, on the device of the networks.
        options: with which it was made.
    Returns:
        (4, height, width) scaled latents of the frame. Those of all others would be `sampled.x0`.
    Raises:
        KeycelError: RUN_FAILED where the networks give numbers that are not finite.
    """
    slot = sampled.window.slot_of(frame)
    assert slot is not None, "another window samples this frame"
    x_t = sampled.x_t.clone()
    generator = torch.Generator().manual_seed(seed)
    x_t[slot] = torch.randn(x_t.shape[1:], generator=generator)
    schedule = sigmas(options.num_steps).to(x_t.device)
    sample = scale_noise(x_t, schedule[0])
    for number, held in enumerate(sampled.estimates):
        estimate = guided_denoise(networks, sample, schedule[number], sampled.conditions)
        on_estimate(number, estimate)
        denoised = held.clone()
        denoised[slot] = estimate[slot]
        sample = euler_step(sample, denoised, schedule[number], schedule[number + 1])
    check_finite(sample, sampled.window)
    return sample[slot]


def check_finite(latents: Tensor, window: Window) -> None:
    """Raises `KeycelError` RUN_FAILED, so that no black frame is taken for a result."""
    if not torch.isfinite(latents).all():
        raise KeycelError(
            ErrorCode.RUN_FAILED,
            "The network gave numbers that are not finite.",
            "Try precision float32, or install the model again: its weights may be damaged.",
            f"Window {window.number}, frames {window.frames[0]} to {window.frames[-1]}.",
        )
