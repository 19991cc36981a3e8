"""Debian packages: installed when we may, named when we may not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from .errors import InstallerError

KRITA_TEST_PACKAGES = (
    "krita",
    "xvfb",
    "openbox",
    "python3-pyqt5",
    "libgl1-mesa-dri",
    "imagemagick",
)
"""A real Krita with its Python binding, a virtual screen with a window manager, and a camera for it."""


def can_install() -> bool:
    """True for root on Debian, Ubuntu and their kin."""
    return sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get") is not None


def missing(packages: Sequence[str]) -> list[str]:
    """Those of `packages` that dpkg does not know as installed; all of them without dpkg."""
    if shutil.which("dpkg-query") is None:
        return list(packages)
    return [name for name in packages if not _is_installed(name)]


def install(packages: Sequence[str], purpose: str) -> None:
    """Install Debian packages that are missing.

    Raises:
        InstallerError: not root on Debian, or apt-get failed.
    """
    wanted = missing(packages)
    if not wanted:
        return
    if not can_install():
        raise InstallerError(
            f"System packages for {purpose} are missing: {', '.join(wanted)}.",
            f"On Debian or Ubuntu: sudo apt-get install {' '.join(wanted)}; then run this again.",
        )
    print(f"Installing {', '.join(wanted)} ...", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-y", "-q", "--no-install-recommends", *wanted],
    ):
        outcome = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if outcome.returncode != 0:
            raise InstallerError(
                f"apt-get could not install {', '.join(wanted)}.",
                "Install them by hand and run this again.",
                (outcome.stdout + outcome.stderr).strip()[-2000:],
            )


def _is_installed(name: str) -> bool:
    command = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", name]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout == "installed"
