"""Qt without a screen, and a guard against tests that leave something running."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from support import dock_scene
from support.memory_host import MemoryReader, MemoryStaged
from support.recording_commands import RecordingCommands

from keycel_plugin.qt import QtCore, QtGui, QtWidgets
from keycel_plugin.state.model import Model
from keycel_plugin.tasks import Task
from keycel_plugin.ui.dock import Dock


@pytest.fixture(scope="session")
def application() -> QtWidgets.QApplication:
    return QtWidgets.QApplication(["keycel-tests"])


@pytest.fixture(autouse=True)
def nothing_left_running(application: QtWidgets.QApplication) -> Iterator[None]:
    """No timer, thread, task, reader or staged layer outlives its test."""
    threads = set(threading.enumerate())
    MemoryReader.open_count = MemoryStaged.open_count = 0
    yield
    application.processEvents()
    application.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)
    gc.collect()
    # pyzmq starts one thread per process with the first large message, and keeps it.
    running = threading.enumerate()
    started = {thread for thread in running if type(thread).__name__ != "GarbageCollectorThread"}
    left = [repr(thread) for thread in started - threads]
    for thing in gc.get_objects():
        kind = type(thing)  # isinstance would ask lazy objects of other packages for their class
        if issubclass(kind, QtCore.QTimer) and thing.isActive():
            left.append(f"timer of {thing.parent()}")
        elif issubclass(kind, Task) and thing.running:
            left.append("a running task")
    left += ["a reader"] * MemoryReader.open_count + ["a staged layer"] * MemoryStaged.open_count
    assert left == []


@pytest.fixture
def run_until(application: QtWidgets.QApplication) -> Callable[..., None]:
    """Runs Qt's event loop until a condition holds."""

    def run(condition: Callable[[], bool], seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "waited too long"
            application.processEvents(QtCore.QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)

    return run


@pytest.fixture
def model() -> Model:
    """Empty; `dock` fills it with a scene."""
    return Model()


@pytest.fixture
def commands() -> RecordingCommands:
    return RecordingCommands()


@pytest.fixture
def dock(model: Model, commands: RecordingCommands, application: QtWidgets.QApplication) -> Iterator[Dock]:
    """The docker as an artist sees it, 300 pixels wide, with nothing commanded yet."""
    dock = Dock(model, commands, lambda _name: QtGui.QIcon())
    dock_scene.fill(model)
    dock.resize(300, 800)
    dock.show()
    application.processEvents()
    commands.calls.clear()
    yield dock
    dock.close()
    dock.deleteLater()
