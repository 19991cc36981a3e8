"""One real Krita with the plugin for all tests of this folder; a screenshot of it when a test fails."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.kra_writer import write_kra
from support.krita_process import REPOSITORY, Display, KritaProcess, missing_programs
from support.walking_figure import layers

OUT = REPOSITORY / "out"
LARGE = (1280, 720)
SMALL = (320, 180)
SMALL_TIMES = (0, 2, 3, 5, 9)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests are slow; the quick ones should fail first."""
    items.sort(key=lambda item: "tests/krita" in item.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report: Any = yield
    display = item.funcargs.get("display") if hasattr(item, "funcargs") else None
    if call.when == "call" and report.failed and isinstance(display, Display):
        display.screenshot(OUT / f"krita-failed-{re.sub('[^A-Za-z0-9]+', '-', item.name)}.png")
    return report


def require_programs() -> None:
    """Krita and what it needs; missing, they are a failure where the suite is meant to be whole."""
    missing = missing_programs()
    if not missing:
        return
    words = f"not installed: {', '.join(missing)}; sudo apt-get install krita xvfb openbox imagemagick"
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


@pytest.fixture(scope="session")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Display]:
    require_programs()
    display = Display(tmp_path_factory.mktemp("display"))
    display.start()
    yield display
    display.stop()


@pytest.fixture(scope="session")
def krita_process(display: Display, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KritaProcess]:
    """Ends with a clean quit: exit code 0, and no message of a Python error in Krita's log."""
    process = KritaProcess(tmp_path_factory.mktemp("krita"), display)
    register_backend(process)
    try:
        process.start()
        process.run("docker", "arrange")
        yield process
        assert process.quit() == 0
        assert "Traceback" not in process.log_tail(10**6)
    finally:
        process.kill()
        stop_backend(process)


@pytest.fixture
def krita(krita_process: KritaProcess) -> Iterator[KritaProcess]:
    """The running Krita, with no document open before and after; started again if a test killed it."""
    if krita_process.hung or not krita_process.alive:
        krita_process.kill()
        krita_process.start()
        krita_process.run("docker", "arrange")
    yield krita_process
    if krita_process.alive and not krita_process.hung:
        krita_process.run("shots", "close_all")


@pytest.fixture(scope="session")
def large_shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 drawings on irregular exposures, one of them used twice; first and last painted."""
    path = tmp_path_factory.mktemp("shots") / "walk.kra"
    write_kra(path, *LARGE, layers(*LARGE))
    return path


@pytest.fixture(scope="session")
def small_shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shots") / "small.kra"
    write_kra(path, *SMALL, layers(*SMALL, times=SMALL_TIMES))
    return path


def register_backend(process: KritaProcess) -> None:
    """As the installer does."""
    process.keycel_home.mkdir(parents=True, exist_ok=True)
    (process.keycel_home / "installation.json").write_text(json.dumps({"python": sys.executable}))


def backend_process_id(process: KritaProcess) -> int | None:
    """Process id of the supervisor that this Krita started."""
    connection = process.keycel_home / "run" / "connection.json"
    return json.loads(connection.read_text())["process"] if connection.exists() else None


def stop_backend(process: KritaProcess) -> None:
    pid = backend_process_id(process)
    if pid is not None:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            return
