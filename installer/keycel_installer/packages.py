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
        system_packages.install([version], purpose="creating Python environments")
    try:
        venv.EnvBuilder(with_pip=True, symlinks=os.name != "nt").create(environment)
    except (OSError, subprocess.CalledProcessError) as error:
        raise InstallerError(
            "The Python environment could not be created.",
            f"Check that {environment.parent} can be written and has 1 GB free, then run this again.",
            str(error),
        ) from error


def works(environment: Path) -> bool:
    """Whether packages can be installed into it: a break can leave half an environment."""
    python = python_of(environment)
    if not python.exists():
        return False
    command = [str(python), "-m", "pip", "--version"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def pip(python: Path, arguments: Sequence[str]) -> None:
    """Run pip.

    Raises:
        InstallerError: it failed; the end of what it said is the detail.
    """
    command = [str(python), "-m", "pip", "--disable-pip-version-check", *arguments]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        raise InstallerError(
            "Python packages could not be installed.",
            "Check the internet connection and the free disk space, then run this again.",
            outcome.stderr.strip()[-2000:],
        )


def install(environment: Path, requirements: Sequence[str], index: str = "") -> None:
    """Install packages; `index` is one to search beside the usual ones.

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
        command = [uv, "pip", "install", "--quiet", "--python", str(python), *extra, *strategy]
        if subprocess.run([*command, *requirements], capture_output=True, check=False).returncode == 0:
            return
    pip(python, ["install", "--quiet", *extra, *requirements])


def _made_by_uv(uv: str, environment: Path) -> bool:
    command = [uv, "venv", "--quiet", "--seed", "--python", sys.executable, str(environment)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
