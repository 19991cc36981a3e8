"""A hub on this machine, and a small model to download from it into a data folder of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.hub_server import HubServer, serving
from support.trial_model import FILES, LARGE, PUBLISHED, TRIAL

from keycel_backend.models import catalogue, downloading, hub


@pytest.fixture
def model_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of one's own, with the trial model in the catalogue and no patience."""
    for name in ("HF_HUB_OFFLINE", "KEYCEL_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(catalogue.MODELS, "trial", TRIAL)
    known = catalogue.find_published
    monkeypatch.setattr(catalogue, "find_published", lambda name: PUBLISHED.get(name) or known(name))
    monkeypatch.setattr(downloading, "PAUSES", (0.01,))
    monkeypatch.setattr(hub, "STALL_SECONDS", 0.3)
    return tmp_path / "home"


@pytest.fixture
def hub_server(model_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    del model_home
    with serving() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        server.behaviour.files = dict(FILES)
        server.behaviour.large = set(LARGE)
        yield server
