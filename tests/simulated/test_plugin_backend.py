"""The plugin's connection: real supervisor processes, the real engine, Qt's event loop, no Krita."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from support.memory_host import MemoryDocument, MemoryHost, MemoryLayer

from keycel_plugin import vendoring
from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.controller import Controller
from keycel_shared import session as session_module
from keycel_shared.connection import read_connection
from keycel_shared.errors import ErrorCode

RunUntil = Callable[..., None]
SIZE = (96, 64)
RED = (200, 40, 30, 255)


def picture(x: int, painted: bool) -> bytes:
    """BGRA of one ball, as lines or painted."""
    pixels = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    color = RED[2::-1] + RED[3:] if painted else (20, 20, 20, 255)
    cv2.circle(pixels, (x, 32), 20, color, -1 if painted else 2)
    return pixels.tobytes()


def shot_document() -> MemoryDocument:
    lines = {time: picture(30 + 2 * time, painted=False) for time in (0, 2, 5)}
    return MemoryDocument(
        MemoryLayer("keys", "Colour keys", {0: picture(30, painted=True)}),
        MemoryLayer("lines", "Lines", lines),
        size=SIZE,
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Keycel home of its own with the backend installed; supervisors started in it are ended."""
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path))
    (tmp_path / "installation.json").write_text(json.dumps({"python": sys.executable}))
    yield tmp_path
    pid = supervisor_id()
    if pid is not None and psutil.pid_exists(pid):
        supervisor = psutil.Process(pid)
        supervisor.terminate()
        supervisor.wait(20)


@pytest.fixture
def backend(home: Path) -> Iterator[Backend]:
    del home
    backend = Backend()
    yield backend
    backend.close()


def supervisor_id() -> int | None:
    info = read_connection()
    return None if info is None else info.process


def colorize(run_until: RunUntil, backend: Backend, document: MemoryDocument) -> Controller:
    controller = Controller(MemoryHost(document), backend)
    controller.colorize()
    run_until(lambda: not controller.busy, 40)
    return controller


def error_of(controller: Controller) -> ErrorCode | None:
    error = controller.progress.news.error
    return error.code if error else None


def test_the_backend_is_started_and_colours(run_until: RunUntil, backend: Backend) -> None:
    document = shot_document()
    controller = colorize(run_until, backend, document)
    assert error_of(controller) is None, controller.progress.news
    delivered = document.layer("Keycel colour").keyframes
    assert sorted(delivered) == [0, 2, 5]
    for time, pixels in delivered.items():
        center = 4 * (32 * SIZE[0] + 30 + 2 * time)
        assert tuple(pixels[center : center + 4]) == (*RED[2::-1], 255)
    assert len(document.undo_stack) == 1


def test_another_krita_finds_the_running_backend(run_until: RunUntil, backend: Backend) -> None:
    colorize(run_until, backend, shot_document())
    first = supervisor_id()
    other = Backend()
    controller = colorize(run_until, other, shot_document())
    other.close()
    assert error_of(controller) is None
    assert supervisor_id() == first


def test_a_dead_backend_is_started_again(
    run_until: RunUntil, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "PING_AFTER", 0.2)
    monkeypatch.setattr(session_module, "LOST_AFTER", 0.8)
    colorize(run_until, backend, shot_document())
    first = supervisor_id()
    assert first is not None
    os.kill(first, signal.SIGKILL)
    document = shot_document()
    controller = colorize(run_until, backend, document)
    assert error_of(controller) is None, controller.progress.news
    assert supervisor_id() != first
    assert sorted(document.layer("Keycel colour").keyframes) == [0, 2, 5]


def test_a_backend_that_ends_at_once_is_told(run_until: RunUntil, backend: Backend, home: Path) -> None:
    (home / "installation.json").write_text(json.dumps({"python": "/bin/false"}))
    assert error_of(colorize(run_until, backend, shot_document())) is ErrorCode.ENV_BACKEND_START


def test_a_backend_that_is_not_installed_is_told(run_until: RunUntil, backend: Backend, home: Path) -> None:
    (home / "installation.json").unlink()
    assert error_of(colorize(run_until, backend, shot_document())) is ErrorCode.ENV_NO_BACKEND


def test_krita_without_pyzmq_is_told(
    run_until: RunUntil, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zmq", None)
    monkeypatch.setattr(vendoring.importlib.util, "find_spec", lambda _: None)
    assert error_of(colorize(run_until, backend, shot_document())) is ErrorCode.ENV_MISSING_LIBRARY


@pytest.mark.parametrize(
    ("python", "build"), [((3, 10), "cp310"), ((3, 11), "cp311"), ((3, 12), "cp312"), ((3, 14), "cp312")]
)
def test_pyzmq_is_taken_from_the_build_for_this_python(
    home: Path, monkeypatch: pytest.MonkeyPatch, python: tuple[int, int], build: str
) -> None:
    for name in ("cp310", "cp311", "cp312"):
        (home / "vendor" / name).mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(vendoring.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(vendoring.sys, "version_info", (*python, 0))
    vendoring.make_pyzmq_importable()
    assert sys.path == [str(home / "vendor" / build)]


def test_a_pyzmq_of_the_system_is_preferred(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "vendor" / "cp311").mkdir(parents=True)
    before = list(sys.path)
    monkeypatch.setattr(sys, "path", list(before))
    vendoring.make_pyzmq_importable()
    assert sys.path == before
