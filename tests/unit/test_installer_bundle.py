"""The files of a release: complete, and the same bytes whenever and wherever they are made."""

from __future__ import annotations

import os
import time
import zipfile
from pathlib import Path

from keycel_installer import bundle, krita_plugin

PROJECT = Path(__file__).resolve().parents[2]


def test_the_plugin_zip_is_what_kritas_importer_wants(tmp_path: Path) -> None:
    path = bundle.write_archive(tmp_path / "plugin.zip", bundle.plugin_entries(PROJECT))
    names = zipfile.ZipFile(path).namelist()
    assert {"keycel_plugin.desktop", "keycel_plugin/", "keycel_plugin/__init__.py"} <= set(names)
    assert "actions/keycel_plugin.action" in names
    carried = f"keycel_plugin/{krita_plugin.CARRIED}"
    assert f"{carried}/shared/keycel_shared/wire.py" in names
    assert {f"{carried}/installer/__main__.py", f"{carried}/pyproject.toml"} <= set(names)
    assert f"{carried}/backend/keycel_backend/cli.py" in names, "the setup page installs the backend from it"
    assert f"keycel_plugin/{krita_plugin.OWN}" in names
    assert not [name for name in names if "__pycache__" in name]


def test_the_same_bytes_twice(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("b", "a"):
        (folder / name).write_text(name)
    first = bundle.write_archive(tmp_path / "1.zip", bundle.tree(folder, "x/")).read_bytes()
    os.utime(folder / "a", (time.time() - 9999, time.time() - 9999))
    (folder / "a").chmod(0o600)
    assert bundle.write_archive(tmp_path / "2.zip", bundle.tree(folder, "x/")).read_bytes() == first
    (folder / "a").write_text("other")
    assert bundle.write_archive(tmp_path / "3.zip", bundle.tree(folder, "x/")).read_bytes() != first


def test_the_project_zip_can_be_installed_from(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "some.whl").write_bytes(b"wheel")
    names = {name for name, _ in bundle.project_entries(PROJECT, wheels)}
    top = next(iter(names)).partition("/")[0]
    for name in (
        "pyproject.toml",
        "installer/__main__.py",
        "shared/keycel_shared/paths.py",
        "wheels/some.whl",
    ):
        assert f"{top}/{name}" in names
    assert f"{top}/plugin/keycel_plugin/__init__.py" in names
    assert not any(name.startswith(f"{top}/tests") for name in names)
