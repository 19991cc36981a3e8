"""The project's own rules, kept by machine: layout, module sizes, linters, documented errors."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from keycel_shared.errors import ErrorCode
from keycel_shared.version import VERSION

PROJECT = Path(__file__).resolve().parents[2]
GENERATED = {".git", ".cache", "out", "build", "dist", "__pycache__", "keycel.egg-info"}
FOLDERS = {"plugin", "backend", "shared", "installer", "tests", "docs"}
FILES = {"README.md", "pyproject.toml", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"}


def tracked_files() -> list[Path]:
    """Files of the project: as git knows them, else (an unpacked archive) all but what we generate."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if shutil.which("git") and (PROJECT / ".git").exists():
        listing = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
        names = filter(None, listing.stdout.split("\0"))
        return [Path(name) for name in names if (PROJECT / name).exists()]
    found = [path.relative_to(PROJECT) for path in PROJECT.rglob("*") if path.is_file()]
    return [path for path in found if not GENERATED.intersection(path.parts) and path.parts[0] != ".venv"]


def run_tool(*command: str) -> None:
    tool = shutil.which(command[0], path=str(Path(sys.executable).parent))
    assert tool is not None, f"{command[0]} is not installed"
    packages = os.pathsep.join(str(PROJECT / folder) for folder in ("plugin", "installer"))
    environment = {**os.environ, "PYTHONPATH": packages}
    arguments = [tool, *command[1:]]
    outcome = subprocess.run(
        arguments, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_nothing_unexpected_at_the_top_level() -> None:
    top = {path.parts[0] for path in tracked_files()}
    assert {name for name in top if not name.startswith(".")} <= FOLDERS | FILES


def test_modules_stay_small() -> None:
    modules = [path for path in tracked_files() if path.suffix == ".py"]
    assert len(modules) > 50
    lengths = {str(path): len((PROJECT / path).read_text("utf-8").splitlines()) for path in modules}
    assert {name: length for name, length in lengths.items() if length > 500} == {}


def test_version_is_the_same_everywhere() -> None:
    project = (PROJECT / "pyproject.toml").read_text("utf-8")
    assert re.search(rf'^version = "{re.escape(VERSION)}"$', project, re.MULTILINE)
    assert f"## {VERSION}" in (PROJECT / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.parametrize("code", list(ErrorCode), ids=lambda code: code.value)
def test_every_error_is_documented_and_provoked(code: ErrorCode) -> None:
    assert f"## {code.value}\n" in (PROJECT / "docs" / "errors.md").read_text("utf-8")
    tests = [PROJECT / path for path in tracked_files() if path.parts[0] == "tests" and path.suffix == ".py"]
    assert any(code.value in test.read_text("utf-8") for test in tests), "no test provokes it"


def test_only_the_host_package_imports_krita_and_only_qt_names_the_binding() -> None:
    for path in tracked_files():
        if path.parts[:2] != ("plugin", "keycel_plugin") or path.suffix != ".py":
            continue
        source = (PROJECT / path).read_text("utf-8")
        if "host" not in path.parts:
            assert not re.search(r"^\s*(from|import) krita\b", source, re.MULTILINE), path
        if path.name != "qt.py":
            assert not re.search(r"^\s*(from|import) PyQt", source, re.MULTILINE), path


def test_ruff() -> None:
    run_tool("ruff", "check", ".")
    run_tool("ruff", "format", "--check", ".")


def test_import_contracts() -> None:
    run_tool("lint-imports")


@pytest.mark.timeout(600)
def test_pyright() -> None:
    run_tool("pyright")
