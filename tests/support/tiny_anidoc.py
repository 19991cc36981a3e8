"""AniDoc of a size that runs in a test, with random weights, and its files as published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import save_file

from keycel_backend.diffusion.anidoc.networks import AniDocConfiguration, AniDocNetworks, build_networks
from keycel_backend.models import installing_anidoc

from .tiny_lvcd import TINY, randomise

TINY_ANIDOC = AniDocConfiguration(
    replace(TINY.unet, residual_eps=None), (8, 8, 8, 16), TINY.autoencoder, TINY.image_encoder
)


def random_anidoc(seed: int) -> AniDocNetworks:
    """Every weight random, also those that are zero before training."""
    networks = build_networks(TINY_ANIDOC)
    randomise(networks.components(), seed)
    return networks


def write_published(folder: Path, networks: AniDocNetworks) -> tuple[Path, Path]:
    """The folders of AniDoc and of Stable Video Diffusion, whose own UNet is not to be taken."""
    places = {
        "unet": folder / "anidoc/unet/diffusion_pytorch_model.safetensors",
        "controlnet": folder / "anidoc/controlnet/diffusion_pytorch_model.safetensors",
        "vae": folder / "svd/vae/diffusion_pytorch_model.safetensors",
        "image_encoder": folder / "svd/image_encoder/model.safetensors",
    }
    for name, path in places.items():
        path.parent.mkdir(parents=True)
        save_file(dict(networks.components()[name].state_dict()), path)
    (folder / "svd/unet").mkdir()
    save_file(dict(networks.unet.state_dict()), folder / "svd/unet/diffusion_pytorch_model.safetensors")
    (folder / "svd/model_index.json").write_text("{}")
    return folder / "anidoc", folder / "svd"


def install_tiny_anidoc(home: Path, networks: AniDocNetworks, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Into the data folder `home`, which becomes Keycel's; the model's folder."""
    monkeypatch.setenv("KEYCEL_HOME", str(home))
    monkeypatch.setattr(installing_anidoc, "PUBLISHED", TINY_ANIDOC)
    folders = write_published(home / "published", networks)
    return installing_anidoc.install_anidoc(folders, "float32", lambda _: None)
