"""`installer diagnostics`: one zip for a question to the developers. No pictures, no names, no documents."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from contextlib import redirect_stdout
from pathlib import Path

from keycel_shared import paths

from . import doctor, krita_plugin, kritas, record
from .errors import InstallerError

LOG_BYTES = 200_000
"""Of the end of each log."""


def write(project: Path, out: Path) -> str:
    """Write the zip to `out`; returns a sentence that names what is in it.

    Raises:
        InstallerError: `out` cannot be written.
    """
    parts = {"doctor.json": _doctor(project), "packages.txt": _packages(), "kritarc.txt": _plugin_settings()}
    for log in sorted(paths.log_folder().glob("*.log")):
        parts[f"logs/{log.name}"] = log.read_bytes()[-LOG_BYTES:].decode("utf-8", "replace")
    try:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in parts.items():
                archive.writestr(name, without_names(text))
    except OSError as error:
        raise InstallerError(
            f"{out} cannot be written.", "Choose another place: --out FILE.", str(error)
        ) from error
    return f"Wrote {out}: {', '.join(parts)}. It holds no pictures; look into it before you send it."


def without_names(text: str) -> str:
    """The home folder, whose name is mostly the user's, becomes ~."""
    return text.replace(str(Path.home()), "~")


def _doctor(project: Path) -> str:
    said = io.StringIO()
    with redirect_stdout(said):
        doctor.run(project, as_json=True)
    return said.getvalue()


def _packages() -> str:
    noted = record.read()
    if noted is None:
        return "no backend installed"
    command = [noted.python, "-m", "pip", "--disable-pip-version-check", "list", "--format=json"]
    try:
        outcome = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        listed = json.loads(outcome.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        return f"the backend's packages cannot be listed: {error}"
    return "\n".join(f"{package['name']} {package['version']}" for package in listed)


def _plugin_settings() -> str:
    """Only which plugins are enabled: the rest of kritarc names recent files."""
    return "\n\n".join(
        f"{profile.kritarc}\n" + "\n".join(krita_plugin.plugin_settings(profile.kritarc))
        for profile in kritas.profiles()
    )
