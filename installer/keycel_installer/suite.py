"""`installer test`: set up everything the tests need, then run all of them."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from keycel_shared import paths

from . import environment, krita_root, machine, plugin_wheels, system_packages
from .errors import InstallerError

ROOT_SETTING = "KEYCEL_KRITA_ROOT"
"""Environment variable of tests/krita: a Debian root with the Krita to test, instead of this machine's."""


def run(project: Path, arguments: Sequence[str]) -> int:
    """pytest's exit code. `arguments` are passed on to pytest.

    With CI=true and no arguments, tests/krita run beside all others, on this machine's Krita and then on
    Krita 6; a failure in either counts, too.
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
    kritas = _Kritas(project, [*pytest, "tests/krita"], settings)
    outcome = _call([*pytest, *_side_by_side(), "--ignore=tests/krita"], project, settings)
    return kritas.outcome() or outcome


class _Kritas:
    """tests/krita on one Krita after the other, on a thread of their own: they mostly wait for Krita."""

    def __init__(self, project: Path, command: Sequence[str], settings: Mapping[str, str]) -> None:
        self._project = project
        self._command = command
        self._settings = settings
        self._newer = krita_root.Preparation(project / ".cache" / "krita-roots" / "krita-6")
        self._told: list[str] = []
        self._codes: list[int] = []
        self._thread = threading.Thread(target=self._run, name="tests in Krita")
        self._thread.start()

    def outcome(self) -> int:
        """Waits for the end, prints what pytest said of each Krita, and gives the first bad exit code."""
        self._thread.join()
        print("\n".join(self._told), flush=True)
        return next((code for code in self._codes if code), 0)

    def _run(self) -> None:
        self._test("Krita of this machine:", self._settings)
        try:
            root = self._newer.wait()
        except InstallerError as error:
            self._told.append(f"Krita 6: NOT RUN ({error.sentence} {error.remedy})\n{error.detail}")
        else:
            self._test(f"Krita 6 ({root}):", {**self._settings, ROOT_SETTING: str(root)})

    def _test(self, which: str, settings: Mapping[str, str]) -> None:
        code, said = _captured(self._command, self._project, settings)
        self._told += [which, said]
        self._codes.append(code)


def _side_by_side() -> list[str]:
    """One process on each of two cores: tests in Krita mostly wait, and the others fill that time."""
    return ["-n", "2", "--dist", "loadgroup"] if (os.cpu_count() or 1) > 1 else []


def _call(command: Sequence[str], project: Path, settings: Mapping[str, str]) -> int:
    return subprocess.run(command, cwd=project, env=settings, check=False).returncode


def _captured(command: Sequence[str], project: Path, settings: Mapping[str, str]) -> tuple[int, str]:
    """Exit code, and everything that it said."""
    done = subprocess.run(
        command,
        cwd=project,
        env=settings,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.returncode, done.stdout


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
