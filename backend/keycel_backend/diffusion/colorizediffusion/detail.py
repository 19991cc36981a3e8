"""A second, larger pass: what was painted small is drawn again at canvas resolution, tile by tile.

Each tile is no larger than what the network was trained on. Its colours are those of the first pass, of
which only a share of the noise is added anew (SDEdit, arXiv 2108.01073); its lines are the large ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from keycel_backend.diffusion.colorizediffusion.cost import detail_steps
from keycel_backend.diffusion.colorizediffusion.networks import ColorizeDiffusionNetworks
from keycel_backend.diffusion.colorizediffusion.sampling import (
    Branches,
    EstimateCallback,
    SamplingOptions,
    StepCallback,
    check_finite,
    decode_latents,
    encode_mean,
)
from keycel_backend.diffusion.colorizediffusion.schedules import Sampler, clean_estimate, make_scheduler
from keycel_backend.diffusion.colorizediffusion.split_attention import Split
from keycel_backend.diffusion.colorizediffusion.unet import unet_forward
from keycel_backend.diffusion.tiles import TileGrid


@dataclass(frozen=True, slots=True)
class Detail:
    """What the second pass is made from, at its own size."""

    painted: Tensor
    """(1, 4, height / 8, width / 8) scaled: the first pass, enlarged."""
    sketch: Tensor
    """(1, 3, height, width): paper -1 and ink 1."""
    noise: Tensor
    """(1, 4, height / 8, width / 8) standard normal."""


@torch.no_grad()
def draw_detail(
    networks: ColorizeDiffusionNetworks,
    detail: Detail,
    context: Tensor,
    split: Split | None,
    options: SamplingOptions,
    grid: TileGrid,
    on_step: StepCallback,
    on_estimate: EstimateCallback = lambda _: None,
) -> Tensor:
    """(1, 4, height / 8, width / 8) scaled latents. Deterministic; by DDIM, whatever the first pass used.

    Args:
        context, split: as in `sample_latents`; the mask has the size of these latents.
    Raises:
        KeycelError: RUN_FAILED where the networks give numbers that are not finite.
    """
    unit = networks.configuration.autoencoder.pixels_per_latent
    predicts, dtype = networks.configuration.prediction_type, networks.unet.dtype
    scheduler: Any = make_scheduler(Sampler.DDIM, options.num_steps, predicts, karras=False)
    timesteps = scheduler.timesteps[-detail_steps(options.num_steps) :].to(detail.noise.device)
    latents = scheduler.add_noise(detail.painted, detail.noise, timesteps[:1])
    sketches = grid.cut(detail.sketch, unit)
    branches = [
        Branches.of(networks, sketch, context, part, options)
        for sketch, part in zip(sketches, _splits(split, grid), strict=True)
    ]
    for number, timestep in enumerate(timesteps):
        predicted = grid.blended(
            one.guided(
                unet_forward(
                    networks.unet,
                    tile.to(dtype).repeat(1 + len(one.guidance), 1, 1, 1),
                    timestep,
                    one.told,
                ).float()
            )
            for one, tile in zip(branches, grid.cut(latents), strict=True)
        )
        on_estimate(partial(clean_estimate, latents, predicted, float(timestep), predicts))
        latents = scheduler.step(predicted, timestep, latents, return_dict=False)[0]
        on_step(number, latents)
    check_finite(latents)
    return latents


@torch.no_grad()
def encode_in_tiles(networks: ColorizeDiffusionNetworks, picture: Tensor, grid: TileGrid) -> Tensor:
    """(1, 3, 8 height, 8 width) in -1..1 to (1, 4, height, width), scaled."""
    unit = networks.configuration.autoencoder.pixels_per_latent
    return grid.blended(encode_mean(networks, tile) for tile in grid.cut(picture, unit))


@torch.no_grad()
def decode_in_tiles(networks: ColorizeDiffusionNetworks, latents: Tensor, grid: TileGrid) -> Tensor:
    """As `decode_latents`, with less memory. Tiles differ a little: the decoder looks at all of a picture."""
    unit = networks.configuration.autoencoder.pixels_per_latent
    return grid.blended((decode_latents(networks, tile) for tile in grid.cut(latents)), unit)


def _splits(split: Split | None, grid: TileGrid) -> Iterator[Split | None]:
    if split is None:
        yield from (None for _ in grid.tiles)
    else:
        yield from (replace(split, mask=mask) for mask in grid.cut(split.mask))
