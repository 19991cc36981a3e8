"""`installer test`: set up everything the tests need, then run all of them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from . import environment, system_packages


def run(project: Path, arguments: Sequence[str]) -> int:
    """pytest's exit code. `arguments` are passed on to pytest."""
    python = environment.ensure(project, extras=("dev",))
    settings = {
        **os.environ,
        "KEYCEL_HOME": str(project / ".cache" / "test-home"),
        "QT_QPA_PLATFORM": "offscreen",
    }
    os.environ["KEYCEL_HOME"] = settings["KEYCEL_HOME"]
    environment.vendor_pyzmq(python)
    _prepare_krita()
    return subprocess.run(
        [python, "-m", "pytest", *arguments], cwd=project, env=settings, check=False
    ).returncode


def _prepare_krita() -> None:
    missing = system_packages.missing(system_packages.KRITA_TEST_PACKAGES)
    if not missing:
        return
    if system_packages.can_install():
        system_packages.install(missing, purpose="the tests in a real Krita")
        return
    print(
        f"The tests in a real Krita (tests/krita) are left out: {', '.join(missing)} not installed.\n"
        f"On Debian or Ubuntu: sudo apt-get install {' '.join(missing)}",
        flush=True,
    )
