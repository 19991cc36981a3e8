"""From a painted frame and line drawings to coloured frames: all stages of LVCD in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from keycel_backend.diffusion.attempts import FallbackCallback, with_fallback
from keycel_backend.diffusion.fallback import Effort, Stage
from keycel_backend.diffusion.lvcd.conditions import Noise, ReferenceConditions, draw_noise, encode_reference
from keycel_backend.diffusion.lvcd.networks import LvcdNetworks
from keycel_backend.diffusion.lvcd.options import SamplingOptions
from keycel_backend.diffusion.lvcd.placement import DECODERS, DENOISERS, ENCODERS
from keycel_backend.diffusion.lvcd.sampling import StepCallback, sample_shot
from keycel_backend.diffusion.lvcd.slots import SlotLayout
from keycel_backend.diffusion.placement import place
from keycel_backend.diffusion.sizes import WorkingSize
from keycel_backend.diffusion.svd.autoencoder import DecodeChunks, decode_video
from keycel_shared.errors import ErrorCode, KeycelError

Frames = NDArray[np.uint8]
"""(frames, height, width, 3) RGB."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a shot is coloured from, all of one size."""

    reference: NDArray[np.uint8]
    """(height, width, 3) RGB, the painted frame 0."""
    lines: NDArray[np.uint8]
    """(frames, height, width) of frame 0 and all others, in order: dark lines on white."""


@dataclass(frozen=True, slots=True)
class Callbacks:
    """All may raise (`Cancelled`), which ends the work."""

    on_step: StepCallback
    on_decoded: Callable[[float], None]
    """Called after every chunk with the share of pictures that are decoded, 0..1."""
    on_fallback: FallbackCallback


@torch.no_grad()
def colorize(
    networks: LvcdNetworks,
    material: Material,
    options: SamplingOptions,
    device: torch.device,
    effort: Effort,
    callbacks: Callbacks,
) -> Frames:
    """Colours every frame of `material`, frame 0 included (as the networks see it).

    `effort.window` replaces the number of video slots in `options`. Where memory runs out, less effort
    is tried, and `callbacks.on_fallback` told.

    Raises:
        KeycelError: DOC_SIZE_MISMATCH; RES_OUT_OF_MEMORY; RUN_FAILED where the result is not finite.
    """
    _check(material)
    # 1. the reference, and all steps of all segments
    (latents, size), effort = with_fallback(
        effort,
        Stage.SAMPLE,
        lambda one: _sampled(networks, material, options, device, one, callbacks),
        callbacks.on_fallback,
    )
    # 2. pictures
    frames, _ = with_fallback(
        effort,
        Stage.DECODE,
        lambda one: _decoded(networks, latents, size, device, one, callbacks),
        callbacks.on_fallback,
    )
    return frames


def _check(material: Material) -> None:
    sizes = [f"{shape[1]} x {shape[0]}" for shape in (material.reference.shape, material.lines.shape[1:])]
    if sizes[0] != sizes[1]:
        raise KeycelError(
            ErrorCode.DOC_SIZE_MISMATCH,
            f"The painted frame is {sizes[0]} pixels large and the drawings are {sizes[1]}.",
            "Bring all pictures of the shot to one size.",
        )


def _sampled(
    networks: LvcdNetworks,
    material: Material,
    options: SamplingOptions,
    device: torch.device,
    effort: Effort,
    callbacks: Callbacks,
) -> tuple[Tensor, WorkingSize]:
    """Scaled latents of all frames, and the size they were made at."""
    multiple = networks.configuration.size_multiple
    height, width = material.lines.shape[1:]
    size = WorkingSize.of(height, width, effort.scale, multiple)
    options = replace(options, layout=SlotLayout(effort.window, options.layout.overlap))
    lines = size.padded_lines(torch.as_tensor(material.lines).float()).round().byte()
    reference, noise = _encoded(networks, material, size, options, device, effort)
    place(networks, DENOISERS, device, effort.offload)
    return sample_shot(networks, lines, reference, noise, options, callbacks.on_step), size


def _encoded(
    networks: LvcdNetworks,
    material: Material,
    size: WorkingSize,
    options: SamplingOptions,
    device: torch.device,
    effort: Effort,
) -> tuple[ReferenceConditions, Noise]:
    picture = torch.as_tensor(material.reference).permute(2, 0, 1)[None].float()
    image = size.padded_picture(picture / 255.0 * 2.0 - 1.0).clamp(-1.0, 1.0).to(device)
    pixels = networks.configuration.autoencoder.pixels_per_latent
    noise = draw_noise(options, size.padded_height // pixels, size.padded_width // pixels, pixels)
    place(networks, ENCODERS, device, effort.offload)
    return encode_reference(networks, image, noise, options), noise


def _decoded(
    networks: LvcdNetworks,
    latents: Tensor,
    size: WorkingSize,
    device: torch.device,
    effort: Effort,
    callbacks: Callbacks,
) -> Frames:
    place(networks, DECODERS, device, effort.offload)
    chunks = decode_video(networks.vae, latents, DecodeChunks(size=effort.decode_chunk))
    frames = np.empty((len(latents), size.height, size.width, 3), np.uint8)
    done = 0
    for decoded in chunks:
        frames[done : done + len(decoded)] = _to_bytes(size.cropped(decoded))
        done += len(decoded)
        callbacks.on_decoded(done / len(latents))
    return frames


def _to_bytes(pictures: Tensor) -> Frames:
    """(frames, 3, height, width) in -1..1; truncated, as the official code writes its pictures."""
    values = ((pictures + 1.0) / 2.0 * 255.0).clamp(0.0, 255.0)
    return values.byte().permute(0, 2, 3, 1).cpu().numpy()
