"""`installer bundle`: the files of a release, the same bytes on every run.

keycel-plugin-V.zip      for Krita's own importer (Tools > Scripts > Import Python Plugin from File)
keycel-V.zip             the whole project to install from, with pyzmq's wheels for every system
SHA256SUMS               of both
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from keycel_shared.version import VERSION

from . import environment, krita_plugin, plugin_wheels
from .errors import InstallerError

MOMENT = (2026, 1, 1, 0, 0, 0)
"""Every entry's time: a release's bytes must not tell when it was packed."""

FOLDERS = ("plugin", "backend", "shared", "installer")
FILES = ("README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml")

Entry = tuple[str, bytes | None]
"""Name in the archive, and content; None for a folder, whose name ends with a slash."""


def make(project: Path, out: Path) -> list[Path]:
    """Write the release to `out`; returns the files.

    Raises:
        InstallerError: wheels cannot be fetched, or `out` cannot be written.
    """
    wheels = project / ".cache" / "wheels"
    fetch_wheels(project, wheels)
    try:
        out.mkdir(parents=True, exist_ok=True)
        made = [
            write_archive(out / f"keycel-plugin-{VERSION}.zip", plugin_entries(project)),
            write_archive(out / f"keycel-{VERSION}.zip", project_entries(project, wheels)),
        ]
        sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in made)
        (out / "SHA256SUMS").write_text(sums, "utf-8")
    except OSError as error:
        raise InstallerError(
            f"{out} cannot be written.", "Choose another place: --out DIR.", str(error)
        ) from error
    for path in [*made, out / "SHA256SUMS"]:
        print(f"{path.stat().st_size:>10} {path}")
    return [*made, out / "SHA256SUMS"]


def fetch_wheels(project: Path, folder: Path) -> None:
    """Every wheel of `wheels.json` in `folder`, whole and as tested. Raises InstallerError."""
    table = json.loads(plugin_wheels.TABLE.read_text("utf-8"))
    for wheels in table["wheels"].values():
        for abi, wheel in wheels.items():
            path = folder / wheel["file"]
            if not path.exists():
                folder.mkdir(parents=True, exist_ok=True)
                python = environment.ensure(project, extras=())
                print(f"Fetching {wheel['file']} ...", flush=True)
                plugin_wheels.fetch(table["package"], abi, wheel["file"], python, folder)
            plugin_wheels.check(path, wheel["sha256"])


def plugin_entries(project: Path) -> Iterator[Entry]:
    """What Krita's importer wants: NAME.desktop, the folder NAME/ with an entry of its own, NAME.action.

    It copies that one folder only, so what the setup page installs the backend from travels inside it.
    """
    name = krita_plugin.MODULE
    yield f"{name}.desktop", (project / "plugin" / "keycel.desktop").read_bytes()
    yield "actions/", None
    yield f"actions/{name}.action", (project / "plugin" / "keycel.action").read_bytes()
    yield from tree(project / "plugin" / name, f"{name}/")
    yield f"{name}/{krita_plugin.OWN}", krita_plugin.mark()
    carried = f"{name}/{krita_plugin.CARRIED}/"
    yield carried, None
    for part in krita_plugin.CARRIED_PARTS:
        if (project / part).is_dir():
            yield from tree(project / part, f"{carried}{part}/")
        else:
            yield carried + part, (project / part).read_bytes()


def project_entries(project: Path, wheels: Path) -> Iterator[Entry]:
    """Everything that `python3 installer install` needs, below one folder."""
    top = f"keycel-{VERSION}/"
    yield top, None
    for name in FILES:
        yield top + name, (project / name).read_bytes()
    for name in FOLDERS:
        yield from tree(project / name, f"{top}{name}/")
    yield from tree(wheels, f"{top}wheels/")


def tree(folder: Path, name: str) -> Iterator[Entry]:
    """A folder with everything in it, in the order of names; no caches."""
    yield name, None
    for path in sorted(folder.iterdir()):
        if path.name == "__pycache__" or path.suffix in (".pyc", ".egg-info"):
            continue
        if path.is_dir():
            yield from tree(path, f"{name}{path.name}/")
        else:
            yield name + path.name, path.read_bytes()


def write_archive(path: Path, entries: Iterable[Entry]) -> Path:
    """A zip whose bytes depend on the entries alone."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries:
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.create_system = 3  # Unix, wherever it is packed
            entry.external_attr = (0o40755 << 16 | 0x10) if content is None else 0o100644 << 16
            # Not deflated by the machine's zlib in its own way: wheels are packed already, the rest is small.
            entry.compress_type = zipfile.ZIP_STORED
            archive.writestr(entry, content or b"")
    return path
