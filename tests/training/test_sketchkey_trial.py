"""The trial of `sketchkey`: what it measures, and that the weights that come with Keycel pass it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from keycel_backend.diffusion.sketchkey.networks import SketchKeyNetworks
from keycel_backend.diffusion.sketchkey.weights import load_networks
from keycel_backend.engines.cel.run import WEIGHTS
from keycel_backend.training.sketchkey.examples import CelExample, make_example
from keycel_backend.training.sketchkey.trial import (
    FRAMES,
    TRIAL_SEED,
    Measured,
    blend,
    by_networks,
    carried,
    difference,
    hold,
    key_pattern,
    summary,
    trial,
)

SIDE = 64


@pytest.fixture(scope="module")
def networks() -> SketchKeyNetworks:
    return load_networks(WEIGHTS / "sketchkey" / "networks.safetensors", torch.device("cpu"))


@pytest.fixture(scope="module")
def shots(networks: SketchKeyNetworks) -> list[CelExample]:
    """The first four of those that the card of the weights measures on."""
    multiple = networks.configuration.size_multiple
    return [make_example(seed, SIDE, multiple) for seed in range(TRIAL_SEED, TRIAL_SEED + 4)]


def test_keys_are_spread_evenly_up_to_the_last_frame() -> None:
    keys = {number: key_pattern(9, number).keys for number in (1, 2, 3, 5)}
    assert keys == {1: (0, 8), 2: (0, 4, 8), 3: (0, 3, 5, 8), 5: (0, 2, 3, 5, 6, 8)}
    assert key_pattern(9, 2).known == (True, *[False] * 8)


def test_differences_are_those_of_keys_alone() -> None:
    rows = [Measured(3.0, 20.0, True), Measured(9.0, 20.0, False), Measured(5.0, 20.0, True)]
    others = [Measured(1.0, 20.0, True), Measured(1.0, 20.0, False), Measured(2.0, 20.0, True)]
    mean, error = difference(rows, others)
    assert mean == pytest.approx(2.5)
    assert error == pytest.approx(0.5)
    assert summary(rows).edmd_keys == pytest.approx(4.0)
    assert summary(rows).edmd == pytest.approx(17.0 / 3.0)


def test_the_weights_that_come_with_keycel_are_nearer_at_keys_than_simpler_ways(
    networks: SketchKeyNetworks, shots: list[CelExample], tmp_path: Path
) -> None:
    assert all(abs(gate) > 0.1 for gate in networks.gates()), "gates have opened"
    ways = {"hold": hold, "blend": blend, "carried": carried, "sketchkey": by_networks(networks, True)}
    multiple = networks.configuration.size_multiple
    found = trial(ways, shots, SIDE, multiple, 2, tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 1000
    assert {len(rows) for rows in found.values()} == {4 * (FRAMES - 1)}
    edmd = {name: summary(rows).edmd_keys for name, rows in found.items()}
    assert edmd["sketchkey"] < 0.85 * edmd["carried"], edmd
    assert edmd["sketchkey"] < 0.7 * edmd["blend"] < edmd["hold"], edmd
