"""A tiny ColorizeDiffusion, installed through the converter from files with the publishers' names."""

from __future__ import annotations

from pathlib import Path

import pytest

from keycel_backend.diffusion.colorizediffusion.networks import ColorizeDiffusionNetworks
from keycel_backend.models import installing_colorizediffusion

from .tiny_colorizediffusion import TINY, write_published


def install_tiny_coloring(
    home: Path, networks: ColorizeDiffusionNetworks, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Into the data folder `home`, which becomes Keycel's; the model's folder."""
    monkeypatch.setenv("KEYCEL_HOME", str(home))
    monkeypatch.setattr(installing_colorizediffusion, "PUBLISHED", TINY)
    published = home / "published"
    published.mkdir(parents=True)
    files = write_published(published, networks)
    return installing_colorizediffusion.install_colorizediffusion(files, "float32", lambda _: None)
