"""A tiny LVCD, installed through the converter from files with the publishers' names."""

from __future__ import annotations

from pathlib import Path

import pytest

from keycel_backend.diffusion.lvcd.networks import LvcdNetworks
from keycel_backend.models import installing

from .official_files import write_official
from .tiny_lvcd import TINY


def install_tiny(home: Path, networks: LvcdNetworks, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Into the data folder `home`, which becomes Keycel's; the model's folder."""
    monkeypatch.setenv("KEYCEL_HOME", str(home))
    monkeypatch.setattr(installing, "PUBLISHED", TINY)
    published = home / "published"
    published.mkdir(parents=True)
    return installing.install_lvcd(write_official(published, networks), "float32", lambda _: None)
