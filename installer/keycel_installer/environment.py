"""The checkout's own Python environment, `.venv`, for demo and tests: made once and reused."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from . import packages


def ensure(project: Path, extras: Sequence[str]) -> Path:
    """Path of the environment's Python, with the project and at least `extras` installed.

    Does nothing when an earlier run already installed them from the same pyproject.toml.

    Raises:
        InstallerError: no venv module, or pip failed; both with a remedy.
    """
    folder = project / ".venv"
    python = packages.python_of(folder)
    stamp = folder / "keycel-stamp"
    source, installed = _read_stamp(stamp)
    wanted = {*extras, *installed}
    if source == _fingerprint(project) and wanted == installed and python.exists():
        return python
    if not packages.works(folder):
        packages.create(folder)
    stamp.unlink(missing_ok=True)
    target = f"{project}[{','.join(sorted(wanted))}]" if wanted else str(project)
    print("Installing the backend's packages into .venv (once; about 200 MB) ...", flush=True)
    packages.pip(python, ["install", "--quiet", "--editable", target])
    stamp.write_text(json.dumps({"source": _fingerprint(project), "extras": sorted(wanted)}))
    return python


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
