"""Every Krita on this machine, and the profile that each one uses."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .krita_plugin import KritaProfile
from .machine import Probe

FLATPAK = "org.kde.krita"
STORE = "49800Krita_*"
"""Package of the Microsoft Store's build."""


FROM_INSIDE = (
    "Krita's Flatpak starts only programs of its own sandbox: open Settings > Dockers > Keycel in it,"
    " and the setup page there installs a backend inside."
)


@dataclass(frozen=True, slots=True)
class Krita:
    kind: str
    """system, appimage, flatpak, snap, windows, store, macos; profile for one that was only used."""
    program: Path | None
    """None where only its profile shows that it is there."""
    profile: KritaProfile
    note: str = ""
    """What is still to be done, and where; empty if this installation serves it whole."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look; a test gives its own."""

    system: str
    home: Path
    root: Path
    """`/`, or a folder that stands for it."""
    environment: Mapping[str, str]

    @classmethod
    def real(cls) -> Places:
        return cls(Probe.system, Path.home(), Path("/"), os.environ)


def find(places: Places | None = None) -> list[Krita]:
    """All Kritas of this user; several may share one profile."""
    places = places or Places.real()
    if places.system == "windows":
        return list(_on_windows(places))
    if places.system == "macos":
        return list(_on_macos(places))
    return list(_on_linux(places))


def usual_profile(places: Places | None = None) -> KritaProfile:
    """The profile of Krita's own builds (Krita manual, "Resource folder")."""
    places = places or Places.real()
    home, variables = places.home, places.environment
    if places.system == "windows":
        roaming = Path(variables.get("APPDATA", str(home / "AppData" / "Roaming")))
        return KritaProfile(roaming / "krita", _local(places) / "kritarc")
    if places.system == "macos":
        library = home / "Library"
        return KritaProfile(library / "Application Support" / "Krita", library / "Preferences" / "kritarc")
    data = Path(variables.get("XDG_DATA_HOME", str(home / ".local" / "share")))
    config = Path(variables.get("XDG_CONFIG_HOME", str(home / ".config")))
    return KritaProfile(data / "krita", config / "kritarc")


def profiles(places: Places | None = None) -> list[KritaProfile]:
    """Each profile once. Without any the usual one: an AppImage may lie anywhere."""
    found = list(dict.fromkeys(krita.profile for krita in find(places)))
    return found or [usual_profile(places)]


def sandbox_homes(places: Places | None = None) -> list[Path]:
    """Keycel's data folders of Kritas that have one to themselves, where there are any."""
    places = places or Places.real()
    home = places.home / ".var" / "app" / FLATPAK / "data" / "keycel"
    return [home] if places.system == "linux" and home.exists() else []


def running(places: Places | None = None, probe: Probe | None = None) -> bool:
    """True while a Krita of this user is open; False where that cannot be told."""
    places, probe = places or Places.real(), probe or Probe()
    if places.system == "windows":
        return "krita.exe" in (probe.answer("tasklist", "/FI", "IMAGENAME eq krita.exe") or "")
    if places.system == "macos":
        return bool((probe.answer("pgrep", "-x", "krita") or "").strip())
    return any(_is_own_krita(path) for path in (places.root / "proc").glob("[0-9]*/comm"))


def _is_own_krita(path: Path) -> bool:
    """`path` is /proc/PID/comm; the process may end while it is looked at."""
    try:
        return path.stat().st_uid == os.getuid() and path.read_text("utf-8", "replace").strip() == "krita"
    except OSError:
        return False


def _on_linux(places: Places) -> Iterator[Krita]:
    usual = usual_profile(places)
    for folder in ("usr/bin", "usr/local/bin"):
        if (places.root / folder / "krita").exists():
            yield Krita("system", places.root / folder / "krita", usual)
    for folder in ("Applications", "Downloads", "Desktop", "bin", ".local/bin", ""):
        for program in sorted((places.home / folder).glob("[kK]rita*.[aA]pp[iI]mage")):
            yield Krita("appimage", program, usual)
    sandbox = places.home / ".var" / "app" / FLATPAK
    shared = (places.root / "var/lib/flatpak/app", places.home / ".local/share/flatpak/app")
    if sandbox.exists() or any((folder / FLATPAK).exists() for folder in shared):
        profile = KritaProfile(sandbox / "data" / "krita", sandbox / "config" / "kritarc")
        yield Krita("flatpak", None, profile, FROM_INSIDE)
    if (places.root / "snap" / "krita").exists():
        yield Krita("snap", places.root / "snap" / "bin" / "krita", usual)
    if usual.kritarc.exists() and not (places.root / "usr/bin/krita").exists():
        yield Krita("profile", None, usual)


def _on_windows(places: Places) -> Iterator[Krita]:
    for variable in ("ProgramFiles", "ProgramW6432", "ProgramFiles(x86)"):
        folder = places.environment.get(variable)
        if folder is None:
            continue
        for program in sorted(Path(folder).glob("Krita*/bin/krita.exe")):
            yield Krita("windows", program, usual_profile(places))
    for package in sorted((_local(places) / "Packages").glob(STORE)):
        cache = package / "LocalCache"
        yield Krita("store", None, KritaProfile(cache / "Roaming" / "krita", cache / "Local" / "kritarc"))


def _on_macos(places: Places) -> Iterator[Krita]:
    for folder in (places.root / "Applications", places.home / "Applications"):
        for program in sorted(folder.glob("[kK]rita*.app")):
            yield Krita("macos", program, usual_profile(places))


def _local(places: Places) -> Path:
    return Path(places.environment.get("LOCALAPPDATA", str(places.home / "AppData" / "Local")))
