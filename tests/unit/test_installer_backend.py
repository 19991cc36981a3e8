"""The backend's environment: resumed after a break, switched when it works, taken away without a trace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.installer_world import CUDA, World

from keycel_installer import (
    backend,
    install,
    kritas,
    record,
    uninstall,
)
from keycel_installer.errors import InstallerError
from keycel_shared import paths

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def test_everything_is_done_once(world: World) -> None:
    python = backend.ensure(world.plan(CUDA))
    assert python.exists()
    assert world.calls == [
        "create",
        "torch==1+cu1 https://index/cu1",
        "keycel",
        "uninstall --yes",
        "onnxruntime-gpu==1",
        "try",
    ]
    world.calls.clear()
    assert backend.ensure(world.plan(CUDA)) == python
    assert world.calls == []


@pytest.mark.parametrize("step", ["create", "torch==1+cu1 https://index/cu1", "keycel", "try"])
def test_a_break_is_gone_on_from(world: World, step: str) -> None:
    world.breaks_at = step
    with pytest.raises(InstallerError):
        backend.ensure(world.plan(CUDA))
    done = world.calls[:-1]
    world.calls.clear()
    world.breaks_at = ""
    backend.ensure(world.plan(CUDA))
    assert world.calls[0] == step
    assert set(done).isdisjoint(world.calls)


def test_other_sources_another_device_another_python_are_other_environments(world: World) -> None:
    first = world.plan()
    found = {first.identity, world.plan(CUDA).identity, backend.Plan(world.project, None, (3, 12)).identity}
    (world.project / "README.md").write_text("two")
    found.add(world.plan().identity)
    assert len(found) == 4
    assert world.plan().identity == world.plan().identity


def test_a_full_disk_is_told_before_anything_is_fetched(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "SMALL_MEGABYTES", 10**9)
    with pytest.raises(InstallerError, match="too full"):
        backend.ensure(world.plan())
    assert world.calls == []


def test_what_does_not_run_is_not_switched_to(world: World) -> None:
    install.run(PROJECT, install.Wishes(without_diffusion=True))
    before = paths.installation_file().read_bytes()
    world.breaks_at = "try"
    with pytest.raises(InstallerError):
        install.run(PROJECT, install.Wishes(device="cpu"))
    assert paths.installation_file().read_bytes() == before
    assert Path(json.loads(before)["python"]).exists()
    world.breaks_at = ""
    install.run(PROJECT, install.Wishes(device="cpu"))
    noted = record.read()
    assert noted is not None
    assert noted.device == "cpu"
    assert noted.krita_profiles == [world.profile]
    assert len(backend.environments()) == 1, "the old one is gone once the new one is in use"


def test_a_folder_in_the_backends_place_that_is_not_ours_stays(world: World) -> None:
    theirs = world.home / "backend" / "theirs"
    theirs.mkdir(parents=True)
    install.run(PROJECT, install.Wishes(without_diffusion=True))
    assert theirs.exists()


def test_uninstall_leaves_nothing_behind(world: World, tmp_path: Path) -> None:
    before = set(tmp_path.rglob("*"))
    install.run(PROJECT, install.Wishes(without_diffusion=True))
    for folder in (
        paths.store_folder(),
        paths.pending_folder(),
        paths.log_folder(),
        paths.models_folder() / "lvcd",
    ):
        folder.mkdir(parents=True)
        (folder / "file").write_text("")
    paths.journal_file().write_text("")
    assert uninstall.run() == []
    left = set(tmp_path.rglob("*")) - before
    assert {path for path in left if path != world.profile.kritarc.parent} == set()


def test_uninstall_keeps_what_keycel_does_not_know_and_what_is_linked(world: World, tmp_path: Path) -> None:
    install.run(PROJECT, install.Wishes(without_diffusion=True))
    weights = tmp_path / "elsewhere"
    weights.mkdir()
    (weights / "huge.safetensors").write_text("")
    paths.models_folder().mkdir()
    (paths.models_folder() / "lvcd").symlink_to(weights)
    notes = world.home / "notes.txt"
    notes.write_text("mine")
    assert uninstall.run() == [notes]
    assert (weights / "huge.safetensors").exists()


@pytest.mark.usefixtures("world")
def test_uninstall_can_leave_the_models() -> None:
    install.run(PROJECT, install.Wishes(without_diffusion=True))
    paths.models_folder().mkdir()
    assert uninstall.run(keep_models=True) == [paths.models_folder()]


@pytest.mark.usefixtures("world")
def test_uninstall_takes_the_sandboxs_backend_along(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install.run(PROJECT, install.Wishes(without_diffusion=True))
    inside = tmp_path / "sandbox" / "data" / "keycel"
    monkeypatch.setenv("KEYCEL_HOME", str(inside))
    install.run(PROJECT, install.Wishes(without_diffusion=True))
    (inside / "theirs").write_text("")
    monkeypatch.setenv("KEYCEL_HOME", str(world.home))
    monkeypatch.setattr(kritas, "sandbox_homes", lambda: [inside])
    assert uninstall.run() == [inside / "theirs"]
    assert list(inside.iterdir()) == [inside / "theirs"]
    assert not world.home.exists()
    assert paths.home() == world.home


def test_uninstall_waits_for_krita_to_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    install.run(PROJECT, install.Wishes(without_diffusion=True))
    monkeypatch.setattr(kritas, "running", lambda: True)
    with pytest.raises(InstallerError, match="Krita is open"):
        uninstall.run()
    assert paths.installation_file().exists()
