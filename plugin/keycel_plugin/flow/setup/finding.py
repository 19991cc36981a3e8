"""Backends that are there already, and Pythons that could install one."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from keycel_plugin.flow.setup.child import answer, existing, search_path
from keycel_plugin.state.setup import FoundBackend
from keycel_shared import paths
from keycel_shared.schema import SchemaError, from_json
from keycel_shared.setup_report import SetupPlan
from keycel_shared.version import PROTOCOL

CARRIED = Path(__file__).parents[2] / "carried"
"""The project as it came with the plugin; see ADR 13."""

_PYTHONS = ("python3.12", "python3.13", "python3.11", "python3.10", "python3.14", "python3", "python")
_ASK_BACKEND = (
    "import json, keycel_backend.cli; from keycel_shared.version import PROTOCOL, VERSION;"
    "print(json.dumps([VERSION, PROTOCOL]))"
)


async def ask_backend(python: str) -> FoundBackend | None:
    """What backend this Python has; None without one."""
    told = await answer([python, "-I", "-c", _ASK_BACKEND])
    try:
        version, protocol = json.loads(told or "")
    except (ValueError, TypeError):
        return None
    return FoundBackend(python, str(version), protocol == PROTOCOL)


async def find_backends() -> tuple[FoundBackend, ...]:
    """Whole environments in Keycel's own folder, also those that no record names (any more)."""
    found = [await ask_backend(python) for python in pythons_in(paths.home())]
    return tuple(backend for backend in found if backend is not None)


def pythons_in(place: Path) -> list[str]:
    """Pythons that an artist may mean by this: a Python, an environment, a checkout, Keycel's folder."""
    if place.is_file():
        return [str(place)]
    environments = [place, place / ".venv", place / "venv", *sorted(place.glob("backend/*"))]
    inside = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
    return existing([environment / inside for environment in environments])


def use_backend(backend: FoundBackend) -> None:
    """From now on this one is started; what else the record says stays.

    Raises:
        OSError: the record cannot be written.
    """
    record = paths.installation_file()
    try:
        noted = json.loads(record.read_text("utf-8"))
        known = noted if isinstance(noted, dict) else {}
    except (OSError, ValueError):
        known = {}
    text = json.dumps({**known, "python": backend.python, "version": backend.version}, indent=1)
    paths.write_private_file(record, text.encode())


async def find_plan() -> tuple[str, SetupPlan | None]:
    """The Python to install with and what that would take; a plan with a trouble if none is able."""
    best: tuple[str, SetupPlan | None] = ("", None)
    for python in installing_pythons():
        told = await answer([python, "-I", "-B", str(CARRIED / "installer"), "install", "--plan"])
        try:
            plan = from_json(SetupPlan, json.loads(told or ""), "plan")
        except (SchemaError, ValueError):
            continue
        if plan.trouble is None:
            return python, plan
        if best[1] is None:
            best = python, plan
    return best


def installing_pythons() -> list[str]:
    """Pythons of the system, newest habits first; never Krita's own.

    An environment leans on the Python that made it: one inside an AppImage is gone when Krita ends, one that
    came with Krita is exchanged with it.
    """
    own = [Path(os.environ[name]) for name in ("APPDIR",) if os.environ.get(name)]
    own += [Path(sys.executable).parent] if sys.platform in ("win32", "darwin") else []
    found = [shutil.which(name, path=search_path()) for name in _PYTHONS]
    on_path = [Path(path) for path in found if path]
    all_found = existing([*on_path, *_usual_places()])
    return [python for python in all_found if not _is_within(Path(python), own) and not _is_stub(python)]


def _usual_places() -> list[Path]:
    """Of python.org's installers and of uv, newest first."""
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", str(Path.home() / "AppData" / "Local")))
        folders = [local / "Programs" / "Python", Path(os.environ.get("PROGRAMFILES", "C:/Program Files"))]
        found = [path for folder in folders for path in folder.glob("Python3*/python.exe")]
        of_uv = Path(os.environ.get("APPDATA", str(local))) / "uv" / "data" / "python"
        return sorted(found, reverse=True) + sorted(of_uv.glob("cpython-3*/python.exe"), reverse=True)
    versions = Path("/Library/Frameworks/Python.framework/Versions")
    of_uv = Path.home() / ".local" / "share" / "uv" / "python"
    found = sorted(versions.glob("3.*/bin/python3"), reverse=True)
    return found + sorted(of_uv.glob("cpython-3*/bin/python3"), reverse=True)


def _is_within(path: Path, folders: Sequence[Path]) -> bool:
    return any(folder in path.parents for folder in folders)


def _is_stub(python: str) -> bool:
    """macOS and Windows have a `python3` that only opens a window to install one."""
    if sys.platform == "darwin" and python == "/usr/bin/python3":
        return not Path("/Library/Developer/CommandLineTools/usr/bin/python3").exists()
    return "WindowsApps" in Path(python).parts and not Path(python).stat().st_size
