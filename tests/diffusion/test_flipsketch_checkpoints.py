"""FlipSketch's published folder: every key is accounted for, and what is not right is told plainly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from support.shared_folder import shared_folder
from support.tiny_flipsketch import TINY, random_networks, write_folder, write_lora

from keycel_backend import cli
from keycel_backend.diffusion.checkpoints.flipsketch_lora import lora_layers
from keycel_backend.diffusion.checkpoints.flipsketch_store import load_flipsketch
from keycel_backend.diffusion.flipsketch.configuration import FlipsketchConfiguration
from keycel_backend.diffusion.flipsketch.networks import FlipsketchNetworks, build_networks
from keycel_backend.models import installing_flipsketch
from keycel_backend.models.catalogue import FLIPSKETCH
from keycel_shared.errors import KeycelError

UNET = Path("unet") / "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def flipsketch() -> FlipsketchNetworks:
    return random_networks(seed=5)


@pytest.fixture
def published(tmp_path: Path, flipsketch: FlipsketchNetworks, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(installing_flipsketch, "PUBLISHED", TINY)
    return write_folder(tmp_path / "checkpoint-2500", flipsketch)


def _install(*words: object) -> int:
    return cli.main(["models", "install", "flipsketch", "--accept-licence", "--from", *map(str, words)])


def _state(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return network.state_dict()


def test_a_folder_is_installed_verified_used_and_removed(
    published: Path, flipsketch: FlipsketchNetworks, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["models", "install", "flipsketch", "--from", str(published)]) == 2
    told = capsys.readouterr()
    assert "NON-COMMERCIAL" in told.out
    assert "--accept-licence" in told.err
    assert not FLIPSKETCH.folder.exists()
    assert _install(published, "--precision", "float32") == 0
    loaded, tokenizer = load_flipsketch(FLIPSKETCH.folder, torch.float32)
    assert loaded.configuration == TINY
    for name, component in flipsketch.components().items():
        ours = _state(loaded.components()[name])
        assert ours.keys() == _state(component).keys()
        assert all(torch.equal(ours[key], tensor) for key, tensor in _state(component).items())
        assert not any(one.is_meta for one in loaded.components()[name].buffers())
    assert tokenizer("ab").tolist()[0][:4] == [512, 64, 321, 513]
    record = json.loads((FLIPSKETCH.folder / "installation.json").read_text())
    assert record["licence_accepted"] is True
    assert "CC-BY-NC-4.0" in record["licence"]
    assert cli.main(["models", "verify", "flipsketch"]) == 0
    assert cli.main(["models", "remove", "flipsketch"]) == 0
    assert not FLIPSKETCH.folder.exists()


def test_additions_are_merged_into_their_base(
    published: Path, flipsketch: FlipsketchNetworks, tmp_path: Path
) -> None:
    files = {name: tmp_path / f"2500_{name}.pt" for name in ("text_encoder", "unet")}
    tensors = {name: write_lora(path, flipsketch, name) for name, path in files.items()}
    assert _install(*files.values(), published, "--precision", "float32") == 0
    loaded, _ = load_flipsketch(FLIPSKETCH.folder, torch.float32)
    for name in files:
        ours, base = _state(loaded.components()[name]), _state(flipsketch.components()[name])
        tuned = {f"{layer}.weight" for layer, _ in lora_layers(flipsketch, name)}
        assert all(torch.equal(ours[key], base[key]) for key in base.keys() - tuned)
        ups, downs = tensors[name][::2], tensors[name][1::2]
        for (layer, shape), up, down in zip(lora_layers(flipsketch, name), ups, downs, strict=True):
            addition = torch.einsum("or,ri->oi", up.flatten(1), down.flatten(1)).reshape(shape)
            assert torch.allclose(ours[f"{layer}.weight"], base[f"{layer}.weight"] + addition, atol=1e-6)


def _drop_one(state: dict[str, Any]) -> None:
    del state["conv_out.bias"]


def _add_one(state: dict[str, Any]) -> None:
    state["extra.weight"] = torch.zeros(1)


def _reshape_one(state: dict[str, Any]) -> None:
    state["conv_out.bias"] = torch.zeros(7)


def _spoil_one(state: dict[str, Any]) -> None:
    state["conv_out.bias"] = torch.full((4,), torch.nan)


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (_drop_one, "1 missing: conv_out.bias; 0 unexpected"),
        (_add_one, "0 missing; 1 unexpected: extra.weight"),
        (_reshape_one, "conv_out.bias is (7,), (4,) was expected"),
        (_spoil_one, "conv_out.bias has numbers that are not finite"),
    ],
)
def test_other_tensors_than_expected_are_told_and_leave_nothing(
    published: Path,
    change: Callable[[dict[str, Any]], None],
    detail: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = load_file(published / UNET)
    change(state)
    save_file(state, published / UNET)
    assert _install(published) == 3
    told = capsys.readouterr().err
    assert "REG_BAD_MODEL" in told
    assert detail in told
    assert list(FLIPSKETCH.folder.parent.iterdir() if FLIPSKETCH.folder.parent.exists() else []) == []


def _cut(folder: Path) -> None:
    (folder / UNET).write_bytes((folder / UNET).read_bytes()[:5000])


def _cut_old_format(folder: Path) -> None:
    path = folder / "vae" / "diffusion_pytorch_model.bin"
    path.write_bytes(path.read_bytes()[:5000])


def _no_weights(folder: Path) -> None:
    (folder / "text_encoder" / "pytorch_model.bin").unlink()


def _other_heads(folder: Path) -> None:
    path = folder / "unet" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"attention_head_dim": 4}))


def _other_schedule(folder: Path) -> None:
    path = folder / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"prediction_type": "v_prediction"}))


def _damaged_settings(folder: Path) -> None:
    (folder / "vae" / "config.json").write_text("[")


def _no_settings(folder: Path) -> None:
    (folder / "vae" / "config.json").unlink()


def _no_vocabulary(folder: Path) -> None:
    (folder / "tokenizer" / "vocab.json").unlink()


def _short_vocabulary(folder: Path) -> None:
    path = folder / "tokenizer" / "vocab.json"
    entries = json.loads(path.read_text())
    del entries["a</w>"]
    path.write_text(json.dumps(entries))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_cut, "REG_BAD_MODEL: The weights file diffusion_pytorch_model.safetensors is damaged."),
        (_cut_old_format, "REG_BAD_MODEL: The weights file diffusion_pytorch_model.bin is damaged."),
        (_no_weights, "REG_NO_MODEL: The file text_encoder/model.safetensors is missing."),
        (_other_heads, "REG_BAD_MODEL: The folder checkpoint-2500 holds another model."),
        (_other_schedule, "REG_BAD_MODEL: The folder checkpoint-2500 holds another model."),
        (_damaged_settings, "REG_BAD_MODEL: The file config.json in vae is damaged."),
        (_no_settings, "REG_NO_MODEL: The file vae/config.json is missing."),
        (_no_vocabulary, "REG_BAD_MODEL: The tokenizer of the model is damaged."),
        (_short_vocabulary, "REG_BAD_MODEL: The tokenizer of the model is damaged."),
    ],
)
def test_folders_that_are_not_right_are_told(
    published: Path, change: Callable[[Path], None], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change(published)
    assert _install(published) == 3
    assert message in capsys.readouterr().err
    assert not FLIPSKETCH.folder.exists()


def test_wrong_paths_and_additions_are_told(
    published: Path, flipsketch: FlipsketchNetworks, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unet, other = tmp_path / "2500_unet.pt", tmp_path / "other.pt"
    write_lora(unet, flipsketch, "unet")
    torch.save({"a": torch.zeros(2, 2)}, other)
    misfit = tmp_path / "misfit.pt"
    torch.save(write_lora(misfit, flipsketch, "text_encoder")[::-1], misfit)
    cases = {
        "REG_NO_MODEL: 0 folders were given, and one is needed.": (published / UNET,),
        "REG_NO_MODEL: 2 folders were given": (published, tmp_path),
        "REG_NO_MODEL: One of FlipSketch's two files of additions is missing.": (published, unet),
        "REG_BAD_MODEL: The file other.pt does not hold FlipSketch's additions": (published, other),
        "2500_unet.pt is none of FlipSketch's two files of additions": (published, unet, unet),
        "REG_NO_MODEL: There is no file nothing.pt.": (published, tmp_path / "nothing.pt"),
        "REG_BAD_MODEL: The file misfit.pt does not hold": (published, unet, misfit),
    }
    for message, paths in cases.items():
        capsys.readouterr()
        assert _install(*paths) == 3
        assert message in capsys.readouterr().err


def test_an_installation_that_was_altered_is_an_error(published: Path) -> None:
    assert _install(published) == 0
    path = FLIPSKETCH.folder / "unet.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert cli.main(["models", "verify", "flipsketch"]) == 3
    with pytest.raises(KeycelError, match=r"The weights file unet\.safetensors is damaged"):
        load_flipsketch(FLIPSKETCH.folder, torch.float32)
    (FLIPSKETCH.folder / "configuration.json").write_text("{}")
    with pytest.raises(KeycelError, match="description of the model FlipSketch is damaged"):
        load_flipsketch(FLIPSKETCH.folder, torch.float32)
    (FLIPSKETCH.folder / "configuration.json").unlink()
    with pytest.raises(KeycelError, match="The model FlipSketch is not installed"):
        load_flipsketch(FLIPSKETCH.folder, torch.float32)


def test_names_of_older_libraries_are_understood(published: Path, flipsketch: FlipsketchNetworks) -> None:
    vae = published / "vae" / "diffusion_pytorch_model.bin"
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    state: dict[str, torch.Tensor] = torch.load(vae, weights_only=True)
    for new, theirs in old.items():
        state = {key.replace(f".{new}.", f".{theirs}."): tensor for key, tensor in state.items()}
    assert any(".proj_attn." in key for key in state)
    torch.save(state, vae)
    text = published / "text_encoder" / "pytorch_model.bin"
    state = torch.load(text, weights_only=True)
    torch.save(state | {"text_model.embeddings.position_ids": torch.arange(32)[None]}, text)
    assert _install(published, "--precision", "float32") == 0
    loaded, _ = load_flipsketch(FLIPSKETCH.folder, torch.float32)
    ours, theirs = _state(loaded.vae), _state(flipsketch.vae)
    assert all(torch.equal(ours[key], tensor) for key, tensor in theirs.items())


def test_the_published_networks_have_exactly_the_published_tensors() -> None:
    manifest = json.loads((shared_folder() / "specs" / "flipsketch.keys.json").read_text())
    with torch.device("meta"):
        networks = build_networks(FlipsketchConfiguration())
    for name, component in networks.components().items():
        told = manifest["components"][name]
        prefix = "text_model." if name == "text_encoder" else ""
        ours = {f"{prefix}{key}": list(tensor.shape) for key, tensor in _state(component).items()}
        assert ours == told["tensors"]
        assert sum(one.numel() for one in component.parameters()) == told["n_params"]


def test_the_published_additions_have_the_layers_in_our_order() -> None:
    lists = json.loads((shared_folder() / "specs" / "flipsketch.keys.json").read_text())["lora_lists"]
    with torch.device("meta"):
        networks = build_networks(FlipsketchConfiguration())
    for name in ("unet", "text_encoder"):
        ours = [layer for layer, _ in lora_layers(networks, name)]
        assert ours == [layer.removeprefix("text_model.") for layer, _, _ in lists[name]]
