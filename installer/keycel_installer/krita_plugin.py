"""Put the plugin into a Krita profile and enable it, leaving every other setting alone."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

MODULE = "keycel_plugin"


@dataclass(frozen=True)
class KritaProfile:
    """One user's Krita."""

    resources: Path
    """The resource folder: holds `pykrita` and `actions`."""
    kritarc: Path

    @classmethod
    def usual(cls) -> KritaProfile:
        """Where Krita's own builds look, per platform (Krita manual, "Resource folder")."""
        home = Path.home()
        if sys.platform == "win32":
            roaming = Path(os.environ.get("APPDATA", str(home / "AppData" / "Roaming")))
            local = Path(os.environ.get("LOCALAPPDATA", str(home / "AppData" / "Local")))
            return cls(roaming / "krita", local / "kritarc")
        if sys.platform == "darwin":
            library = home / "Library"
            return cls(library / "Application Support" / "Krita", library / "Preferences" / "kritarc")
        data = Path(os.environ.get("XDG_DATA_HOME", str(home / ".local" / "share")))
        config = Path(os.environ.get("XDG_CONFIG_HOME", str(home / ".config")))
        return cls(data / "krita", config / "kritarc")


def install(project: Path, profile: KritaProfile) -> None:
    """Copy plugin and shared package, then enable the plugin. Replaces an older copy whole."""
    scripts = profile.resources / "pykrita"
    scripts.mkdir(parents=True, exist_ok=True)
    for package in (project / "plugin" / MODULE, project / "shared" / "keycel_shared"):
        _replace_folder(package, scripts / package.name)
    shutil.copyfile(project / "plugin" / "keycel.desktop", scripts / f"{MODULE}.desktop")
    actions = profile.resources / "actions"
    actions.mkdir(parents=True, exist_ok=True)
    # Krita pairs an action file with its plugin by the module's name.
    shutil.copyfile(project / "plugin" / "keycel.action", actions / f"{MODULE}.action")
    enable(profile.kritarc)


def enable(kritarc: Path) -> None:
    """Set `enable_keycel_plugin=true` in the `[python]` group; all other lines stay as they are."""
    setting = f"enable_{MODULE}"
    lines = kritarc.read_text("utf-8").splitlines() if kritarc.exists() else []
    lines = [line for line in lines if line.split("=")[0].strip() != setting]
    if "[python]" not in lines:
        lines += ["", "[python]"]
    lines.insert(lines.index("[python]") + 1, f"{setting}=true")
    kritarc.parent.mkdir(parents=True, exist_ok=True)
    temporary = kritarc.with_name("kritarc.keycel-new")
    temporary.write_text("\n".join(lines).lstrip("\n") + "\n", "utf-8")
    temporary.replace(kritarc)


def _replace_folder(source: Path, target: Path) -> None:
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(source, fresh, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
