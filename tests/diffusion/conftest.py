from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from support.tiny_colorizediffusion import random_coloring_networks
from support.tiny_lvcd import TINY, random_networks

from keycel_backend.diffusion.colorizediffusion.networks import ColorizeDiffusionNetworks
from keycel_backend.diffusion.lvcd.networks import LvcdNetworks


@pytest.fixture(scope="session")
def networks() -> LvcdNetworks:
    """Tiny ones with random weights. Tests that change weights make their own."""
    return random_networks(TINY, seed=5)


@pytest.fixture(scope="session")
def coloring_networks() -> ColorizeDiffusionNetworks:
    """Tiny ones of ColorizeDiffusion with random weights."""
    return random_coloring_networks(seed=5)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.no_grad():
        yield
    torch.set_num_threads(threads)
