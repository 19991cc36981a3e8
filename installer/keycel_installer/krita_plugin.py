"""The plugin in a Krita profile: copied, enabled, taken out again, leaving every other setting alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keycel_shared.version import VERSION

from .errors import InstallerError

MODULE = "keycel_plugin"
PACKAGES = (MODULE, "keycel_shared")
OWN = "keycel-installed.json"
"""In each folder that we make; a folder of the same name without it is somebody else's."""

CARRIED = "carried"
"""Folder inside the plugin for the shared package where Krita's own importer installed it."""

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
    """Copy plugin and shared package, then enable the plugin. Replaces an older copy whole or not at all.

    Raises:
        InstallerError: a folder there is not ours, or cannot be written; everything is as before.
    """
    sources = {MODULE: project / "plugin" / MODULE, "keycel_shared": project / "shared" / "keycel_shared"}
    targets = {name: profile.scripts / name for name in PACKAGES}
    for target in targets.values():
        _require_ours(target)
    try:
        profile.scripts.mkdir(parents=True, exist_ok=True)
        profile.action.parent.mkdir(parents=True, exist_ok=True)
        with _moved_aside([*targets.values(), profile.desktop, profile.action]):
            for name, source in sources.items():
                shutil.copytree(source, targets[name], ignore=shutil.ignore_patterns("__pycache__"))
                (targets[name] / OWN).write_bytes(mark())
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
    if not folder.exists() or is_ours(folder):
        return
    if folder.name == MODULE and (folder / "host" / "our_layers.py").exists():
        return
    if folder.name == "keycel_shared" and (folder / "wire.py").exists():
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
