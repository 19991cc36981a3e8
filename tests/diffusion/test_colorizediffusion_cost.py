"""Constants of the cost of colouring after a reference, counted anew on networks without data."""

from __future__ import annotations

import pytest
import torch

from keycel_backend.diffusion.colorizediffusion.configuration import ColorizeDiffusionConfiguration
from keycel_backend.diffusion.colorizediffusion.cost import (
    decode_operations,
    detail_operations,
    detail_steps,
    encode_operations,
    reference_cost,
    step_bytes,
    step_operations,
)
from keycel_backend.diffusion.colorizediffusion.networks import ColorizeDiffusionNetworks, build_networks
from keycel_backend.diffusion.colorizediffusion.sampling import decode_latents, encode_mean
from keycel_backend.diffusion.colorizediffusion.split_attention import Split
from keycel_backend.diffusion.colorizediffusion.unet import Conditioning, unet_forward
from keycel_backend.diffusion.counting import counted
from keycel_backend.engines.colorizediffusion.description import estimate

META = torch.device("meta")


@pytest.fixture(scope="module")
def full() -> ColorizeDiffusionNetworks:
    with META:
        return build_networks(ColorizeDiffusionConfiguration()).to(META)


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("side", [48, 96])
def test_a_step(full: ColorizeDiffusionNetworks, split: bool, side: int) -> None:
    widths = full.configuration.denoiser.block_out_channels
    channels = (widths[0], *widths)
    hints = [
        torch.zeros(2, width, side >> level, side >> level, device=META)
        for width, level in zip(channels, (0, 1, 2, 3, 3), strict=True)
    ]
    told = Conditioning(
        torch.zeros(2, 512 if split else 256, 1024, device=META),
        hints,
        Split(torch.zeros(2, 1, side, side, device=META), 0.05) if split else None,
    )
    sample = torch.zeros(2, 4, side, side, device=META)
    with counted() as count, torch.no_grad():
        unet_forward(full.unet, sample, torch.zeros((), device=META), told)
    assert count.operations == pytest.approx(2 * step_operations(side**2, split), rel=0.02)
    assert count.peak_bytes == pytest.approx(step_bytes(2, side**2, 4), rel=0.02)


def test_decoding(full: ColorizeDiffusionNetworks) -> None:
    with counted() as count, torch.no_grad():
        decode_latents(full, torch.zeros(1, 4, 48, 48, device=META))
    assert count.operations == pytest.approx(decode_operations(48**2), rel=0.01)


def test_encoding(full: ColorizeDiffusionNetworks) -> None:
    with counted() as count, torch.no_grad():
        encode_mean(full, torch.zeros(1, 3, 384, 384, device=META))
    assert count.operations == pytest.approx(encode_operations(48**2), rel=0.01)


def test_a_second_pass_costs_by_its_tiles() -> None:
    one = detail_operations((512, 512), (512, 512), 20, 2, False)
    assert detail_operations((896, 896), (512, 512), 20, 2, False) == 4 * one
    assert detail_operations((896, 512), (512, 512), 20, 2, False) == 2 * one
    assert detail_steps(20) == 10
    plain, detailed = (estimate(1920, 1080, 1, 0, {"detail": side}) for side in (0, 1920))
    assert detailed.memory_bytes == plain.memory_bytes
    assert detailed.seconds > 4 * plain.seconds
    assert estimate(1920, 1080, 1, 0, {"detail": 512}) == plain, "no larger than the first"


def test_what_costs_more() -> None:
    plain = reference_cost(1, 512, 512, 20, 2, False, 2)
    assert reference_cost(1, 512, 512, 20, 3, False, 2).operations > 1.4 * plain.operations
    assert reference_cost(2, 512, 512, 20, 2, False, 2).operations > 1.9 * plain.operations
    assert reference_cost(1, 512, 512, 20, 2, True, 2).operations > plain.operations
    assert reference_cost(1, 1024, 1024, 20, 2, False, 2).memory_bytes > plain.memory_bytes
    assert 5e9 < plain.memory_bytes < 8e9
