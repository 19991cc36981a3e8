"""AniDoc's published files: every key is accounted for, installed whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from support.shared_folder import shared_folder
from support.tiny_anidoc import TINY_ANIDOC, random_anidoc, write_published
from torch import Tensor

from keycel_backend import cli
from keycel_backend.diffusion.anidoc.networks import AniDocConfiguration, AniDocNetworks, build_networks
from keycel_backend.diffusion.checkpoints.anidoc import load_anidoc, official_origins
from keycel_backend.models import installing_anidoc
from keycel_backend.models.catalogue import ANIDOC
from keycel_shared.errors import ErrorCode, KeycelError


@pytest.fixture(scope="module")
def anidoc() -> AniDocNetworks:
    return random_anidoc(seed=3)


@pytest.fixture
def published(tmp_path: Path, anidoc: AniDocNetworks, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(installing_anidoc, "PUBLISHED", TINY_ANIDOC)
    return write_published(tmp_path / "published", anidoc)


def _install(*words: object) -> int:
    return cli.main(["models", "install", "anidoc", *map(str, words)])


class _Manifest:
    """A file of which there is only the list of tensors."""

    def __init__(self, path: Path, shapes: dict[str, list[int]]) -> None:
        self.path = path
        self.shapes = {key: tuple(shape) for key, shape in shapes.items()}

    def read(self, key: str) -> Tensor:
        raise AssertionError(key)


def test_every_key_of_the_full_size_files_is_accounted_for() -> None:
    told = json.loads((shared_folder() / "specs" / "anidoc.keys.json").read_text(encoding="utf-8"))
    with torch.device("meta"):
        networks = build_networks(AniDocConfiguration())
    files = {
        name: _Manifest(Path(f"{name}.safetensors"), told[name]["tensors"])
        if name in told
        else _Manifest(
            Path(f"{name}.safetensors"),
            {key: list(tensor.shape) for key, tensor in component.state_dict().items()},
        )
        for name, component in networks.components().items()
    }
    origins = official_origins(networks, files)
    assert {name: len(of_component) for name, of_component in origins.items()} == {
        "unet": told["unet"]["n_tensors"],
        "controlnet": told["controlnet"]["n_tensors"],
        "vae": 374,
        "image_encoder": 520,
    }
    sizes = {
        name: sum(parameter.numel() for parameter in component.parameters())
        for name, component in networks.components().items()
    }
    assert sizes["unet"] == told["unet"]["n_params"]
    assert sizes["vae"] == told["auxiliary"]["svd_vae_n_params"]
    assert sizes["image_encoder"] == told["auxiliary"]["svd_image_encoder_n_params"]
    config = told["unet"]["config"]
    assert AniDocConfiguration().unet.num_attention_heads == tuple(config["num_attention_heads"])


def test_folders_are_installed_read_back_and_loaded(
    published: tuple[Path, Path], anidoc: AniDocNetworks, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _install("--from", *published[::-1], "--accept-licence", "--precision", "float32") == 0
    assert "Stability AI" in capsys.readouterr().out
    record = json.loads((ANIDOC.folder / "installation.json").read_text())
    assert record["licence_accepted"] is True
    assert cli.main(["models", "verify", "anidoc"]) == 0
    loaded = load_anidoc(ANIDOC.folder, torch.float32)
    assert loaded.configuration == TINY_ANIDOC
    for name, component in anidoc.components().items():
        state = loaded.components()[name].state_dict()
        assert state.keys() == component.state_dict().keys()
        for key, tensor in component.state_dict().items():
            assert torch.equal(state[key], tensor), f"{name}: {key}"
    assert cli.main(["models", "remove", "anidoc"]) == 0


def test_single_files_and_the_old_buffer_of_positions_are_taken(published: tuple[Path, Path]) -> None:
    files = [*published[0].glob("*/*.safetensors"), published[1] / "vae/diffusion_pytorch_model.safetensors"]
    tower = published[1] / "image_encoder/model.safetensors"
    positions = {"vision_model.embeddings.position_ids": torch.arange(17)[None]}
    save_file(load_file(tower) | positions, tower)
    assert _install("--from", *files, tower, "--accept-licence") == 0
    assert load_anidoc(ANIDOC.folder, torch.float16).vae.dtype is torch.float32


def _drop(state: dict[str, Tensor]) -> None:
    del state["conv_in.bias"]


def _add(state: dict[str, Tensor]) -> None:
    state["extra.weight"] = torch.zeros(1)


def _reshape(state: dict[str, Tensor]) -> None:
    state["conv_in.bias"] = torch.zeros(7)


def _spoil(state: dict[str, Tensor]) -> None:
    state["conv_in.bias"] = torch.full_like(state["conv_in.bias"], torch.nan)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_drop, "1 missing: conv_in.bias; 0 unexpected"),
        (_add, "0 missing; 1 unexpected: extra.weight"),
        (_reshape, "conv_in.bias is (7,)"),
        (_spoil, "conv_in.bias has numbers that are not finite"),
    ],
)
def test_tensors_that_are_not_right_are_told_and_nothing_is_installed(
    published: tuple[Path, Path],
    capsys: pytest.CaptureFixture[str],
    change: Callable[[dict[str, Tensor]], None],
    told: str,
) -> None:
    path = published[0] / "controlnet/diffusion_pytorch_model.safetensors"
    state = load_file(path)
    change(state)
    save_file(state, path)
    assert _install("--from", *published, "--accept-licence") == 3
    message = capsys.readouterr().err
    assert "REG_BAD_MODEL" in message
    assert told in message
    assert not ANIDOC.folder.exists()


def test_what_is_missing_or_given_twice_is_told(
    published: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, other)
    (tmp_path / "empty").mkdir()
    cases: dict[str, tuple[Path, ...]] = {
        "REG_NO_MODEL: The file of the vae is missing.": published[:1],
        "are files of the same kind": (published[0], *published),
        "other.safetensors holds the weights of another model": (*published, other),
        "REG_NO_MODEL: The folder empty holds none": (tmp_path / "empty",),
    }
    for message, paths in cases.items():
        capsys.readouterr()
        assert _install("--from", *paths, "--accept-licence") == 3
        assert message in capsys.readouterr().err
    assert _install("--from", *published) == 2, "the licence is not accepted"


def test_a_model_that_is_not_installed_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeycelError) as caught:
        load_anidoc(tmp_path, torch.float32)
    assert caught.value.value.code is ErrorCode.REG_NO_MODEL
