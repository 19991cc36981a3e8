"""The plugin in a Krita profile: copied, enabled, taken out again, leaving every other setting alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keycel_shared.version import VERSION

from .backend import SOURCES
from .errors import InstallerError

MODULE = "keycel_plugin"
PACKAGES = (MODULE, "keycel_shared")
"""Folders of ours in a profile; at first the shared package lay beside the plugin."""

OWN = "keycel-installed.json"
"""In each folder that we make; a folder of the same name without it is somebody else's."""

CARRIED = "carried"
"""Folder inside the plugin: the project without the plugin, so that the setup page can install the backend.

The plugin itself uses the shared package in it. Krita's own importer copies the plugin's folder alone.
"""

CARRIED_PARTS = ("installer", *SOURCES)

SETTING = f"enable_{MODULE}"
GROUP = "[python]"
"""Group of kritarc in which Krita notes which plugins are enabled."""


@dataclass(frozen=True)
class KritaProfile:
    """One user's Krita."""

    resources: Path
    """The resource folder: holds `pykrita` and `actions`."""
    kritarc: Path

    @property
    def scripts(self) -> Path:
        return self.resources / "pykrita"

    @property
    def action(self) -> Path:
        # Krita pairs an action file with its plugin by the module's name.
        return self.resources / "actions" / f"{MODULE}.action"

    @property
    def desktop(self) -> Path:
        return self.scripts / f"{MODULE}.desktop"


def install(project: Path, profile: KritaProfile) -> None:
    """Copy the plugin with what it carries, then enable it. Replaces an older copy whole or not at all.

    Raises:
        InstallerError: a folder there is not ours, or cannot be written; everything is as before.
    """
    folder, beside = (profile.scripts / name for name in PACKAGES)
    _require_ours(folder)
    replaced = [folder, profile.desktop, profile.action, *([beside] if is_ours(beside) else [])]
    try:
        profile.scripts.mkdir(parents=True, exist_ok=True)
        profile.action.parent.mkdir(parents=True, exist_ok=True)
        with _moved_aside(replaced):
            copy(project / "plugin" / MODULE, folder)
            for name in CARRIED_PARTS:
                copy(project / name, folder / CARRIED / name)
            (folder / OWN).write_bytes(mark())
            shutil.copyfile(project / "plugin" / "keycel.desktop", profile.desktop)
            shutil.copyfile(project / "plugin" / "keycel.action", profile.action)
            enable(profile.kritarc)
    except OSError as error:
        raise InstallerError(
            f"The plugin could not be copied to {profile.scripts}.",
            "Close Krita, check that you may write there, then run this again.",
            str(error),
        ) from error


def remove(profile: KritaProfile) -> list[Path]:
    """Take out what `install` put in; returns it. Folders that are not ours stay."""
    ours = [profile.scripts / name for name in PACKAGES if is_ours(profile.scripts / name)]
    if profile.scripts / MODULE in ours or not (profile.scripts / MODULE).exists():
        ours += [path for path in (profile.desktop, profile.action) if path.exists()]
        disable(profile.kritarc)
    for path in ours:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    for folder in (profile.scripts, profile.action.parent, profile.resources):
        if folder.exists() and not any(folder.iterdir()):
            folder.rmdir()
    return ours


def copy(source: Path, target: Path) -> None:
    """A file, or a folder without what Python and setuptools leave in it."""
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info"))
    else:
        shutil.copyfile(source, target)


def mark() -> bytes:
    """Content of OWN."""
    return json.dumps({"version": VERSION}).encode()


def is_ours(folder: Path) -> bool:
    return (folder / OWN).exists()


def installed_version(profile: KritaProfile) -> str | None:
    """Version of the plugin in this profile; empty if it is not the installer's, None without any."""
    folder = profile.scripts / MODULE
    if not folder.exists():
        return None
    try:
        return str(json.loads((folder / OWN).read_text("utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def is_enabled(kritarc: Path) -> bool:
    return f"{SETTING}=true" in plugin_settings(kritarc)


def enable(kritarc: Path) -> None:
    """Set `enable_keycel_plugin=true` in the `[python]` group; all other lines stay as they are."""
    lines = [line for line in _lines(kritarc) if line.split("=")[0].strip() != SETTING]
    if GROUP not in lines:
        lines += ["", GROUP]
    lines.insert(lines.index(GROUP) + 1, f"{SETTING}=true")
    _write(kritarc, lines)


def disable(kritarc: Path) -> None:
    """Take the setting out again, and the group if nothing else is in it."""
    lines = _lines(kritarc)
    kept = [line for line in lines if line.split("=")[0].strip() != SETTING]
    if kept == lines:
        return
    if GROUP in kept:
        place = kept.index(GROUP)
        rest = kept[place + 1 :]
        if not rest or not rest[0].strip() or rest[0].startswith("["):
            kept = kept[:place] + rest
    if any(line.strip() for line in kept):
        _write(kritarc, kept)
    else:
        kritarc.unlink()


def plugin_settings(kritarc: Path) -> list[str]:
    """Lines of the `[python]` group."""
    found: list[str] = []
    inside = False
    for line in _lines(kritarc):
        if line.startswith("["):
            inside = line.strip() == GROUP
        elif inside:
            found.append(line.strip())
    return found


def _lines(kritarc: Path) -> list[str]:
    return kritarc.read_text("utf-8").splitlines() if kritarc.exists() else []


def _write(kritarc: Path, lines: list[str]) -> None:
    kritarc.parent.mkdir(parents=True, exist_ok=True)
    temporary = kritarc.with_name("kritarc.keycel-new")
    temporary.write_text("\n".join(lines).strip("\n") + "\n", "utf-8")
    temporary.replace(kritarc)


def _require_ours(folder: Path) -> None:
    """Ours are those with our mark, and copies of the plugin from before there was one."""
    if not folder.exists() or is_ours(folder) or (folder / "host" / "our_layers.py").exists():
        return
    raise InstallerError(
        f"There is a folder {folder} that the installer did not make.",
        "Move it away, then run this again.",
    )


@contextmanager
def _moved_aside(targets: list[Path]) -> Generator[None]:
    """Old copies wait beside their places: brought back if something fails, deleted if nothing does."""
    waiting: list[tuple[Path, Path]] = []
    try:
        for target in targets:
            aside = target.with_name(target.name + ".keycel-old")
            _delete(aside)
            if target.exists():
                target.rename(aside)
                waiting.append((target, aside))
        yield
    except BaseException:
        for target in targets:
            _delete(target)
        for target, aside in waiting:
            aside.rename(target)
        raise
    for _, aside in waiting:
        _delete(aside)


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
