"""A Debian root with Krita 6, for running tests/krita on the newest Krita beside this machine's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from . import system_packages
from .errors import InstallerError

TOOLS = ("debootstrap", "debian-archive-keyring")
PACKAGES = ("krita", "python3", "python3-pyqt6", "qt6-svg-plugins", "libgl1-mesa-dri")
"""Krita 6 uses PyQt6. Its icons are SVG, and a virtual screen needs the software renderer."""

_ARCHIVE = "http://deb.debian.org/debian"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_BASE, _RELEASE = "sid", "experimental"
_LIMIT = 1500.0
"""Seconds for any one step; a slow mirror must not hold up the tests for ever."""

_GENTLY = ("nice", "-n", "19")
_SETTINGS = 'APT::Install-Recommends "0";\nDpkg::Options:: "--force-unsafe-io";\n'
_NO_SERVICES = "#!/bin/sh\nexit 101\n"


def can_make() -> bool:
    """True for root on Debian and its kin; who is not root cannot change into a root either."""
    return system_packages.can_install() and shutil.which("unshare") is not None


def ensure(folder: Path) -> Path:
    """The root in `folder`, made if it is not there yet: 1.5 GB, four minutes and more. Returns `folder`.

    It is made under another name and renamed at the end, so that what is there is whole.

    Raises:
        InstallerError: no network, no room, or no right to do so.
    """
    if folder.exists():
        return folder
    if not can_make():
        raise InstallerError("A root with Krita 6 can only be made by root on Debian.", "Run it as root.")
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    try:
        system_packages.install(TOOLS, purpose="a root with Krita 6")
        _run(["debootstrap", "--variant=minbase", f"--keyring={_KEYRING}", _BASE, str(partial), _ARCHIVE])
        _configure(partial)
        _run_inside(partial, ["apt-get", "update", "-q"])
        _run_inside(partial, ["apt-get", "install", "-y", "-q", "-t", _RELEASE, *PACKAGES])
        _run_inside(partial, ["apt-get", "clean"])
        partial.rename(folder)
    except (OSError, subprocess.SubprocessError) as error:
        raise _failed(str(error)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


class Preparation:
    """`ensure` on a thread of its own, gently, while other tests run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._ensure, name="root with Krita 6", daemon=True)
        self._thread.start()

    def wait(self) -> Path:
        """The root. Raises what `ensure` raises."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._folder

    def _ensure(self) -> None:
        try:
            ensure(self._folder)
        except Exception as error:
            self._error = error  # whoever waits is told


def _configure(root: Path) -> None:
    settings = root / "etc" / "apt"
    for file in Path("/etc/apt/apt.conf.d").glob("*"):
        if "Acquire" in file.read_text(errors="replace"):  # this machine's own way to the archive
            shutil.copy(file, settings / "apt.conf.d")
    (settings / "apt.conf.d" / "90keycel").write_text(_SETTINGS)
    (settings / "sources.list.d" / f"{_RELEASE}.list").write_text(f"deb {_ARCHIVE} {_RELEASE} main\n")
    for name in ("resolv.conf", "hosts"):
        shutil.copy(Path("/etc") / name, root / "etc" / name)
    services = root / "usr" / "sbin" / "policy-rc.d"
    services.write_text(_NO_SERVICES)
    services.chmod(0o755)


def _run_inside(root: Path, command: Sequence[str]) -> None:
    """Run in the root, with /proc mounted in a namespace that ends with the command."""
    script = f'mount -t proc proc "{root}/proc" && exec chroot "{root}" "$@"'
    _run(["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", *command])


def _run(command: Sequence[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    outcome = subprocess.run(
        [*_GENTLY, *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_LIMIT,
    )
    if outcome.returncode != 0:
        raise _failed((outcome.stdout + outcome.stderr).strip()[-2000:])


def _failed(detail: str) -> InstallerError:
    return InstallerError(
        "A Debian root with Krita 6 could not be made.",
        "It needs the network, 2 GB of room, and the right to create device files and to mount.",
        detail,
    )
