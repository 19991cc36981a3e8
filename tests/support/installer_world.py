"""A machine for the installer on which nothing is fetched: environments are small folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from keycel_installer import backend, krita_plugin, kritas, machine, packages, plugin_wheels
from keycel_installer.builds import Build
from keycel_installer.errors import InstallerError

MACHINE = machine.Machine("linux", "x86_64", (3, 11))
CUDA = Build(
    "cuda", "torch==1+cu1", "https://index/cu1", 10, False, "onnxruntime-gpu==1", "onnxruntime", None, ()
)


class World:
    """Everything outside replaced: what would be installed is noted, environments are small folders."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = tmp_path / "home"
        self.calls: list[str] = []
        self.breaks_at = ""
        self.talkative = False
        """Whether pip was last asked to tell what it fetches."""
        monkeypatch.setenv("KEYCEL_HOME", str(self.home))
        monkeypatch.setattr(packages, "create", self._create)
        monkeypatch.setattr(packages, "install", self._install)
        monkeypatch.setattr(packages, "pip", lambda _, arguments: self._note(" ".join(arguments[:2])))
        monkeypatch.setattr(backend, "_try", lambda *_: self._note("try"))
        monkeypatch.setattr(plugin_wheels, "fill", self._fill)
        monkeypatch.setattr(machine, "look", lambda: MACHINE)
        monkeypatch.setattr(kritas, "running", lambda: False)
        monkeypatch.setattr(kritas, "find", list)
        self.profile = krita_plugin.KritaProfile(tmp_path / "krita", tmp_path / "config" / "kritarc")
        monkeypatch.setattr(kritas, "profiles", lambda: [self.profile])
        self.project = tmp_path / "project"
        for name in backend.SOURCES:
            (self.project / name).parent.mkdir(parents=True, exist_ok=True)
            (self.project / name).write_text("one")

    def _note(self, what: str) -> None:
        self.calls.append(what)
        if what == self.breaks_at:
            raise InstallerError("No connection.", "Plug it in.")

    def _create(self, folder: Path) -> None:
        self._note("create")
        python = packages.python_of(folder)
        python.parent.mkdir(parents=True)
        python.write_text("")

    def _install(
        self, _: Path, requirements: Sequence[str], index: str = "", talkative: bool = False
    ) -> None:
        self.talkative = talkative
        first = requirements[0]
        self._note("keycel" if "/keycel" in first else f"{first} {index}".strip())

    def _fill(self, folder: Path, *_: object) -> None:
        (folder / "cp311" / "zmq").mkdir(parents=True, exist_ok=True)
        (folder / "cp311" / plugin_wheels.STAMP).write_text("x")

    def plan(self, build: Build | None = None) -> backend.Plan:
        return backend.Plan(self.project, build, (3, 11))
