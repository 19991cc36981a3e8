"""Python environments and the packages in them: with uv where it is installed, else with venv and pip."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from keycel_shared.setup_report import Trouble

from . import system_packages
from .errors import InstallerError


def python_of(environment: Path) -> Path:
    """The Python inside an environment."""
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def create(environment: Path) -> None:
    """A new environment in place of whatever lies there.

    Raises:
        InstallerError: no way to make one, or the folder cannot be written.
    """
    print(f"Creating {environment} ...", flush=True)
    shutil.rmtree(environment, ignore_errors=True)
    uv = shutil.which("uv")
    if uv is not None and _made_by_uv(uv, environment):
        return
    if importlib.util.find_spec("ensurepip") is None:
        # Debian and Ubuntu leave it out of their Python.
        version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        try:
            system_packages.install([version], purpose="creating Python environments")
        except InstallerError as error:
            error.trouble = Trouble.NO_VENV
            raise
    try:
        _make(environment)
    except (OSError, subprocess.CalledProcessError) as error:
        raise InstallerError(
            "The Python environment could not be created.",
            f"Check that {environment.parent} can be written and has 1 GB free, then run this again.",
            str(error),
            Trouble.ENVIRONMENT,
        ) from error


def works(environment: Path) -> bool:
    """Whether packages can be installed into it: a break can leave half an environment."""
    python = python_of(environment)
    if not python.exists():
        return False
    command = [str(python), "-m", "pip", "--version"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def can_make_environments() -> bool:
    """Whether this Python can, or uv does it."""
    return shutil.which("uv") is not None or importlib.util.find_spec("ensurepip") is not None


def pip(python: Path, arguments: Sequence[str], talkative: bool = False) -> None:
    """Run pip; `talkative`: it says on our standard output what it fetches.

    Raises:
        InstallerError: it failed; the end of what it said is the detail.
    """
    command = [str(python), "-m", "pip", "--disable-pip-version-check", *arguments]
    output = None if talkative else subprocess.DEVNULL
    outcome = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, text=True, check=False)
    if outcome.returncode != 0:
        raise InstallerError(
            "Python packages could not be installed.",
            "Check the internet connection and the free disk space, then run this again.",
            outcome.stderr.strip()[-2000:],
            Trouble.PACKAGES,
        )


def install(environment: Path, requirements: Sequence[str], index: str = "", talkative: bool = False) -> None:
    """Install packages; `index` is one to search beside the usual ones; `talkative` as for `pip`.

    uv is much faster, but does not read pip's settings: if it fails, pip has its turn.

    Raises:
        InstallerError: pip failed.
    """
    python = python_of(environment)
    extra = ["--extra-index-url", index] if index else []
    uv = shutil.which("uv")
    if uv is not None:
        # pip looks for the best version in all indexes, too; without it uv stops at the first.
        strategy = ["--index-strategy", "unsafe-best-match"] if index else []
        command = [uv, "pip", "install", "--python", str(python), *extra, *strategy, *requirements]
        output = None if talkative else subprocess.DEVNULL
        if subprocess.run(command, stdout=output, stderr=output, check=False).returncode == 0:
            return
    pip(python, ["install", *extra, *requirements], talkative)


def _make(environment: Path) -> None:
    """With venv alone. The Python of Flatpak's runtimes cannot put pip in at once, but can afterwards."""
    linked = os.name != "nt"
    try:
        venv.EnvBuilder(with_pip=True, symlinks=linked).create(environment)
    except subprocess.CalledProcessError:
        venv.EnvBuilder(with_pip=False, symlinks=linked, clear=True).create(environment)
        command = [str(python_of(environment)), "-m", "ensurepip", "--default-pip", "--upgrade"]
        subprocess.run(command, capture_output=True, check=True)


def _made_by_uv(uv: str, environment: Path) -> bool:
    command = [uv, "venv", "--quiet", "--seed", "--python", sys.executable, str(environment)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
