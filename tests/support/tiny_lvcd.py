"""LVCD of a size that runs in a test, with random weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from keycel_backend.diffusion.lvcd.conditions import Noise, ReferenceConditions, draw_noise
from keycel_backend.diffusion.lvcd.networks import LvcdConfiguration, LvcdNetworks, build_networks
from keycel_backend.diffusion.lvcd.options import SamplingOptions
from keycel_backend.diffusion.lvcd.pipeline import Material
from keycel_backend.diffusion.svd.configuration import (
    AutoencoderConfiguration,
    ImageEncoderConfiguration,
    UNetConfiguration,
)

TINY = LvcdConfiguration(
    UNetConfiguration(
        block_out_channels=(32, 32, 32, 64), num_attention_heads=(4, 4, 4, 8), cross_attention_dim=24
    ),
    AutoencoderConfiguration(block_out_channels=(32, 32, 32, 64)),
    ImageEncoderConfiguration(
        hidden_size=32,
        intermediate_size=64,
        projection_dim=24,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=56,
    ),
)


def random_networks(configuration: LvcdConfiguration, seed: int) -> LvcdNetworks:
    """Every weight random, also those that are zero before training."""
    networks = build_networks(configuration)
    randomise(networks.components(), seed)
    return networks


def randomise(components: Mapping[str, nn.Module], seed: int) -> None:
    """Gives every weight of networks a random value of a useful size."""
    generator = torch.Generator().manual_seed(seed)
    for component in components.values():
        for name, parameter in component.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() > 1:
                parameter.data = noise / parameter[0].numel() ** 0.5
            else:
                parameter.data = 0.2 * noise + float(name.endswith("weight"))


def random_lines(frames: int, height: int, width: int, seed: int = 1) -> torch.Tensor:
    """(frames, height, width) uint8, a different drawing in each frame."""
    generator = torch.Generator().manual_seed(seed)
    lines = torch.rand(frames, height // 8, width // 8, generator=generator)
    lines = lines.repeat_interleave(8, dim=1).repeat_interleave(8, dim=2)
    return ((lines > 0.2) * 255).byte()


def random_material(frames: int, height: int, width: int) -> Material:
    generator = np.random.default_rng(3)
    picture = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
    lines = np.full((frames, height, width), 255, np.uint8)
    for frame in range(frames):
        lines[frame, :, frame % width] = 0
    return Material(picture, lines)


def random_reference(options: SamplingOptions, height: int, width: int) -> tuple[ReferenceConditions, Noise]:
    """Conditions as of a reference, for latents of this size."""
    generator = torch.Generator().manual_seed(9)
    latent = torch.randn(2, 4, height, width, generator=generator)
    embedding = torch.randn(1, 1, TINY.unet.cross_attention_dim, generator=generator)
    return ReferenceConditions(embedding, latent[:1], latent[1:]), draw_noise(options, height, width, 8)
