"""`installer test`: set up everything the tests need, then run all of them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from keycel_shared import paths

from . import environment, krita_root, machine, plugin_wheels, system_packages
from .errors import InstallerError

ROOT_SETTING = "KEYCEL_KRITA_ROOT"
"""Environment variable of tests/krita: a Debian root with the Krita to test, instead of this machine's."""


def run(project: Path, arguments: Sequence[str]) -> int:
    """pytest's exit code. `arguments` are passed on to pytest.

    With CI=true and no arguments, tests/krita run once more, on Krita 6; a failure there counts, too.
    """
    python = environment.ensure(project, extras=("dev",))
    settings = {
        **os.environ,
        "KEYCEL_HOME": str(project / ".cache" / "test-home"),
        "QT_QPA_PLATFORM": "offscreen",
    }
    os.environ["KEYCEL_HOME"] = settings["KEYCEL_HOME"]
    plugin_wheels.fill(paths.vendor_folder(), machine.look(), python)
    _prepare_krita()
    pytest = [str(python), "-m", "pytest"]
    if arguments:
        return _call([*pytest, *arguments], project, settings)
    if settings.get("CI") != "true" or ROOT_SETTING in settings:
        return _call([*pytest, *_side_by_side()], project, settings)
    newer = krita_root.Preparation(project / ".cache" / "krita-roots" / "krita-6")
    outcome = _call([*pytest, *_side_by_side()], project, settings)
    return _on_krita_6(newer, pytest, project, settings) or outcome


def _on_krita_6(
    newer: krita_root.Preparation, pytest: Sequence[str], project: Path, settings: Mapping[str, str]
) -> int:
    """pytest's exit code, or 0 where there is no way to get Krita 6: then a line says so."""
    try:
        root = newer.wait()
    except InstallerError as error:
        print(f"Krita 6: NOT RUN ({error.sentence} {error.remedy})\n{error.detail}", flush=True)
        return 0
    print(f"Krita 6 ({root}):", flush=True)
    return _call([*pytest, "tests/krita"], project, {**settings, ROOT_SETTING: str(root)})


def _side_by_side() -> list[str]:
    """One process on each of two cores: tests in Krita mostly wait, and the others fill that time."""
    return ["-n", "2", "--dist", "loadgroup"] if (os.cpu_count() or 1) > 1 else []


def _call(command: Sequence[str], project: Path, settings: Mapping[str, str]) -> int:
    return subprocess.run(command, cwd=project, env=settings, check=False).returncode


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
