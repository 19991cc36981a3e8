"""Estimates beside what is counted on the full-size networks, which hold no data here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from support.tiny_lvcd import TINY

from keycel_backend.diffusion.counting import counted
from keycel_backend.diffusion.fallback import Effort, next_effort
from keycel_backend.diffusion.lvcd.benchmark import measure_lvcd
from keycel_backend.diffusion.lvcd.cost import (
    decode_bytes,
    decode_operations,
    shot_cost,
    step_bytes,
    step_operations,
)
from keycel_backend.diffusion.lvcd.mixing import SlotMixing
from keycel_backend.diffusion.lvcd.networks import LvcdConfiguration, LvcdNetworks, build_networks
from keycel_backend.diffusion.lvcd.options import SamplingOptions
from keycel_backend.diffusion.lvcd.slots import AttentionMode, SlotLayout
from keycel_backend.diffusion.svd.autoencoder import decode_chunk
from keycel_backend.diffusion.svd.controlnet import controlnet_forward
from keycel_backend.diffusion.svd.unet import Conditioning, unet_forward

META = torch.device("meta")
LIKE = pytest.approx
USUAL: dict[str, Any] = {
    "frames": 15,
    "height": 320,
    "width": 576,
    "num_steps": 25,
    "guided": False,
    "value_bytes": 2,
}


@pytest.fixture(scope="module")
def shapes() -> LvcdNetworks:
    with META:
        return build_networks(LvcdConfiguration()).to(META, torch.float16)


@pytest.mark.parametrize("layout", [SlotLayout(), SlotLayout(8)])
@pytest.mark.parametrize(("rows", "columns"), [(40, 72), (72, 128)])
def test_steps_cost_what_is_estimated(
    shapes: LvcdNetworks, layout: SlotLayout, rows: int, columns: int
) -> None:
    halves = torch.empty(0, dtype=torch.float16, device=META)
    sample = halves.new_empty(1, layout.total, 8, rows, columns)
    told = Conditioning(halves.new_empty(1, 1, 1024), torch.empty(1, 3, device=META))
    hint = halves.new_empty(layout.total, 320, rows, columns)
    mixing = SlotMixing(layout, AttentionMode.NEXT_SEGMENT, META)
    label = torch.empty((), device=META)
    with counted() as count:
        residuals = controlnet_forward(shapes.controlnet, sample, label, told, mixing, hint)
        unet_forward(shapes.unet, sample, label, told, mixing, residuals)
    assert count.operations == LIKE(step_operations(layout, rows * columns, 2), rel=0.01)
    assert count.peak_bytes == LIKE(step_bytes(layout, rows * columns, 2), rel=0.02)


@pytest.mark.parametrize(("chunk", "rows", "columns"), [(10, 40, 72), (5, 72, 128)])
def test_decoding_costs_what_is_estimated(shapes: LvcdNetworks, chunk: int, rows: int, columns: int) -> None:
    with counted() as count:
        decode_chunk(shapes.vae, torch.empty(chunk, 4, rows, columns, device=META))
    assert count.operations == LIKE(chunk * decode_operations(rows * columns), rel=0.01)
    assert count.peak_bytes == LIKE(decode_bytes(chunk, rows * columns), rel=0.02)


def test_live_memory_follows_tensors_to_their_end() -> None:
    with counted() as count:
        first = torch.empty(1000, device=META)
        second = first + 1.0
        del first
        third = second.view(10, 100).t()
        fourth = third * 2.0
        del second, third, fourth
    assert count.peak_bytes == 2 * 4000


def test_attention_and_products_are_counted() -> None:
    states = torch.empty(2, 3, 50, 8, device=META)
    with counted() as count:
        torch.nn.functional.scaled_dot_product_attention(states, states[:, :, :20], states[:, :, :20])
        torch.matmul(torch.empty(4, 5, device=META), torch.empty(5, 6, device=META))
    assert count.operations == 4 * 2 * 3 * 50 * 20 * 8 + 2 * 4 * 5 * 6


def test_every_rung_of_the_ladder_needs_less() -> None:
    effort = Effort()
    for start in (Effort(), Effort(scale=0.71)):
        effort = start
        cost = shot_cost(effort=effort, **USUAL)
        while (lower := next_effort(effort)) is not None:
            less = shot_cost(effort=lower, **USUAL)
            assert less.memory_bytes < cost.memory_bytes, (effort, lower)
            effort, cost = lower, less


def test_costs_grow_with_what_is_asked() -> None:
    usual = shot_cost(effort=Effort(), **USUAL)
    assert 5e14 < usual.operations < 7e14  # 25 steps of 22 TFLOP and the rest
    assert 12e9 < usual.memory_bytes < 24e9  # the authors say about 20 GB
    more: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        "precision": lambda told: told | {"value_bytes": 4},
        "steps": lambda told: told | {"num_steps": 50},
        "frames": lambda told: told | {"frames": 45},
        "size": lambda told: told | {"height": 576, "width": 1024},
    }
    for name, change in more.items():
        cost = shot_cost(effort=Effort(), **change(dict(USUAL)))
        assert cost.memory_bytes > usual.memory_bytes, name
        assert cost.operations > usual.operations or name == "precision"
    guided = shot_cost(effort=Effort(), **(USUAL | {"guided": True}))
    assert guided.operations > 1.8 * usual.operations


def test_estimates_need_no_torch() -> None:
    code = (
        "import sys; import keycel_backend.diffusion.lvcd.cost; "
        "assert not {'torch', 'numpy', 'diffusers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


@pytest.mark.parametrize("channels_last", [False, True])
def test_benchmark_times_and_counts_every_part(channels_last: bool) -> None:
    options = replace(SamplingOptions(), num_steps=4)
    speed = measure_lvcd(
        TINY, options, 64, 128, torch.device("cpu"), torch.float32, repeats=1, channels_last=channels_last
    )
    names = [part.name for part in speed.parts]
    assert names[-3:] == ["ControlNet", "UNet", "decoding"]
    assert all(part.seconds > 0.0 and part.operations > 0 for part in speed.parts)
    assert all(part.tera_operations_per_second > 0.0 for part in speed.parts)
    step = sum(part.seconds for part in speed.parts if part.name in ("ControlNet", "UNet"))
    assert speed.seconds_per_step == LIKE(step)
    assert speed.seconds_per_frame == LIKE(speed.seconds / 10)
    assert speed.peak_memory_bytes is None
