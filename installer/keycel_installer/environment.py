"""The backend's Python environment: `.venv` in the checkout, made once and reused."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from . import system_packages
from .errors import InstallerError

PYZMQ = "pyzmq==27.3.0"
"""Exact: the plugin loads this build inside Krita, where nothing else may have been tested."""

KRITA_PYTHONS = ("3.10", "3.11", "3.12")
"""Pythons of Krita builds in the field. The wheel for 3.12 is abi3 and serves every later one."""


def ensure(project: Path, extras: Sequence[str]) -> Path:
    """Path of the environment's Python, with the project and at least `extras` installed.

    Does nothing when an earlier run already installed them from the same pyproject.toml.

    Raises:
        InstallerError: no venv module, or pip failed; both with a remedy.
    """
    folder = project / ".venv"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    stamp = folder / "keycel-stamp"
    source, installed = _read_stamp(stamp)
    wanted = {*extras, *installed}
    if source == _fingerprint(project) and wanted == installed and python.exists():
        return python
    if not _has_pip(python):
        _create(folder)
    stamp.unlink(missing_ok=True)
    target = f"{project}[{','.join(sorted(wanted))}]" if wanted else str(project)
    print("Installing the backend's packages into .venv (once; about 200 MB) ...", flush=True)
    _pip(python, ["install", "--quiet", "--editable", target])
    stamp.write_text(json.dumps({"source": _fingerprint(project), "extras": sorted(wanted)}))
    return python


def vendor_pyzmq(python: Path) -> Path:
    """pyzmq builds for the Pythons inside Krita, in the user's Keycel folder; returns that folder.

    Krita's own Python often has no pyzmq, and nothing may be installed into it.
    """
    folder = _keycel_home(python) / "vendor"
    for version in KRITA_PYTHONS:
        target = folder / ("cp" + version.replace(".", ""))
        stamp = target / "keycel-stamp"
        if stamp.exists() and stamp.read_text() == PYZMQ:
            continue
        shutil.rmtree(target, ignore_errors=True)
        print(f"Fetching {PYZMQ} for Krita's Python {version} ...", flush=True)
        choice = ["--python-version", version, "--only-binary=:all:", "--no-deps", "--target", str(target)]
        _pip(python, ["install", "--quiet", *choice, PYZMQ])
        stamp.write_text(PYZMQ)
    return folder


def register_backend(python: Path) -> Path:
    """Tell the plugin which Python runs the backend; returns the record's path."""
    record = _keycel_home(python) / "installation.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps({"python": str(python)}), "utf-8")
    return record


def _keycel_home(python: Path) -> Path:
    """Asked of the installed package, so that the rule exists once."""
    code = "from keycel_shared import paths; print(paths.home())"
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return Path(answer.stdout.strip())


def _read_stamp(stamp: Path) -> tuple[str, set[str]]:
    """What is installed: the source's fingerprint and the extras; nothing if unknown."""
    try:
        content = json.loads(stamp.read_text())
        return content["source"], set(content["extras"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", set()


def _fingerprint(project: Path) -> str:
    # Not sys.version: a security update of the system's Python needs no new environment.
    python = ".".join(map(str, sys.version_info[:2]))
    facts = [python, str(project), (project / "pyproject.toml").read_text("utf-8")]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _has_pip(python: Path) -> bool:
    if not python.exists():
        return False
    return (
        subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
    )


def _create(folder: Path) -> None:
    if importlib.util.find_spec("ensurepip") is None:
        # Debian and Ubuntu leave it out of their Python.
        version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        system_packages.install([version], purpose="creating Python environments")
    print(f"Creating {folder} ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        venv.EnvBuilder(with_pip=True, symlinks=os.name != "nt").create(folder)
    except (OSError, subprocess.CalledProcessError) as error:
        raise InstallerError(
            "The Python environment could not be created.",
            f"Check that {folder.parent} can be written and has 1 GB free, then run this again.",
            str(error),
        ) from error


def _pip(python: Path, arguments: Sequence[str]) -> None:
    command = [python, "-m", "pip", "--disable-pip-version-check", *arguments]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        raise InstallerError(
            "Python packages could not be installed.",
            "Check the internet connection and the free disk space, then run this again.",
            outcome.stderr.strip()[-2000:],
        )
