"""Times ColorizeDiffusion with random weights: what it paints is meaningless, how long it takes is not."""

from __future__ import annotations

import torch

from keycel_backend.diffusion.colorizediffusion.configuration import ColorizeDiffusionConfiguration
from keycel_backend.diffusion.colorizediffusion.modes import (
    Mode,
    Reference,
    Thresholds,
    reference_context,
    sketch_split,
)
from keycel_backend.diffusion.colorizediffusion.networks import ColorizeDiffusionNetworks, build_networks
from keycel_backend.diffusion.colorizediffusion.sampling import Branches, SamplingOptions, decode_latents
from keycel_backend.diffusion.colorizediffusion.unet import unet_forward
from keycel_backend.diffusion.random_weights import fill_with_noise
from keycel_backend.diffusion.timing import Speed, Work, counted_parts, median_seconds, peak_bytes


def measure_colorizediffusion(
    configuration: ColorizeDiffusionConfiguration,
    options: SamplingOptions,
    mode: Mode,
    height: int,
    width: int,
    device: torch.device,
    precision: torch.dtype,
    repeats: int,
) -> Speed:
    """Times each part of one drawing, with its reference, by random weights after one run to warm up.

    Args:
        height, width: in pixels, multiples of `configuration.size_multiple`.
        repeats: of each part; 1 or more.
    """
    meta = torch.device("meta")
    with meta:
        networks, shapes = build_networks(configuration), build_networks(configuration).to(meta, precision)
    fill_with_noise(networks, device, precision)
    works = _works(networks, options, mode, height, width, device)
    twins = _works(shapes, options, mode, height, width, meta)
    peak = peak_bytes(works, device)
    return Speed(counted_parts(works, twins, median_seconds(works, device, repeats)), peak)


@torch.no_grad()
def _works(
    networks: ColorizeDiffusionNetworks,
    options: SamplingOptions,
    mode: Mode,
    height: int,
    width: int,
    device: torch.device,
) -> dict[str, Work]:
    pixels = networks.configuration.autoencoder.pixels_per_latent
    rows, columns = height // pixels, width // pixels
    image = torch.zeros(1, 3, height, width, device=device)
    reference, thresholds = Reference(image, torch.zeros(1, 1, height, width, device=device)), Thresholds()
    sketches = torch.full((1, 3, height, width), -1.0, device=device)
    mask = torch.zeros(1, 1, rows, columns, device=device)
    split = sketch_split(mode, mask, thresholds)
    channels = networks.configuration.denoiser.cross_attention_dim
    tokens = networks.configuration.background.num_tokens * (1 if mode is Mode.VANILLA else 2)
    context = torch.zeros(1, tokens, channels, device=device)
    branches = Branches.of(networks, sketches, context, split, options)
    dtype = networks.unet.dtype
    sample = torch.zeros(1 + len(branches.guidance), 4, rows, columns, device=device, dtype=dtype)
    timestep = torch.zeros((), device=device)
    latents = sample[:1].float()
    return {
        "reference": (1, lambda: reference_context(networks, reference, mode, thresholds)),
        "sketch encoder": (1, lambda: networks.sketch_encoder(sketches.to(dtype))),
        "UNet": (
            options.num_steps,
            lambda: unet_forward(networks.unet, sample, timestep, branches.told),
        ),
        "decoding": (1, lambda: decode_latents(networks, latents)),
    }
