"""Which tests `installer test` runs, and how the root with another Krita comes about. No network, no root."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from keycel_installer import environment, krita_root, plugin_wheels, suite, system_packages
from keycel_installer.errors import InstallerError

Commands = list[list[str]]
NO_NETWORK = InstallerError("It could not be made.", "Plug in the cable.", "timeout")


class Suite:
    """`suite.run` with everything outside replaced; `codes` are pytest's: of all others, Krita, Krita 6."""

    def __init__(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project = project
        self.root: Path | InstallerError = project / "root"
        self.codes = [0, 0, 0]
        self.calls: list[list[str]] = []
        self.in_krita: list[tuple[list[str], str]] = []
        self.folders: list[Path] = []
        monkeypatch.setenv("KEYCEL_HOME", "replaced, and put back by monkeypatch")
        monkeypatch.setenv("CI", "true")
        monkeypatch.delenv(suite.ROOT_SETTING, raising=False)
        monkeypatch.setattr(environment, "ensure", lambda *_, **__: Path("python"))
        monkeypatch.setattr(plugin_wheels, "fill", lambda *_: None)
        monkeypatch.setattr(suite, "_prepare_krita", lambda: None)
        monkeypatch.setattr(os, "cpu_count", lambda: 1)
        monkeypatch.setattr(suite, "_call", self._call)
        monkeypatch.setattr(suite, "_captured", self._captured)
        monkeypatch.setattr(krita_root, "ensure", self._ensure)

    def _call(self, command: Sequence[str], _: Path, __: dict[str, str]) -> int:
        self.calls.append(list(command[3:]))
        return self.codes[0]

    def _captured(self, command: Sequence[str], _: Path, settings: dict[str, str]) -> tuple[int, str]:
        assert threading.current_thread() is not threading.main_thread(), "it must not hold up the tests"
        self.in_krita.append((list(command[3:]), settings.get(suite.ROOT_SETTING, "")))
        return self.codes[len(self.in_krita)], f"summary {len(self.in_krita)}"

    def _ensure(self, folder: Path) -> Path:
        assert threading.current_thread() is not threading.main_thread(), "it must not hold up the tests"
        self.folders.append(folder)
        if isinstance(self.root, InstallerError):
            raise self.root
        return self.root

    def run(self, *arguments: str) -> int:
        return suite.run(self.project, arguments)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    return Suite(tmp_path, monkeypatch)


def test_ci_runs_everything_and_beside_it_both_kritas(
    world: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.run() == 0
    folder = world.project / ".cache" / "krita-roots" / "krita-6"
    assert world.folders == [folder]
    assert world.calls == [["--ignore=tests/krita"]]
    assert world.in_krita == [(["tests/krita"], ""), (["tests/krita"], str(folder))]
    said = capsys.readouterr().out
    assert said.index("summary 1") < said.index("Krita 6 (") < said.index("summary 2")


@pytest.mark.parametrize(
    ("codes", "expected"), [([1, 0, 0], 1), ([0, 1, 0], 1), ([0, 0, 3], 3), ([2, 1, 1], 1), ([0, 0, 0], 0)]
)
def test_a_failure_anywhere_counts(world: Suite, codes: list[int], expected: int) -> None:
    world.codes = codes
    assert world.run() == expected
    assert len(world.in_krita) == 2


def test_where_there_is_no_krita_6_it_says_so_and_the_rest_decides(
    world: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    world.root = NO_NETWORK
    world.codes = [3, 0, 0]
    assert world.run() == 3
    assert len(world.in_krita) == 1
    assert "Krita 6: NOT RUN (It could not be made. Plug in the cable.)" in capsys.readouterr().out


def test_only_ci_runs_krita_6_and_only_with_everything(world: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run("tests/unit")
    monkeypatch.setenv(suite.ROOT_SETTING, "/a/root")
    world.run()
    monkeypatch.delenv(suite.ROOT_SETTING)
    monkeypatch.setenv("CI", "")
    world.run()
    assert world.calls == [["tests/unit"], [], []]
    assert world.in_krita == []
    assert world.folders == []


def test_on_two_cores_everything_runs_side_by_side(world: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    world.run()
    monkeypatch.setenv("CI", "")
    world.run()
    world.run("tests/unit")
    beside = ["-n", "2", "--dist", "loadgroup"]
    assert world.calls == [[*beside, "--ignore=tests/krita"], beside, ["tests/unit"]]


# ---------------------------------------------------------------------------- the root


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """What is run, without running it; debootstrap leaves the folders that a Debian has."""
    ran: Commands = []

    def run(command: Sequence[str]) -> None:
        ran.append(list(command))
        if command[0] == "debootstrap":
            for name in ("etc/apt/apt.conf.d", "etc/apt/sources.list.d", "usr/sbin"):
                (tmp_path / "krita-6.partial" / name).mkdir(parents=True)

    monkeypatch.setattr(krita_root, "_run", run)
    monkeypatch.setattr(krita_root, "can_make", lambda: True)
    monkeypatch.setattr(system_packages, "install", lambda *_, **__: None)
    return ran


def test_a_root_is_made_once_and_whole(commands: Commands, tmp_path: Path) -> None:
    folder = tmp_path / "krita-6"
    assert krita_root.ensure(folder) == folder
    assert [command[0] for command in commands] == ["debootstrap", "unshare", "unshare", "unshare"]
    assert commands[0][3:5] == ["sid", f"{folder}.partial"]
    assert [command[-1] for command in commands[1:]] == ["-q", "libgl1-mesa-dri", "clean"]
    assert (folder / "etc" / "apt" / "sources.list.d" / "experimental.list").read_text() == (
        "deb http://deb.debian.org/debian experimental main\n"
    )
    assert (folder / "usr" / "sbin" / "policy-rc.d").stat().st_mode & 0o111, "no service may start"
    commands.clear()
    assert krita_root.ensure(folder) == folder
    assert commands == []


def test_a_root_that_could_not_be_finished_is_taken_away(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(root: Path, command: Sequence[str]) -> None:
        assert root.exists()
        raise krita_root._failed(" ".join(command))  # pyright: ignore[reportPrivateUsage]

    monkeypatch.setattr(krita_root, "_run_inside", fail)
    with pytest.raises(InstallerError) as caught:
        krita_root.ensure(tmp_path / "krita-6")
    assert caught.value.detail == "apt-get update -q"
    assert list(tmp_path.iterdir()) == []
    assert len(commands) == 1


def test_who_may_not_make_one_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(krita_root, "can_make", lambda: False)
    with pytest.raises(InstallerError, match="root on Debian"):
        krita_root.ensure(tmp_path / "krita-6")


def test_a_failed_command_is_told_with_its_output() -> None:
    with pytest.raises(InstallerError) as caught:
        krita_root._run(["sh", "-c", "echo no room >&2; exit 3"])  # pyright: ignore[reportPrivateUsage]
    assert caught.value.detail == "no room"
