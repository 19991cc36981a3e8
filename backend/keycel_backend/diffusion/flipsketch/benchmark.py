"""Times FlipSketch with random weights: what it draws is meaningless, how long it takes is not."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from keycel_backend.diffusion.flipsketch.autoencoder import decode_frames, encode_sketch
from keycel_backend.diffusion.flipsketch.composition import Composition, Recording
from keycel_backend.diffusion.flipsketch.configuration import FlipsketchConfiguration
from keycel_backend.diffusion.flipsketch.denoiser import predict_noise
from keycel_backend.diffusion.flipsketch.networks import (
    FlipsketchNetworks,
    build_networks,
)
from keycel_backend.diffusion.flipsketch.options import SamplingOptions
from keycel_backend.diffusion.random_weights import fill_with_noise
from keycel_backend.diffusion.timing import Speed, Work, counted_parts, median_seconds, peak_bytes


@dataclass(frozen=True, slots=True)
class FlipsketchSpeed(Speed):
    """Of a clip."""

    height: int
    width: int
    frames: int
    """Of a clip, the sketch included."""
    steps: int

    @property
    def seconds_per_frame(self) -> float:
        """Of each drawing that is new."""
        return self.seconds / (self.frames - 1)

    @property
    def seconds_per_step(self) -> float:
        """Of sampling, without the inversion; steps with composition and without, on average."""
        beside = ("encoding the sketch", "inversion step", "decoding a frame")
        sampling = (part for part in self.parts if part.name not in beside)
        return sum(part.seconds * part.times for part in sampling) / self.steps


def measure_flipsketch(
    configuration: FlipsketchConfiguration,
    options: SamplingOptions,
    frames: int,
    height: int,
    width: int,
    device: torch.device,
    precision: torch.dtype,
    repeats: int,
) -> FlipsketchSpeed:
    """Times each part with weights that are random, after one run to warm up.

    Args:
        frames: of a clip, 2 or more.
        height, width: in pixels, multiples of `configuration.size_multiple`.
        precision: of the UNet.
        repeats: of each part; 1 or more.
    """
    with torch.device("meta"):
        networks, shapes = build_networks(configuration), build_networks(configuration)
    fill_with_noise(networks, device, precision)
    torch.nn.Module.to(shapes.unet, dtype=precision)
    works = _works(networks, options, frames, height, width, device)
    twins = _works(shapes, options, frames, height, width, torch.device("meta"))
    peak = peak_bytes(works, device)
    parts = counted_parts(works, twins, median_seconds(works, device, repeats))
    return FlipsketchSpeed(parts, peak, height, width, frames, options.num_steps)


def _works(
    networks: FlipsketchNetworks,
    options: SamplingOptions,
    frames: int,
    height: int,
    width: int,
    device: torch.device,
) -> dict[str, Work]:
    configuration, unet = networks.configuration, networks.unet
    pixels = configuration.vae.pixels_per_latent
    rows, columns = height // pixels, width // pixels
    picture = torch.zeros(1, 3, height, width, device=device)
    copies = torch.zeros(1, 4, options.inversion_copies, rows, columns, device=device)
    clip = torch.zeros(1, 4, frames, rows, columns, device=device)
    tokens = configuration.text_encoder.max_position_embeddings
    text = torch.zeros(1, tokens, configuration.unet.cross_attention_dim, device=device)
    posterior = copies[0].transpose(0, 1)
    recorded = sum(max(1, frames - number) for number in range(options.composed_steps)) / frames

    def composed() -> None:
        """Both passes of a composed step, with as many copies as there are frames."""
        recording = Recording()
        predict_noise(unet, clip, 1, text, recording)
        predict_noise(unet, clip, 1, text, Composition(recording, frames, frames, options.fidelity))

    @torch.enable_grad()
    def tuned() -> None:
        """A pass and its gradient; what Adam does beside them is nothing."""
        variable = clip[:, :, 1:].clone().requires_grad_()
        noise = predict_noise(unet, torch.cat([clip[:, :, :1], variable], dim=2), 1, text)
        torch.autograd.grad(noise[:, :, :1].square().mean(), [variable])

    works: dict[str, Work] = {
        "encoding the sketch": (1, lambda: encode_sketch(networks.vae, picture, posterior)),
        "inversion step": (options.inversion_steps, lambda: predict_noise(unet, copies, 1, text)),
        "plain pass": (
            2 * options.num_steps - recorded,
            lambda: predict_noise(unet, clip, 1, text),
        ),
        "composed pair": (recorded, composed),
        "decoding a frame": (frames, lambda: decode_frames(networks.vae, clip[0, :, :1].transpose(0, 1))),
    }
    if options.aligned_steps:
        iterations = options.aligned_steps * options.alignment_iterations
        works["alignment iteration"] = (iterations, tuned)
    return works
