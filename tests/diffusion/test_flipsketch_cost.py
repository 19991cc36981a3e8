"""FlipSketch's estimates beside what is counted on the full-size networks, which hold no data here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch

from keycel_backend.diffusion.counting import counted
from keycel_backend.diffusion.fallback import Effort, next_effort
from keycel_backend.diffusion.flipsketch.autoencoder import decode_frames
from keycel_backend.diffusion.flipsketch.configuration import FlipsketchConfiguration
from keycel_backend.diffusion.flipsketch.cost import (
    animation_cost,
    clip_passes,
    decode_bytes,
    decode_operations,
    gradient_bytes,
    pass_bytes,
    pass_operations,
)
from keycel_backend.diffusion.flipsketch.denoiser import predict_noise
from keycel_backend.diffusion.flipsketch.networks import FlipsketchNetworks, build_networks
from keycel_backend.diffusion.flipsketch.options import SamplingOptions

META = torch.device("meta")
LIKE = pytest.approx
USUAL: dict[str, Any] = {
    "frames": 10,
    "height": 256,
    "width": 256,
    "options": SamplingOptions(),
    "guided_by_text": False,
    "value_bytes": 2,
}


@pytest.fixture(scope="module")
def shapes() -> FlipsketchNetworks:
    with META:
        networks = build_networks(FlipsketchConfiguration())
    torch.nn.Module.to(networks.unet, torch.float16)
    return networks


@pytest.mark.parametrize(("frames", "rows", "columns"), [(10, 32, 32), (5, 32, 64), (10, 64, 64)])
def test_passes_cost_what_is_estimated(
    shapes: FlipsketchNetworks, frames: int, rows: int, columns: int
) -> None:
    latents = torch.empty(1, 4, frames, rows, columns, device=META)
    text = torch.empty(1, 77, 1024, device=META)
    with counted() as count:
        predict_noise(shapes.unet, latents, 1, text)
    positions = rows * columns
    assert count.operations == LIKE(frames * pass_operations(positions), rel=0.01)
    assert count.peak_bytes == LIKE(pass_bytes(frames, positions, 2), rel=0.02)


def test_gradients_cost_what_is_estimated(shapes: FlipsketchNetworks) -> None:
    latents = torch.empty(1, 4, 10, 32, 32, device=META, requires_grad=True)
    with torch.enable_grad(), counted() as count:
        noise = predict_noise(shapes.unet, latents, 1, torch.empty(1, 77, 1024, device=META))
        torch.autograd.grad(noise[:, :, :1].square().mean(), [latents])
    assert count.peak_bytes == LIKE(gradient_bytes(10, 32 * 32, 2), rel=0.02)
    forward = 10 * pass_operations(32 * 32)
    assert 1.7 * forward < count.operations < 2.1 * forward, "a pass back costs about one more"


@pytest.mark.parametrize(("chunk", "rows", "columns"), [(10, 32, 32), (5, 32, 64)])
def test_decoding_costs_what_is_estimated(
    shapes: FlipsketchNetworks, chunk: int, rows: int, columns: int
) -> None:
    with counted() as count:
        decode_frames(shapes.vae, torch.empty(chunk, 4, rows, columns, device=META))
    assert count.operations == LIKE(chunk * decode_operations(rows * columns), rel=0.01)
    assert count.peak_bytes == LIKE(decode_bytes(chunk, rows * columns), rel=0.02)


def test_passes_are_counted_as_the_authors_code_makes_them() -> None:
    """10 frames in 25 steps: 125 for the inversion without its double call, 500, and 61 of the reference."""
    assert clip_passes(10, SamplingOptions(), guided_by_text=False) == 125 + 500 + 61
    faithful = SamplingOptions(aligned_steps=10)
    assert clip_passes(10, faithful, False) - clip_passes(10, SamplingOptions(), False) == 1010 + 1000


def test_every_rung_of_the_ladder_needs_less() -> None:
    for options in (SamplingOptions(), SamplingOptions(aligned_steps=10)):
        told = USUAL | {"options": options}
        effort = Effort(window=10)
        cost = animation_cost(effort=effort, **told)
        while (lower := next_effort(effort)) is not None:
            less = animation_cost(effort=lower, **told)
            # in so short a clip not every rung helps: decoding is not what needs the most
            assert less.memory_bytes <= cost.memory_bytes, (effort, lower)
            effort, cost = lower, less
        assert cost.memory_bytes < 0.8 * animation_cost(effort=Effort(window=10), **told).memory_bytes


def test_costs_grow_with_what_is_asked() -> None:
    usual = animation_cost(effort=Effort(window=10), **USUAL)
    assert 1.9e14 < usual.operations < 2.4e14  # 686 passes of 0.3 TFLOP and the rest
    assert 5e9 < usual.memory_bytes < 9e9
    more: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        "precision": lambda told: told | {"value_bytes": 4},
        "faithful": lambda told: told | {"options": SamplingOptions(aligned_steps=10)},
        "longer": lambda told: told | {"frames": 30},
        "size": lambda told: told | {"height": 512},
        "negative": lambda told: told | {"guided_by_text": True},
    }
    for name, change in more.items():
        cost = animation_cost(effort=Effort(window=10), **change(dict(USUAL)))
        assert cost.memory_bytes > usual.memory_bytes or name in ("longer", "negative")
        assert cost.operations > usual.operations or name == "precision"


def test_estimates_need_no_torch() -> None:
    code = (
        "import sys; import keycel_backend.diffusion.flipsketch.cost; "
        "assert not {'torch', 'numpy', 'diffusers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})
