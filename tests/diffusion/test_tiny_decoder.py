"""The small decoder for previews: installed by the user, read strictly, used where it is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from safetensors.torch import load_file, save_file

from keycel_backend import cli
from keycel_backend.diffusion.tiny_decoder import CONFIGURATION, WEIGHTS, load_tiny_decoder
from keycel_backend.engines.painting import installed_tiny_decoder
from keycel_backend.models.catalogue import TAESD
from keycel_shared.errors import ErrorCode, KeycelError

CPU = torch.device("cpu")


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The publisher's folder, with a network of few channels."""
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path / "home"))
    torch.manual_seed(0)
    network = AutoencoderTiny(encoder_block_out_channels=(4,) * 4, decoder_block_out_channels=(4,) * 4)
    folder = tmp_path / "taesd"
    cast(Any, network).save_pretrained(folder)
    return folder


def refused(folder: Path) -> ErrorCode:
    with pytest.raises(KeycelError) as caught:
        load_tiny_decoder(folder, CPU)
    return caught.value.value.code


def test_installed_it_shows_latents_at_the_pictures_size(published: Path) -> None:
    assert installed_tiny_decoder(CPU) is None
    assert cli.main(["models", "install", "taesd", "--from", str(published), "--accept-licence"]) == 0
    assert TAESD.installed
    decoder = installed_tiny_decoder(CPU)
    assert decoder is not None
    latent = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(1))
    picture = decoder.picture(latent)
    assert (picture.shape, picture.dtype) == ((24, 40, 3), torch.uint8)
    assert torch.equal(decoder.picture(latent.half()), decoder.picture(latent.half().float()))
    assert not torch.equal(picture, decoder.picture(latent + 1.0))


def test_what_is_not_taesd_is_refused(published: Path, tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere") is ErrorCode.REG_NO_MODEL
    weights, settings = published / WEIGHTS, published / CONFIGURATION
    state = load_file(weights)
    key = next(iter(state))
    save_file({name: value for name, value in state.items() if name != key}, weights)
    assert refused(published) is ErrorCode.REG_BAD_MODEL
    save_file({**state, key: torch.full_like(state[key], float("nan"))}, weights)
    assert refused(published) is ErrorCode.REG_BAD_MODEL
    save_file(state, weights)
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "latent_channels": 16}))
    assert refused(published) is ErrorCode.REG_BAD_MODEL
    settings.write_text("{")
    assert refused(published) is ErrorCode.REG_BAD_MODEL
