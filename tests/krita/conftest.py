"""One real Krita with the plugin for all tests of this folder; a screenshot of it when a test fails."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.demo_document import write_demo_document
from support.kra_writer import write_kra
from support.krita_crash import KritaCrashedByItself
from support.krita_process import Display, KritaProcess, missing_programs, start
from support.krita_root import KritaRoot
from support.walking_figure import layers

SMALL = (320, 180)
SMALL_TIMES = (0, 2, 3, 5, 9)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests are slow; the quick ones should fail first. Krita's own crashes are no failures of ours."""
    items.sort(key=lambda item: "tests/krita" in item.nodeid)
    for item in items:
        if "tests/krita" in item.nodeid:
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=[KritaCrashedByItself.__name__]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report: Any = yield
    display = item.funcargs.get("display") if hasattr(item, "funcargs") else None
    if call.when == "call" and report.failed and isinstance(display, Display):
        name = re.sub("[^A-Za-z0-9]+", "-", item.name)
        display.screenshot(KritaRoot.chosen().artefacts / f"krita-failed-{name}.png")
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
def krita_process(
    display: Display,
    tmp_path_factory: pytest.TempPathFactory,
    record_testsuite_property: Callable[[str, object], None],
) -> Iterator[KritaProcess]:
    """Ends with a clean quit: exit code 0, and no message of a Python error in Krita's log."""
    process = KritaProcess(tmp_path_factory.mktemp("krita"), display)
    process.register_backend()
    try:
        start(process)
        for name, version in process.versions.items():
            record_testsuite_property(name, version)
        yield process
        if process.alive:
            assert process.quit() == 0
        assert "Traceback" not in process.log_tail(10**6)
    finally:
        process.kill()
        process.stop_backend()


@pytest.fixture
def krita(krita_process: KritaProcess) -> Iterator[KritaProcess]:
    """The running Krita, with no document open before and after; started again if a test killed it."""
    if krita_process.hung or not krita_process.alive:
        krita_process.kill()
        start(krita_process)
    yield krita_process
    if krita_process.alive and not krita_process.hung:
        krita_process.run("shots", "close_all")


@pytest.fixture(scope="session")
def large_shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """See `support.demo_document`."""
    return write_demo_document(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def small_shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shots") / "small.kra"
    write_kra(path, *SMALL, layers(*SMALL, times=SMALL_TIMES))
    return path
