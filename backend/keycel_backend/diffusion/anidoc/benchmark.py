"""Times AniDoc with random weights: what it paints is meaningless, how long it takes is not."""

from __future__ import annotations

import torch

from keycel_backend.diffusion.anidoc.condition import CONDITION_CHANNELS
from keycel_backend.diffusion.anidoc.denoiser import time_ids
from keycel_backend.diffusion.anidoc.mixing import OfficialMixing
from keycel_backend.diffusion.anidoc.networks import AniDocConfiguration, AniDocNetworks, build_networks
from keycel_backend.diffusion.anidoc.options import SamplingOptions
from keycel_backend.diffusion.random_weights import fill_with_noise
from keycel_backend.diffusion.svd.autoencoder import decode_chunk, posterior_mode
from keycel_backend.diffusion.svd.benchmark import StretchSpeed, no_residuals
from keycel_backend.diffusion.svd.controlnet import controlnet_forward, embed_hint
from keycel_backend.diffusion.svd.image_embedding import embed_image
from keycel_backend.diffusion.svd.unet import Conditioning, unet_forward
from keycel_backend.diffusion.timing import Work, counted_parts, median_seconds, peak_bytes

_HALVES = 2
"""Without and with the reference."""


def measure_anidoc(
    configuration: AniDocConfiguration,
    options: SamplingOptions,
    height: int,
    width: int,
    device: torch.device,
    precision: torch.dtype,
    repeats: int,
    channels_last: bool = False,
) -> StretchSpeed:
    """Times each part of a window with weights that are random, after one run to warm up.

    Args:
        height, width: in pixels, multiples of `configuration.size_multiple`.
        repeats: of each part; 1 or more.
    """
    meta = torch.device("meta")
    with meta:
        networks, shapes = build_networks(configuration), build_networks(configuration).to(meta, precision)
    fill_with_noise(networks, device, precision)
    if channels_last:
        networks.to(device, precision, channels_last=True)
    works = _works(networks, options, height, width, device)
    twins = _works(shapes, options, height, width, meta)
    peak = peak_bytes(works, device)
    parts = counted_parts(works, twins, median_seconds(works, device, repeats))
    return StretchSpeed(parts, peak, height, width, options.num_steps, options.window - options.overlap)


def _works(
    networks: AniDocNetworks, options: SamplingOptions, height: int, width: int, device: torch.device
) -> dict[str, Work]:
    configuration, dtype = networks.configuration, networks.unet.dtype
    pixels = configuration.autoencoder.pixels_per_latent
    rows, columns = height // pixels, width // pixels
    image = torch.zeros(1, 3, height, width, device=device)
    condition = torch.zeros(options.window, CONDITION_CHANNELS, height, width, device=device, dtype=dtype)
    sample = torch.zeros(_HALVES, options.window, 8, rows, columns, device=device, dtype=dtype)
    if networks.unet.conv_in.weight.is_contiguous(memory_format=torch.channels_last):
        laid_out = sample.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        sample = laid_out.reshape(sample.shape)
    channels = configuration.unet.block_out_channels[0]
    hint = torch.zeros(_HALVES * options.window, channels, rows, columns, device=device, dtype=dtype)
    embedding = torch.zeros(_HALVES, 1, configuration.unet.cross_attention_dim, device=device)
    told = Conditioning(embedding, time_ids().to(device))
    label, mixing = torch.zeros((), device=device), OfficialMixing()
    residuals = no_residuals(networks.controlnet, configuration.unet.layers_per_block, sample)
    latents = torch.zeros(options.chunks.size, 4, rows, columns, device=device)
    new_frames = options.window - options.overlap
    return {
        "image embedding": (0, lambda: embed_image(networks.image_encoder, image)),
        "encoding the reference": (0, lambda: posterior_mode(networks.vae, image)),
        "embedding conditions": (1, lambda: embed_hint(networks.controlnet, condition)),
        "ControlNet": (
            options.num_steps,
            lambda: controlnet_forward(networks.controlnet, sample, label, told, mixing, hint),
        ),
        "UNet": (
            options.num_steps,
            lambda: unet_forward(networks.unet, sample, label, told, mixing, residuals),
        ),
        "decoding": (new_frames / options.chunks.size, lambda: decode_chunk(networks.vae, latents)),
    }
