"""pyzmq for the Python inside Krita: fetched for every ABI in the field, checked, unpacked.

Krita's own Python often has no pyzmq, and nothing may be installed into it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from keycel_shared.setup_report import Trouble

from . import packages
from .errors import InstallerError
from .machine import Machine

TABLE = Path(__file__).with_name("wheels.json")
STAMP = "keycel-stamp"


def fill(folder: Path, machine: Machine, python: Path, bundled: Path | None = None) -> None:
    """Make `folder`/cp310 and so on hold pyzmq. What is there in the right version stays.

    python: one with pip, to fetch with. bundled: a folder of wheels to take instead of fetching.

    Raises:
        InstallerError: a wheel could not be fetched, or is not the one that was tested.
    """
    table = json.loads(TABLE.read_text("utf-8"))
    for abi, wheel in wheels_for(machine).items():
        target = folder / abi
        stamp = target / STAMP
        if stamp.exists() and stamp.read_text("utf-8") == wheel["sha256"]:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            path = _bundled(bundled, wheel["file"])
            if path is None:
                print(f"Fetching {table['package']} for Krita's Python ({abi}) ...", flush=True)
                path = fetch(table["package"], abi, wheel["file"], python, Path(scratch))
            check(path, wheel["sha256"])
            _unpack(path, target)
        stamp.write_text(wheel["sha256"], "utf-8")


def wheels_for(machine: Machine) -> dict[str, dict[str, str]]:
    """ABI to file and sha256; empty where no wheels exist (the bridge through the backend serves there)."""
    table: dict[str, Any] = json.loads(TABLE.read_text("utf-8"))["wheels"]
    found = table.get(machine.system) or table.get(f"{machine.system}-{machine.architecture}")
    return found or {}


def fetch(package: str, abi: str, file: str, python: Path, folder: Path) -> Path:
    """Download one wheel with pip, for any system; returns its path in `folder`. Raises InstallerError."""
    tags = file.removesuffix(".whl").split("-")[-1].split(".")
    choice = [f"--platform={tag}" for tag in tags]
    version = f"{abi[2]}.{abi[3:]}"
    options = ["--quiet", "--no-deps", "--only-binary=:all:", f"--python-version={version}", *choice]
    packages.pip(python, ["download", *options, "--dest", str(folder), package])
    found = folder / file
    if not found.exists():
        raise InstallerError(
            f"The package index offers another build of {package} than the tested one.",
            "Get the newest Keycel, then run this again.",
            ", ".join(path.name for path in folder.iterdir()),
            Trouble.OTHER_FILE,
        )
    return found


def _bundled(folder: Path | None, file: str) -> Path | None:
    path = folder / file if folder is not None else None
    return path if path is not None and path.exists() else None


def check(path: Path, expected: str) -> None:
    """Raises InstallerError unless the file has this sha256."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise InstallerError(
            f"{path.name} is not the file that was tested, and is not used.",
            "Run this again; if it stays so, somebody changes downloads on the way to you.",
            f"sha256 {found}, expected {expected}",
            Trouble.OTHER_FILE,
        )


def _unpack(wheel: Path, target: Path) -> None:
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(fresh)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
