"""`keycel models` on files with the publishers' names: install, verify, remove, and what goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from support.official_files import write_official
from support.tiny_lvcd import TINY

from keycel_backend import cli
from keycel_backend.diffusion.checkpoints.lvcd import load_lvcd
from keycel_backend.diffusion.lvcd.networks import LvcdNetworks
from keycel_backend.engines.registry import find_engine
from keycel_backend.models import installing
from keycel_backend.models.catalogue import LVCD


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(installing, "PUBLISHED", TINY)
    return tmp_path / "home"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, networks: LvcdNetworks) -> tuple[Path, Path]:
    return write_official(tmp_path_factory.mktemp("published"), networks)


def _install(*words: object) -> int:
    return cli.main(["models", "install", "lvcd", *map(str, words)])


def _installed(published: tuple[Path, Path]) -> Path:
    assert _install("--from", *published, "--accept-licence", "--precision", "float32") == 0
    return LVCD.folder


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_model_is_installed_verified_used_and_removed(
    published: tuple[Path, Path], capsys: pytest.CaptureFixture[str], networks: LvcdNetworks
) -> None:
    assert cli.main(["models", "list"]) == 0
    listed = capsys.readouterr().out
    assert "not installed" in listed
    assert "licence:" in listed
    folder = _installed(published[::-1])  # in any order
    assert "licence" in capsys.readouterr().out
    assert f"installed in {folder}" in _output(["models", "list"], capsys)
    assert find_engine("lvcd", "colorize").name == "lvcd"
    record = json.loads((folder / "installation.json").read_text())
    assert record["licence_accepted"] is True
    assert record["licence"] == LVCD.licence
    assert {*record["files"], "installation.json"} == set(_names(folder))
    weight = load_lvcd(folder, torch.float32).controlnet.conv_in.weight
    assert torch.equal(weight, networks.controlnet.conv_in.weight)
    assert _names(folder.parent) == ["lvcd"]
    assert "as it was installed" in _output(["models", "verify", "lvcd"], capsys)
    assert cli.main(["models", "remove", "lvcd"]) == 0
    assert _names(folder.parent) == []
    assert cli.main(["models", "remove", "lvcd"]) == 3


def _output(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert cli.main(words) == 0
    return capsys.readouterr().out


def test_nothing_happens_before_the_licence_is_accepted(
    published: tuple[Path, Path], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _install("--from", *published) == 2
    told = capsys.readouterr()
    assert LVCD.licence in told.out
    assert "--accept-licence" in told.err
    assert not home.exists()


def test_halves_take_half_the_room(published: tuple[Path, Path]) -> None:
    whole = (_installed(published) / "unet.safetensors").stat().st_size
    assert _install("--from", *published, "--accept-licence") == 0
    assert (LVCD.folder / "unet.safetensors").stat().st_size < 0.6 * whole


def test_files_that_are_not_right_are_told_and_leave_what_was_there(
    published: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _installed(published)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    svd, lvcd = published
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(svd.read_bytes()[: svd.stat().st_size // 2])
    other = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, other)
    state = load_file(svd)
    state.pop(next(key for key in state if key.startswith("model.diffusion_model.")))
    short = tmp_path / "short.safetensors"
    save_file(state, short)
    cases = {
        "REG_BAD_MODEL: The weights file cut.safetensors is damaged.": (cut, lvcd),
        "REG_BAD_MODEL: other.safetensors holds the weights of another model.": (svd, other),
        "REG_BAD_MODEL: The file short.safetensors is not the weights file": (short, lvcd),
        "REG_BAD_MODEL: lvcd.ckpt and lvcd.ckpt are files of the same kind.": (lvcd, lvcd),
        "REG_NO_MODEL: The file svd.safetensors is missing.": (lvcd,),
        "REG_NO_MODEL: The file lvcd.ckpt is missing.": (svd,),
        "REG_NO_MODEL: There is no weights file nothing.ckpt.": (svd, tmp_path / "nothing.ckpt"),
    }
    for message, files in cases.items():
        capsys.readouterr()
        assert _install("--from", *files, "--accept-licence") == 3
        assert message in capsys.readouterr().err
        assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
        assert _names(folder.parent) == ["lvcd"]


def test_an_altered_installation_is_found(
    published: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _installed(published)
    path = folder / "vae.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert cli.main(["models", "verify", "lvcd"]) == 3
    assert "vae.safetensors of the model lvcd was altered" in capsys.readouterr().err
    path.unlink()
    assert cli.main(["models", "verify", "lvcd"]) == 3
    assert "is gone" in capsys.readouterr().err
    (folder / "installation.json").write_text('{"files": {"../x": "0"}}')
    assert cli.main(["models", "verify", "lvcd"]) == 3
    assert "record of the model lvcd is damaged" in capsys.readouterr().err


def test_a_full_disk_is_told_and_leaves_nothing(
    published: tuple[Path, Path],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(installing, "convert_lvcd", full)
    assert _install("--from", *published, "--accept-licence") == 4
    assert "RES_DISK_FULL" in capsys.readouterr().err
    assert _names(home / "models") == []


def test_what_was_written_wrong_is_not_installed(
    published: tuple[Path, Path],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    convert = installing.convert_lvcd

    def wrong(svd: Path, lvcd: Path, folder: Path, *rest: object) -> None:
        convert(svd, lvcd, folder, *rest)  # pyright: ignore[reportArgumentType]
        state = load_file(folder / "controlnet.safetensors")
        next(iter(state.values())).flatten()[0] += 1.0
        save_file(state, folder / "controlnet.safetensors")

    monkeypatch.setattr(installing, "convert_lvcd", wrong)
    assert _install("--from", *published, "--accept-licence") == 3
    assert "is not what was written" in capsys.readouterr().err
    assert _names(home / "models") == []


def test_unknown_models_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "verify", "nonsense"]) == 3
    assert "Choose one of: lvcd, anidoc" in capsys.readouterr().err


def test_without_torch_the_remedy_is_to_install_it(published: tuple[Path, Path]) -> None:
    words = ["models", "install", "lvcd", "--accept-licence", "--from", *map(str, published)]
    program = (
        "import sys; sys.modules['torch'] = None; from keycel_backend import cli; "
        "sys.exit(cli.main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, *words]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 3
    assert "ENV_MISSING_LIBRARY" in run.stderr
    assert "keycel[diffusion]" in run.stderr
