"""Times LVCD with random weights: what it draws is meaningless, how long it takes is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from keycel_backend.diffusion.counting import counted
from keycel_backend.diffusion.lvcd.conditions import sketch_hint, time_ids
from keycel_backend.diffusion.lvcd.mixing import SlotMixing
from keycel_backend.diffusion.lvcd.networks import (
    LvcdConfiguration,
    LvcdNetworks,
    build_networks,
    component_dtype,
)
from keycel_backend.diffusion.lvcd.options import SamplingOptions
from keycel_backend.diffusion.lvcd.slots import AttentionMode
from keycel_backend.diffusion.svd.autoencoder import DecodeChunks, decode_chunk, posterior_mode
from keycel_backend.diffusion.svd.controlnet import controlnet_forward, embed_hint
from keycel_backend.diffusion.svd.image_embedding import embed_image
from keycel_backend.diffusion.svd.unet import Conditioning, Residuals, unet_forward
from keycel_backend.diffusion.timing import fill_at_random, median_seconds


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the work, done once."""

    name: str
    times_per_segment: float
    seconds: float
    """Median of the repeats."""
    operations: int

    @property
    def tera_operations_per_second(self) -> float:
        return self.operations / self.seconds / 1e12


@dataclass(frozen=True, slots=True)
class LvcdSpeed:
    height: int
    width: int
    steps: int
    new_frames: int
    """Of a segment."""
    parts: tuple[Part, ...]
    peak_memory_bytes: int | None
    """Of the GPU; None without one."""

    @property
    def seconds_per_segment(self) -> float:
        return sum(part.seconds * part.times_per_segment for part in self.parts)

    @property
    def seconds_per_frame(self) -> float:
        """In a long shot; what is done once for a shot is not in it."""
        return self.seconds_per_segment / self.new_frames

    @property
    def seconds_per_step(self) -> float:
        return sum(part.seconds for part in self.parts if part.times_per_segment == self.steps)

    def share(self, part: Part) -> float:
        """Of the time of a segment, 0..1."""
        return part.seconds * part.times_per_segment / self.seconds_per_segment


def measure_lvcd(
    configuration: LvcdConfiguration,
    options: SamplingOptions,
    height: int,
    width: int,
    device: torch.device,
    precision: torch.dtype,
    repeats: int,
    channels_last: bool = False,
) -> LvcdSpeed:
    """Times each part with weights that are random, after one run to warm up.

    Args:
        height, width: in pixels, multiples of `configuration.size_multiple`.
        repeats: of each part; 1 or more.
    """
    networks = random_networks(configuration, device, precision)
    if channels_last:
        networks.to(device, precision, channels_last=True)
    with torch.device("meta"):
        shapes = build_networks(configuration).to(torch.device("meta"), precision)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    works = _works(networks, options, height, width, device)
    twins = _works(shapes, options, height, width, torch.device("meta"))
    parts: list[Part] = []
    for (name, (times, work)), (_, twin) in zip(works.items(), twins.values(), strict=True):
        with counted() as count, torch.no_grad():
            twin()
        parts.append(Part(name, times, median_seconds(work, device, repeats), count.operations))
    peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
    return LvcdSpeed(height, width, options.num_steps, options.layout.stride, tuple(parts), peak)


def random_networks(
    configuration: LvcdConfiguration, device: torch.device, precision: torch.dtype
) -> LvcdNetworks:
    """On the device at once, without a detour through main memory."""
    with torch.device("meta"):
        networks = build_networks(configuration)
    for name, component in networks.components().items():
        fill_at_random(component, device, component_dtype(name, precision))
    return networks


_Work = tuple[float, Callable[[], object]]
"""How often in a segment, and the work."""


def _works(
    networks: LvcdNetworks, options: SamplingOptions, height: int, width: int, device: torch.device
) -> dict[str, _Work]:
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
        return controlnet_forward(networks.controlnet, sample, label, told, mixing, hint)

    residuals = _zero_residuals(networks, layout.total, rows, columns, device, dtype)
    return {
        "image embedding": (0, lambda: embed_image(networks.image_encoder, image)),
        "encoding the reference": (0, lambda: posterior_mode(networks.vae, image)),
        "embedding sketches": (1, lambda: embed_hint(networks.controlnet, hint_pictures)),
        "ControlNet": (options.num_steps, control),
        "UNet": (
            options.num_steps,
            lambda: unet_forward(networks.unet, sample, label, told, mixing, residuals),
        ),
        "decoding": (layout.stride / new_in_chunk, lambda: decode_chunk(networks.vae, latents)),
    }


def _zero_residuals(
    networks: LvcdNetworks, slots: int, rows: int, columns: int, device: torch.device, dtype: torch.dtype
) -> Residuals:
    """As of a ControlNet that has nothing to say."""
    down: list[Tensor] = []
    layers = networks.configuration.unet.layers_per_block
    for index, convolution in enumerate(networks.controlnet.controlnet_down_blocks):
        assert isinstance(convolution, nn.Conv2d)
        halvings = index // (layers + 1)
        size = (rows >> halvings, columns >> halvings)
        down.append(torch.zeros(slots, convolution.out_channels, *size, device=device, dtype=dtype))
    return Residuals(down, torch.zeros_like(down[-1]))
