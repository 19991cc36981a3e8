"""The plugin's connection: real supervisor processes, real engines, Qt's event loop, no Krita."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from support.plugin_client import (
    WORK,
    Asked,
    end_supervisor,
    install,
    install_trial_backend,
    supervisor,
    trial_shot,
)
from support.trial_engine import computed

from keycel_plugin import vendoring
from keycel_plugin.flow.backend import Backend
from keycel_plugin.state.backend_status import Link
from keycel_plugin.tasks import Task
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import JobEstimate, JobRequest, PictureAt
from keycel_shared.pixels import digest_of
from keycel_shared.version import VERSION

RunUntil = Callable[..., None]
SIZE = (96, 64)
RED = (200, 40, 30, 255)


def picture(x: int, painted: bool) -> bytes:
    """BGRA of one ball, as lines or painted."""
    pixels = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    color = RED[2::-1] + RED[3:] if painted else (20, 20, 20, 255)
    cv2.circle(pixels, (x, 32), 20, color, -1 if painted else 2)
    return pixels.tobytes()


def ball_shot() -> tuple[JobRequest, dict[str, bytes]]:
    """A ball that moves by two pixels a frame, drawn at frames 0, 2 and 5; the first is painted."""
    lines = {time: picture(30 + 2 * time, painted=False) for time in (0, 2, 5)}
    painted = picture(30, painted=True)
    drawings = tuple(PictureAt(time, digest_of(pixels)) for time, pixels in lines.items())
    keyframes = (PictureAt(0, digest_of(painted)),)
    request = JobRequest("flat", "colorize", *SIZE, drawings, keyframes, targets=(0, 2, 5))
    return request, {digest_of(pixels): pixels for pixels in (*lines.values(), painted)}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Keycel home of its own with the real backend installed; supervisors started in it are ended."""
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path))
    install(tmp_path)
    yield tmp_path
    end_supervisor()


@pytest.fixture
def trial(home: Path) -> Path:
    """The same with the trial engine."""
    install_trial_backend(home)
    return home


@pytest.fixture
def backend(home: Path) -> Iterator[Backend]:
    del home
    backend = Backend()
    yield backend
    backend.close()


def supervisor_id() -> int:
    running = supervisor()
    assert running is not None
    return running.pid


def ask(run_until: RunUntil, backend: Backend, frames: int = 3, **options: object) -> Asked:
    """A job of the trial engine, done."""
    shot = trial_shot(frames)
    asked = Asked(backend, shot.request(**options), shot.pictures)
    run_until(lambda: asked.over, 40)
    return asked


def connect(run_until: RunUntil, backend: Backend) -> KeycelError | None:
    ended: list[BaseException | None] = []
    Task(backend.connect(), ended.append)
    run_until(lambda: bool(ended), 40)
    assert ended[0] is None or isinstance(ended[0], KeycelError)
    return ended[0]


def watch(backend: Backend) -> list[tuple[Link, str]]:
    """Every status from now on."""
    seen: list[tuple[Link, str]] = []
    backend.status.changed.connect(lambda: seen.append((backend.status.link, backend.status.detail)))
    return seen


# ---------------------------------------------------------------------------- starting


def test_the_backend_is_started_and_colours(run_until: RunUntil, backend: Backend) -> None:
    seen = watch(backend)
    asked = Asked(backend, *ball_shot())
    run_until(lambda: asked.over, 40)
    assert asked.error is None
    assert sorted(asked.frames) == [0, 2, 5]
    for moment, pixels in asked.pixels.items():
        center = 4 * (32 * SIZE[0] + 30 + 2 * moment)
        assert pixels[center : center + 4] == bytes((*RED[2::-1], 255))
    assert seen == [(Link.STARTING, ""), (Link.READY, VERSION)]


def test_a_shown_docker_learns_the_engines_without_a_job(run_until: RunUntil, backend: Backend) -> None:
    assert (backend.status.link, backend.engines) == (Link.OFF, ())
    known: list[int] = []
    backend.status.changed.connect(
        lambda: known.append(len(backend.engines)) if backend.status.link is Link.READY else None
    )
    assert connect(run_until, backend) is None
    assert [engine.name for engine in backend.engines] == ["flat", "lvcd", "morph"]
    assert known == [2], "they are there when the status says so"
    first = supervisor_id()
    assert connect(run_until, backend) is None
    assert supervisor_id() == first


def test_who_asks_at_the_same_time_gets_the_same_backend(
    run_until: RunUntil, trial: Path, backend: Backend
) -> None:
    ended: list[BaseException | None] = []
    Task(backend.connect(), ended.append)
    Task(backend.connect(), ended.append)
    asked = ask(run_until, backend)
    assert (asked.error, ended) == (None, [None, None])
    assert (trial / "logs" / "supervisor.log").read_text().count("serves as process") == 1


def test_a_start_that_was_not_waited_for_is_not_made_twice(
    run_until: RunUntil, trial: Path, backend: Backend
) -> None:
    impatient = Task(backend.connect(), lambda _: None)
    run_until(lambda: backend.status.link is Link.STARTING)
    impatient.cancel()
    assert backend.status.link is Link.OFF
    assert ask(run_until, backend).error is None
    assert (trial / "logs" / "supervisor.log").read_text().count("serves as process") == 1


def test_another_krita_finds_the_running_backend(run_until: RunUntil, trial: Path, backend: Backend) -> None:
    del trial
    ask(run_until, backend)
    first = supervisor_id()
    other = Backend()
    asked = ask(run_until, other)
    other.close()
    assert asked.error is None
    assert supervisor_id() == first


@pytest.mark.parametrize("python", ["/bin/false", "/no/such/python"])
def test_a_backend_that_does_not_start_is_told(
    run_until: RunUntil, backend: Backend, home: Path, python: str
) -> None:
    install(home, python)
    error = connect(run_until, backend)
    assert error is not None
    assert error.value.code in (ErrorCode.ENV_BACKEND_START, ErrorCode.ENV_NO_BACKEND)
    assert (backend.status.link, backend.status.detail) == (Link.MISSING, error.value.title)
    install(home)
    assert connect(run_until, backend) is None, "repaired, it is there without a new Krita"


def test_a_backend_that_is_not_installed_is_told(run_until: RunUntil, backend: Backend, home: Path) -> None:
    (home / "installation.json").unlink()
    asked = ask(run_until, backend)
    assert asked.error is not None
    assert asked.error.code is ErrorCode.ENV_NO_BACKEND
    assert backend.status.link is Link.MISSING


def test_krita_without_pyzmq_is_told(
    run_until: RunUntil, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zmq", None)
    monkeypatch.setattr(vendoring.importlib.util, "find_spec", lambda _: None)
    error = connect(run_until, backend)
    assert error is not None
    assert error.value.code is ErrorCode.ENV_MISSING_LIBRARY


# ---------------------------------------------------------------------------- asking


def test_what_work_would_cost_is_asked_without_a_picture(
    run_until: RunUntil, trial: Path, backend: Backend
) -> None:
    del trial
    request = trial_shot(4).request(pace=0.5, targets=(1, 2))
    unread = tuple(PictureAt(drawing.time, "") for drawing in request.drawings)
    answers: list[JobEstimate | None] = []

    async def plan(request: JobRequest) -> None:
        answers.append(await backend.plan(request))

    Task(plan(request), lambda _: None)
    run_until(lambda: len(answers) == 1)
    connect(run_until, backend)
    Task(plan(JobRequest(**{**vars(request), "drawings": unread})), lambda _: None)
    run_until(lambda: len(answers) == 2)
    Task(plan(JobRequest(**{**vars(request), "keyframes": ()})), lambda _: None)
    run_until(lambda: len(answers) == 3)
    assert answers == [None, JobEstimate(6.0, 16 * 12, 2, 0), None], "not reached, asked, refused"


# ---------------------------------------------------------------------------- dying


def test_the_death_of_an_idle_backend_is_seen_soon(
    run_until: RunUntil, trial: Path, backend: Backend
) -> None:
    del trial
    ask(run_until, backend)
    first = supervisor_id()
    began = time.monotonic()
    os.kill(first, signal.SIGKILL)
    run_until(lambda: backend.status.link is Link.LOST)
    assert time.monotonic() - began < 3
    asked = ask(run_until, backend)
    assert (asked.error, sorted(asked.frames)) == (None, [0, 1, 2])
    assert supervisor_id() != first
    assert backend.status.link is Link.READY


def test_a_job_goes_on_when_the_backend_dies(run_until: RunUntil, trial: Path, backend: Backend) -> None:
    shot = trial_shot(10)
    asked = Asked(backend, shot.request(pace=0.08), shot.pictures)
    run_until(lambda: backend.status.link is Link.READY, 20)
    seen = watch(backend)
    for frames in (2, 6):
        run_until(lambda frames=frames: len(asked.frames) >= frames, 20)
        os.kill(supervisor_id(), signal.SIGKILL)
        run_until(lambda: seen[-1:] == [(Link.READY, VERSION)], 20)
        assert [link for link, _ in seen[-3:]] == [Link.LOST, Link.STARTING, Link.READY]
        seen.clear()
    run_until(lambda: asked.over, 30)
    assert (asked.error, sorted(asked.frames)) == (None, list(range(10))), "none lost, none twice"
    twice = [frame for frame in set(computed(trial)) if computed(trial).count(frame) > 1]
    assert len(twice) <= 2, "only the frames in hand may be computed again"


def test_a_backend_that_dies_again_and_again_ends_the_job(
    run_until: RunUntil, trial: Path, backend: Backend
) -> None:
    shot = trial_shot(4)
    asked = Asked(backend, shot.request(pace=5.0), shot.pictures)
    run_until(lambda: bool(list((trial / "pending").glob("*.json"))), 20)
    install(trial, "/bin/false")
    os.kill(supervisor_id(), signal.SIGKILL)
    run_until(lambda: asked.over, 20)
    assert asked.error is not None
    assert asked.error.code is ErrorCode.ENV_BACKEND_START
    assert backend.status.link is Link.MISSING
    assert list((trial / "pending").glob("*.json")) == []


# ---------------------------------------------------------------------------- leaving


def test_nothing_is_left_running_when_krita_is_closed(
    run_until: RunUntil, trial: Path, backend: Backend
) -> None:
    ask(run_until, backend)
    running = supervisor()
    assert running is not None
    family = [running, *running.children(recursive=True)]
    assert len(family) == 2
    backend.close()
    assert backend.status.link is Link.OFF
    run_until(lambda: not any(alive(process) for process in family), 15)
    assert list((trial / "pending").iterdir()) == []


def test_a_cancelled_job_leaves_nothing_waiting(run_until: RunUntil, trial: Path, backend: Backend) -> None:
    shot = trial_shot(10)
    asked = Asked(backend, shot.request(pace=0.1), shot.pictures)
    run_until(lambda: len(asked.frames) >= 2, 20)
    running = supervisor()
    asked.task.cancel()
    assert asked.over
    assert list((trial / "pending").glob("*.json")) == []
    again = ask(run_until, backend, frames=2, pace=0.1)
    assert again.error is None, "the next job does not wait for the cancelled one"
    assert len(computed(trial)) < 10
    backend.close()
    assert running is not None
    run_until(lambda: not alive(running), 15)


def test_frames_that_were_not_delivered_are_given_up_with_their_job(
    run_until: RunUntil, trial: Path, backend: Backend
) -> None:
    shot = trial_shot(3)
    asked = Asked(backend, shot.request(), shot.pictures, WORK, keep=True)
    run_until(lambda: asked.over, 20)
    running = supervisor()
    again = ask(run_until, backend)
    assert sorted(again.frames) == [0, 1, 2]
    assert sorted(computed(trial)) == [0, 1, 2], "they cost nothing next time"
    backend.close()
    assert running is not None
    run_until(lambda: not alive(running), 15)


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


# ---------------------------------------------------------------------------- pyzmq


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
