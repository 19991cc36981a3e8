"""ColorizeDiffusion's published files: every key is accounted for, and wrong files are told plainly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from support.official_files import State
from support.shared_folder import shared_folder
from support.tiny_colorizediffusion import TINY, transformers_state, write_published

from keycel_backend import cli
from keycel_backend.diffusion.checkpoints.colorizediffusion import (
    VISION,
    load_colorizediffusion,
    load_official,
    official_origins,
    official_sources,
)
from keycel_backend.diffusion.colorizediffusion.configuration import ColorizeDiffusionConfiguration
from keycel_backend.diffusion.colorizediffusion.networks import ColorizeDiffusionNetworks, build_networks
from keycel_backend.models import installing_colorizediffusion
from keycel_backend.models.catalogue import COLORIZEDIFFUSION
from keycel_shared.errors import ErrorCode, KeycelError


@pytest.fixture(scope="module")
def published(
    tmp_path_factory: pytest.TempPathFactory, coloring_networks: ColorizeDiffusionNetworks
) -> tuple[Path, Path]:
    return write_published(tmp_path_factory.mktemp("published"), coloring_networks)


def _assert_equal(ours: ColorizeDiffusionNetworks, theirs: ColorizeDiffusionNetworks) -> None:
    for name, component in theirs.components().items():
        state = ours.components()[name].state_dict()
        assert state.keys() == component.state_dict().keys()
        for key, tensor in component.state_dict().items():
            expected = tensor.half().float() if name == "vae" else tensor
            assert torch.equal(state[key], expected), f"{name}: {key}"


def test_published_files_fill_every_tensor(
    published: tuple[Path, Path], coloring_networks: ColorizeDiffusionNetworks, tmp_path: Path
) -> None:
    loaded = load_official(*published, TINY)
    _assert_equal(loaded, coloring_networks)
    for component in loaded.components().values():
        assert not any(tensor.is_meta for tensor in [*component.parameters(), *component.buffers()])
    clip = tmp_path / "model.safetensors"
    save_file(transformers_state(coloring_networks), clip)
    halves = load_official(published[0], clip, TINY, torch.float16)
    assert halves.unet.dtype is torch.float16
    assert halves.vae.dtype is torch.float32
    weight = coloring_networks.reference_encoder.visual_projection.weight
    assert torch.equal(halves.reference_encoder.visual_projection.weight, weight)


def test_every_key_of_the_full_size_file_is_accounted_for() -> None:
    path = shared_folder() / "specs" / "colorizediffusion.keys.json"
    keys: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["keys"]
    with torch.device("meta"):
        networks = build_networks(ColorizeDiffusionConfiguration())
    clip_prefix = "cond_stage_model.visual.model."
    clip = {key: told for key, told in keys.items() if key.startswith("cond_stage_model.")}
    own = {key: told for key, told in keys.items() if key not in clip}
    files = (
        _Manifest(Path("switch-eps.safetensors"), own),
        _Manifest(
            Path("clip.safetensors"), {key.replace(clip_prefix, VISION): told for key, told in clip.items()}
        ),
    )
    origins = official_origins(networks, *files)
    values = {
        name: sum(tensor.numel() for tensor in component.state_dict().values())
        for name, component in networks.components().items()
    }
    assert values == {
        "unet": 865_910_724 + 34_352_128,
        "sketch_encoder": 63_970_960,
        "vae": 83_653_863,
        "reference_encoder": 632_076_800,
        "background_transformer": 75_821_056,
        "threshold_embedder": 1_312_768,
    }
    # names are those of the manifest
    expected: dict[str, set[str]] = {}
    for key, told in keys.items():
        targets = told.get("maps_to", [])
        names = {targets} if isinstance(targets, str) else set(targets)
        if names:
            expected.setdefault(key.replace(clip_prefix, VISION), set()).update(names)
    ours: dict[str, set[str]] = {}
    for of_component in origins.values():
        for name, origin in of_component.items():
            ours.setdefault(origin.source.key, set()).add(name)
    assert ours == expected
    assert official_sources(networks).keys() == networks.components().keys()


class _Manifest:
    """A file of which there is only the list of tensors."""

    def __init__(self, path: Path, keys: dict[str, Any]) -> None:
        self.path = path
        self.shapes = {key: tuple(told["shape"]) for key, told in keys.items()}

    def read(self, key: str) -> torch.Tensor:
        raise AssertionError(key)


def _drop_one(state: State) -> None:
    del state["model.diffusion_model.out.2.bias"]


def _drop_an_adapter(state: State) -> None:
    del state[next(key for key in state if "lora_up_bg" in key)]


def _add_one(state: State) -> None:
    state["style_encoder.weight"] = torch.zeros(1)


def _reshape_one(state: State) -> None:
    state["transformer.embedding"] = torch.zeros(7)


def _spoil_one(state: State) -> None:
    state["thresh_embedder.embed_layer.0.bias"][0] = torch.nan


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (_drop_one, "1 missing: model.diffusion_model.out.2.bias; 0 unexpected"),
        (_drop_an_adapter, "1 missing: model.diffusion_model.input_blocks.1.1"),
        (_add_one, "0 missing; 1 unexpected: style_encoder.weight"),
        (_reshape_one, "transformer.embedding is (7,), (16, 32) was expected for embedding"),
        (_spoil_one, "thresh_embedder.embed_layer.0.bias has numbers that are not finite"),
    ],
)
def test_other_tensors_than_expected_are_an_error(
    published: tuple[Path, Path], tmp_path: Path, change: Callable[[State], None], detail: str
) -> None:
    state = load_file(published[0])
    change(state)
    save_file(state, tmp_path / "own.safetensors")
    with pytest.raises(KeycelError) as caught:
        load_official(tmp_path / "own.safetensors", published[1], TINY)
    assert caught.value.value.code is ErrorCode.REG_BAD_MODEL
    assert detail in caught.value.value.detail


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(installing_colorizediffusion, "PUBLISHED", TINY)
    return tmp_path / "home"


def _install(*words: object) -> int:
    return cli.main(["models", "install", "colorizediffusion", "--from", *map(str, words)])


def test_installed_verified_used_and_removed(
    home: Path,
    published: tuple[Path, Path],
    coloring_networks: ColorizeDiffusionNetworks,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _install(*published) == 2, "not before the licence is accepted"
    assert "NON-COMMERCIAL" in capsys.readouterr().out
    assert not home.exists()
    assert _install(*published[::-1], "--accept-licence", "--precision", "float32") == 0
    folder = COLORIZEDIFFUSION.folder
    loaded = load_colorizediffusion(folder, torch.float32)
    _assert_equal(loaded, coloring_networks)
    assert loaded.configuration == TINY
    described = json.loads((folder / "configuration.json").read_text())
    assert described["prediction_type"] == "epsilon", "told by our data, not by a file's name"
    described["prediction_type"] = "guess"
    kept = (folder / "configuration.json").read_text()
    (folder / "configuration.json").write_text(json.dumps(described))
    with pytest.raises(KeycelError) as caught:
        load_colorizediffusion(folder, torch.float32)
    assert caught.value.value.code is ErrorCode.REG_BAD_MODEL
    assert cli.main(["models", "verify", "colorizediffusion"]) == 3
    (folder / "configuration.json").write_text(kept)
    assert cli.main(["models", "verify", "colorizediffusion"]) == 0
    assert cli.main(["models", "remove", "colorizediffusion"]) == 0
    assert not folder.exists()


def test_files_that_are_not_right_are_told(
    home: Path, published: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own, clip = published
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(own.read_bytes()[: own.stat().st_size // 2])
    other = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, other)
    first = tmp_path / "mult-eps.safetensors"
    save_file({key: value for key, value in load_file(own).items() if "lora" not in key}, first)
    cases = {
        "REG_BAD_MODEL: The weights file cut.safetensors is damaged.": (cut, clip),
        "REG_BAD_MODEL: other.safetensors holds the weights of another model.": (own, other),
        "REG_BAD_MODEL: mult-eps.safetensors has no adapters": (first, clip),
        "REG_BAD_MODEL: switch-eps.safetensors and switch-eps.safetensors are both": (own, own),
        "REG_NO_MODEL: The file open_clip_pytorch_model.bin is missing.": (own,),
        "REG_NO_MODEL: The file switch-eps.safetensors is missing.": (clip,),
        "REG_NO_MODEL: There is no weights file": (own, tmp_path / "nothing.bin"),
    }
    for message, files in cases.items():
        capsys.readouterr()
        assert _install(*files, "--accept-licence") == 3
        assert message in capsys.readouterr().err
        models = home / "models"
        assert not models.exists() or list(models.iterdir()) == []


def test_an_altered_installation_is_found(
    home: Path, published: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _install(*published, "--accept-licence") == 0
    assert home.exists()
    path = COLORIZEDIFFUSION.folder / "threshold_embedder.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert cli.main(["models", "verify", "colorizediffusion"]) == 3
    assert "threshold_embedder.safetensors of the model colorizediffusion was altered" in (
        capsys.readouterr().err
    )
