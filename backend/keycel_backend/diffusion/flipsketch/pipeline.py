"""From one sketch and a sentence to a clip: all stages of FlipSketch in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from keycel_backend.diffusion.attempts import FallbackCallback, with_fallback
from keycel_backend.diffusion.fallback import Effort, Stage
from keycel_backend.diffusion.flipsketch.autoencoder import decode_frames, encode_sketch
from keycel_backend.diffusion.flipsketch.denoiser import TextConditions
from keycel_backend.diffusion.flipsketch.inversion import invert
from keycel_backend.diffusion.flipsketch.networks import FlipsketchNetworks
from keycel_backend.diffusion.flipsketch.options import SamplingOptions
from keycel_backend.diffusion.flipsketch.sampling import Listener, Step, sample_clip
from keycel_backend.diffusion.flipsketch.schedule import Schedule
from keycel_backend.diffusion.flipsketch.text import embed_text
from keycel_backend.diffusion.placement import place
from keycel_backend.diffusion.sizes import WorkingSize
from keycel_shared.errors import ErrorCode, KeycelError

Frames = NDArray[np.uint8]
"""(frames, height, width) grey, dark lines on white."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a clip is drawn from."""

    sketch: NDArray[np.uint8]
    """(height, width) dark lines on white, frame 0 of the clip."""
    prompt: Tensor
    """(1, tokens) numbers of what happens."""
    negative: Tensor
    """Of what guidance leads away from."""
    null: Tensor
    """Of the empty text."""


def _nobody_looks(picture: Tensor, latent: Tensor) -> None:
    del picture, latent


@dataclass(frozen=True, slots=True)
class Callbacks:
    """All may raise (`Cancelled`), which ends the work."""

    on_inversion: Callable[[int], None]
    """Called after every step of the inversion with its number."""
    on_alignment: Callable[[float], None]
    """Called after every iteration of the alignment with its loss."""
    on_step: Callable[[Step], None]
    """Called after every step of the sampling; its estimate is there for previews."""
    on_fallback: FallbackCallback
    on_sketch: Callable[[Tensor, Tensor], None] = _nobody_looks
    """Called with the sketch as the VAE sees it, (3, height, width), and its latent, (4, height / 8,
    width / 8), scaled: what previews can learn colours from."""


@torch.no_grad()
def draw_clip(
    networks: FlipsketchNetworks,
    material: Material,
    frames: int,
    options: SamplingOptions,
    seed: int,
    device: torch.device,
    effort: Effort,
    callbacks: Callbacks,
) -> tuple[Frames, Effort]:
    """The first frames of an animation, frame 0 (the sketch, as the networks draw it) included.

    Where memory runs out, less effort is tried, and `callbacks.on_fallback` told.

    Args:
        frames: wanted, 2 or more. With little memory there may be fewer: as many as `effort.window` of the
            effort that is given back, and 2 at least.
        seed: of all noise. The same seed gives the same clip.
    Returns:
        The pictures, and the effort that memory allowed.
    Raises:
        KeycelError: RES_OUT_OF_MEMORY; RUN_FAILED where the result is not finite.
    """
    (latents, size), effort = with_fallback(
        effort,
        Stage.SAMPLE,
        lambda one: _sampled(networks, material, frames, options, seed, device, one, callbacks),
        callbacks.on_fallback,
    )
    return with_fallback(
        effort,
        Stage.DECODE,
        lambda one: _decoded(networks, latents, size, device, one),
        callbacks.on_fallback,
    )


def _sampled(
    networks: FlipsketchNetworks,
    material: Material,
    frames: int,
    options: SamplingOptions,
    seed: int,
    device: torch.device,
    effort: Effort,
    callbacks: Callbacks,
) -> tuple[Tensor, WorkingSize]:
    """(frames, 4, height, width) scaled latents, and the size they were made at."""
    configuration = networks.configuration
    height, width = material.sketch.shape[:2]
    size = WorkingSize.of(height, width, effort.scale, configuration.size_multiple)
    pixels = configuration.vae.pixels_per_latent
    rows, columns = size.padded_height // pixels, size.padded_width // pixels
    channels = configuration.unet.in_channels
    generator = torch.Generator().manual_seed(seed)
    posterior = torch.randn(options.inversion_copies, channels, rows, columns, generator=generator)
    window = max(2, min(frames, effort.window))
    noise = torch.randn(1, channels, window, rows, columns, generator=generator).to(device)
    # 1. texts and sketch
    place(networks, ("text_encoder", "vae"), device, effort.offload)
    texts = _embedded(networks, material)
    lines = size.padded_lines(torch.as_tensor(material.sketch)[None].float()) / 255.0
    picture = lines.clamp(0.0, 1.0)[:, None].expand(-1, 3, -1, -1).to(device)
    latents = encode_sketch(networks.vae, picture, posterior)
    callbacks.on_sketch(picture[0], latents[0].mean(dim=1))
    # 2. the noise that would draw the sketch
    place(networks, ("unet",), device, effort.offload)
    inversion = Schedule.of(configuration.scheduler, options.inversion_steps)
    stages = invert(
        networks.unet, latents, inversion, texts.null, None, options.guidance, callbacks.on_inversion
    )
    sketch = stages[-1].mean(dim=2, keepdim=True)
    # 3. the clip
    schedule = Schedule.of(configuration.scheduler, options.num_steps)
    listener = Listener(callbacks.on_step, callbacks.on_alignment)
    clip = sample_clip(networks.unet, noise, sketch, texts, schedule, options, listener)
    return clip[0].transpose(0, 1), size


def _embedded(networks: FlipsketchNetworks, material: Material) -> TextConditions:
    null = embed_text(networks.text_encoder, material.null)
    same = torch.equal(material.negative, material.null)
    negative = null if same else embed_text(networks.text_encoder, material.negative)
    return TextConditions(embed_text(networks.text_encoder, material.prompt), negative, null)


def _decoded(
    networks: FlipsketchNetworks, latents: Tensor, size: WorkingSize, device: torch.device, effort: Effort
) -> Frames:
    place(networks, ("vae",), device, effort.offload)
    starts = range(0, len(latents), effort.decode_chunk)
    chunks = [decode_frames(networks.vae, latents[start : start + effort.decode_chunk]) for start in starts]
    pictures = size.cropped(torch.cat([chunk.mean(dim=1, keepdim=True) for chunk in chunks]))[:, 0]
    if not torch.isfinite(pictures).all():
        raise KeycelError(
            ErrorCode.RUN_FAILED,
            "The decoder gave numbers that are not finite.",
            "Install the model again: its weights may be damaged.",
        )
    return ((pictures / 2.0 + 0.5) * 255.0).round().clamp(0.0, 255.0).byte().cpu().numpy()
