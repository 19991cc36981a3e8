"""The installer's parts that need no network and no root."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from keycel_installer import environment, krita_plugin, packages, system_packages
from keycel_installer.command import main
from keycel_installer.errors import InstallerError

PROJECT = Path(__file__).resolve().parents[2]


def test_enabling_keeps_every_other_setting(tmp_path: Path) -> None:
    kritarc = tmp_path / "kritarc"
    kritarc.write_text(
        "AutoSaveInterval=0\n\n[python]\nenable_other=true\nenable_keycel_plugin=false\n\n[theme]\nTheme=Dark\n"
    )
    krita_plugin.enable(kritarc)
    assert kritarc.read_text() == (
        "AutoSaveInterval=0\n\n[python]\nenable_keycel_plugin=true\nenable_other=true\n\n[theme]\nTheme=Dark\n"
    )
    krita_plugin.enable(kritarc)
    assert kritarc.read_text().count("enable_keycel_plugin") == 1


def test_enabling_writes_a_new_kritarc(tmp_path: Path) -> None:
    krita_plugin.enable(tmp_path / "config" / "kritarc")
    assert (tmp_path / "config" / "kritarc").read_text() == "[python]\nenable_keycel_plugin=true\n"


def test_installing_twice_replaces_the_copy_whole(tmp_path: Path) -> None:
    profile = krita_plugin.KritaProfile(tmp_path / "krita", tmp_path / "kritarc")
    krita_plugin.install(PROJECT, profile)
    left_over = tmp_path / "krita" / "pykrita" / "keycel_plugin" / "old_module.py"
    left_over.write_text("")
    foreign = tmp_path / "krita" / "pykrita" / "another_plugin"
    foreign.mkdir()
    krita_plugin.install(PROJECT, profile)
    assert not left_over.exists()
    assert foreign.is_dir()
    scripts = tmp_path / "krita" / "pykrita"
    assert (scripts / "keycel_plugin" / "__init__.py").exists()
    carried = scripts / "keycel_plugin" / krita_plugin.CARRIED
    assert (carried / "shared" / "keycel_shared" / "session.py").exists()
    assert (carried / "installer" / "__main__.py").exists()
    assert "X-KDE-Library=keycel_plugin" in (scripts / "keycel_plugin.desktop").read_text().splitlines()
    assert (tmp_path / "krita" / "actions" / "keycel_plugin.action").exists()


def test_environment_is_reused_until_the_project_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text("one")
    calls: list[list[str]] = []
    python = tmp_path / ".venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    def create(_: Path) -> None:
        python.parent.mkdir(parents=True)
        python.write_text("")

    monkeypatch.setattr(packages, "create", create)
    monkeypatch.setattr(packages, "works", lambda _: python.exists())
    monkeypatch.setattr(packages, "pip", lambda _, arguments: calls.append(list(arguments)))
    assert environment.ensure(tmp_path, extras=("dev",)) == python
    environment.ensure(tmp_path, extras=())
    assert len(calls) == 1, "what is installed covers a smaller wish"
    (tmp_path / "pyproject.toml").write_text("two")
    environment.ensure(tmp_path, extras=())
    assert calls[1][-1].endswith("[dev]"), "an upgrade keeps what was there"


def test_a_damaged_stamp_means_install_again(tmp_path: Path) -> None:
    stamp = tmp_path / "stamp"
    for text in ("", "[]", "{", json.dumps({"source": "x"})):
        stamp.write_text(text)
        assert environment._read_stamp(stamp) == ("", set())


def test_failed_pip_is_a_plain_sentence(tmp_path: Path) -> None:
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho no route to host >&2\nexit 1\n")
    fake.chmod(0o755)
    with pytest.raises(InstallerError) as failure:
        packages.pip(fake, ["install", "anything"])
    assert "internet" in failure.value.remedy
    assert "no route to host" in failure.value.detail


def test_missing_system_packages_are_named_to_those_who_may_not_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(system_packages, "missing", list)
    monkeypatch.setattr(system_packages, "can_install", lambda: False)
    with pytest.raises(InstallerError) as failure:
        system_packages.install(["krita", "xvfb"], "tests")
    assert "apt-get install krita xvfb" in failure.value.remedy


def test_errors_reach_the_user_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> Path:
        raise InstallerError("It did not work.", "Do this.", "detail")

    monkeypatch.setattr(environment, "ensure", fail)
    assert main(["demo"]) == 2
    assert capsys.readouterr().err == "\nIt did not work.\nDo this.\n(detail)\n"


def test_installer_needs_only_the_standard_library() -> None:
    command = [sys.executable, "-I", "-S", str(PROJECT / "installer"), "--help"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    assert "demo" in outcome.stdout
