from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from goldens.anidoc_set import AniDocSet, anidoc_sets
from goldens.colorizediffusion_set import ColorizeDiffusionSet, sets_or_none
from goldens.lvcd_set import GoldenSet, golden_root, sets_or_failure, sets_or_part
from support.shared_folder import leave_out


@pytest.fixture(scope="session", params=sets_or_failure())
def golden(request: pytest.FixtureRequest) -> GoldenSet:
    """Every set of LVCD there is."""
    return _given(request, "LVCD")


@pytest.fixture(scope="session", params=sets_or_none())
def coloring_golden(request: pytest.FixtureRequest) -> ColorizeDiffusionSet:
    """Every set of ColorizeDiffusion there is."""
    return _given(request, "ColorizeDiffusion")


@pytest.fixture(scope="session", params=anidoc_sets() or [None])
def anidoc(request: pytest.FixtureRequest) -> AniDocSet:
    """Every set of AniDoc there is."""
    return _given(request, "AniDoc")


def _given(request: pytest.FixtureRequest, system: str) -> Any:
    """Without any set this fails, but for a clone by itself, which says what it left out."""
    if request.param is None:
        missing = f"{golden_root()} holds no goldens of {system}; set KEYCEL_GOLDENS to run this test"
        if "KEYCEL_GOLDENS" in os.environ:
            pytest.fail(missing)
        leave_out(missing)
    return request.param


@pytest.fixture(scope="session", params=sets_or_part())
def facts(request: pytest.FixtureRequest) -> GoldenSet:
    """Every set there is, or the part that comes with the project, which has no weights."""
    return request.param


@pytest.fixture(autouse=True)
def as_the_goldens_were_made() -> Iterator[None]:
    """On one thread, which fixes the order of sums."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.no_grad():
        yield
    torch.set_num_threads(threads)
