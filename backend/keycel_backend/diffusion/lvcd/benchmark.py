"""Times LVCD with random weights: what it draws is meaningless, how long it takes is not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from keycel_backend.diffusion.lvcd.conditions import sketch_hint, time_ids
from keycel_backend.diffusion.lvcd.mixing import SlotMixing
from keycel_backend.diffusion.lvcd.networks import (
    LvcdConfiguration,
    LvcdNetworks,
    Passes,
    build_networks,
)
from keycel_backend.diffusion.lvcd.options import SamplingOptions
from keycel_backend.diffusion.lvcd.slots import AttentionMode
from keycel_backend.diffusion.lvcd.unoptimised import PlainMixing, plain_decoding, plain_step
from keycel_backend.diffusion.random_weights import fill_with_noise
from keycel_backend.diffusion.svd.autoencoder import DecodeChunks, decode_chunk, posterior_mode
from keycel_backend.diffusion.svd.benchmark import StretchSpeed, no_residuals
from keycel_backend.diffusion.svd.controlnet import embed_hint
from keycel_backend.diffusion.svd.image_embedding import embed_image
from keycel_backend.diffusion.svd.unet import Conditioning, Residuals
from keycel_backend.diffusion.timing import Work, counted_parts, median_seconds, peak_bytes


@dataclass(frozen=True, slots=True)
class PlainPart:
    """A part of the work done without anything that saves work (`unoptimised.py`)."""

    name: str
    times: float
    """How often it is done for a segment."""
    seconds: float
    """Median of the repeats."""


@dataclass(frozen=True, slots=True)
class LvcdSpeed(StretchSpeed):
    unoptimised: tuple[PlainPart, ...]

    @property
    def speed_up(self) -> float:
        """Time of a segment without anything that saves work, over its time with all of it."""
        return sum(part.seconds * part.times for part in self.unoptimised) / self.seconds


def measure_lvcd(
    configuration: LvcdConfiguration,
    options: SamplingOptions,
    height: int,
    width: int,
    device: torch.device,
    precision: torch.dtype,
    repeats: int,
    channels_last: bool = False,
    passes: Passes | None = None,
) -> LvcdSpeed:
    """Times each part with weights that are random, after one run to warm up.

    Args:
        height, width: in pixels, multiples of `configuration.size_multiple`.
        repeats: of each part; 1 or more.
        passes: compiled ones.
    """
    networks = random_networks(configuration, device, precision)
    if passes is not None:
        networks = replace(networks, passes=passes)
    if channels_last:
        networks.to(device, precision, channels_last=True)
    with torch.device("meta"):
        shapes = build_networks(configuration).to(torch.device("meta"), precision)
    works = _works(networks, options, height, width, device)
    twins = _works(shapes, options, height, width, torch.device("meta"))
    plain = _plain_works(networks, options, height, width, device)
    peak = peak_bytes(works, device)
    seconds = median_seconds({**works, **plain}, device, repeats)
    return LvcdSpeed(
        counted_parts(works, twins, seconds),
        peak,
        height,
        width,
        options.num_steps,
        options.layout.stride,
        tuple(PlainPart(name, times, seconds[name]) for name, (times, _) in plain.items()),
    )


def random_networks(
    configuration: LvcdConfiguration, device: torch.device, precision: torch.dtype
) -> LvcdNetworks:
    """On the device at once, without a detour through main memory."""
    with torch.device("meta"):
        networks = build_networks(configuration)
    fill_with_noise(networks, device, precision)
    return networks


def _works(
    networks: LvcdNetworks, options: SamplingOptions, height: int, width: int, device: torch.device
) -> dict[str, Work]:
    layout, dtype = options.layout, networks.unet.dtype
    pixels = networks.configuration.autoencoder.pixels_per_latent
    rows, columns = height // pixels, width // pixels
    image = torch.zeros(1, 3, height, width, device=device)
    lines = torch.zeros(layout.video + 1, height, width, dtype=torch.uint8, device=device)
    hint_pictures = sketch_hint(lines).to(dtype)
    sample = torch.zeros(1, layout.total, 8, rows, columns, device=device, dtype=dtype)
    if networks.unet.conv_in.weight.is_contiguous(memory_format=torch.channels_last):
        sample = sample[0].contiguous(memory_format=torch.channels_last)[None]
    channels = networks.configuration.unet.block_out_channels[0]
    hint = torch.zeros(layout.total, channels, rows, columns, device=device, dtype=dtype)
    width_of_embedding = networks.configuration.unet.cross_attention_dim
    told = Conditioning(torch.zeros(1, 1, width_of_embedding, device=device), time_ids(options).to(device))
    mixing = SlotMixing(layout, AttentionMode.NEXT_SEGMENT, device)
    label = torch.zeros((), device=device)
    chunks = DecodeChunks()
    latents = torch.zeros(chunks.size, 4, rows, columns, device=device)
    new_in_chunk = chunks.size - chunks.anchors - chunks.overlap

    def control() -> Residuals:
        return networks.passes.controlnet(networks.controlnet, sample, label, told, mixing, hint)

    residuals = no_residuals(networks.controlnet, networks.configuration.unet.layers_per_block, sample)
    return {
        "image embedding": (0, lambda: embed_image(networks.image_encoder, image)),
        "encoding the reference": (0, lambda: posterior_mode(networks.vae, image)),
        "embedding sketches": (1, lambda: embed_hint(networks.controlnet, hint_pictures)),
        "ControlNet": (options.num_steps, control),
        "UNet": (
            options.num_steps,
            lambda: networks.passes.unet(networks.unet, sample, label, told, mixing, residuals),
        ),
        "decoding": (layout.stride / new_in_chunk, lambda: decode_chunk(networks.vae, latents)),
    }


def _plain_works(
    networks: LvcdNetworks, options: SamplingOptions, height: int, width: int, device: torch.device
) -> dict[str, Work]:
    """What a segment takes without anything that saves work."""
    layout, dtype = options.layout, networks.unet.dtype
    pixels = networks.configuration.autoencoder.pixels_per_latent
    rows, columns = height // pixels, width // pixels
    sample = torch.zeros(1, layout.total, 8, rows, columns, device=device, dtype=dtype)
    lines = torch.zeros(layout.total, height, width, dtype=torch.uint8, device=device)
    width_of_embedding = networks.configuration.unet.cross_attention_dim
    # twice the same token: attention over it is computed, and gives the same
    told = Conditioning(torch.zeros(1, 2, width_of_embedding, device=device), time_ids(options).to(device))
    mixing = PlainMixing(layout, AttentionMode.NEXT_SEGMENT, device)
    step = plain_step(networks, sample, torch.zeros((), device=device), told, mixing, lines)
    latent = torch.zeros(1, 4, rows, columns, device=device)
    return {
        "step, nothing saved": (options.num_steps, step),
        "decoding, nothing saved": (layout.stride, plain_decoding(networks, latent)),
    }
