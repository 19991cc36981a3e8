"""A Krita is killed in the middle of a job; the next one receives everything. Real processes throughout."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from support.plugin_client import (
    WORK,
    Asked,
    OtherKrita,
    end_supervisor,
    install_trial_backend,
    supervisor,
    trial_shot,
)
from support.supervised import Shot
from support.trial_engine import computed

from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.pending import Kind, Pending
from keycel_shared.messages import JobRequest

RunUntil = Callable[..., None]
StartOther = Callable[..., OtherKrita]
LAYERS = ("lines", "keys", "another")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Keycel home of its own with the trial engine; supervisors started in it are ended."""
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path))
    install_trial_backend(tmp_path)
    yield tmp_path
    end_supervisor()


@pytest.fixture
def backend(home: Path) -> Iterator[Backend]:
    """Of the Krita that comes after."""
    del home
    backend = Backend()
    yield backend
    backend.close()


@pytest.fixture
def start_other(home: Path) -> Iterator[StartOther]:
    """Start a Krita with a job in a process of its own."""
    started: list[OtherKrita] = []

    def start(frames: int, **options: object) -> OtherKrita:
        other = OtherKrita(home, frames, **options)
        started.append(other)
        return other

    yield start
    for other in started:
        other.kill()


def notes(home: Path) -> list[Path]:
    return list((home / "pending").glob("*.json"))


def ask(run_until: RunUntil, backend: Backend, shot: Shot, request: JobRequest) -> Asked:
    asked = Asked(backend, request, shot.pictures)
    run_until(lambda: asked.over, 40)
    assert asked.error is None
    return asked


def test_the_next_krita_receives_what_the_killed_one_waited_for(
    run_until: RunUntil, home: Path, backend: Backend, start_other: StartOther
) -> None:
    killed = start_other(12, pace=0.08)
    assert killed.wait_for_frames(3) == [0, 1, 2]
    running = supervisor()
    killed.kill()
    assert len(notes(home)) == 1
    assert notes(home)[0].stat().st_mode & 0o077 == 0, "private to the user"

    assert backend.pending.for_layers(["lines"]) is None
    assert backend.pending.for_layers(LAYERS) == WORK
    shot = trial_shot(12)
    asked = ask(run_until, backend, shot, shot.request(pace=0.08))
    assert sorted(asked.frames) == list(range(12)), "finished ones again, the rest when ready; none twice"
    assert computed(home) == list(range(12)), "nothing was computed again"
    assert notes(home) == []
    assert backend.pending.for_layers(LAYERS) is None

    again = ask(run_until, backend, shot, shot.request(pace=0.08))
    assert sorted(again.frames) == list(range(12)), "the session that was taken over goes on"
    backend.close()
    assert running is not None
    run_until(lambda: not alive(running), 15)
    assert list((home / "pending").iterdir()) == []


def test_a_connected_docker_does_not_hinder_it(
    run_until: RunUntil, home: Path, backend: Backend, start_other: StartOther
) -> None:
    killed = start_other(6, pace=0.08)
    killed.wait_for_frames(2)
    killed.kill()
    shot = trial_shot(2)
    ask(run_until, backend, shot, shot.request(mode="fancy"))  # in a session of its own
    shot = trial_shot(6)
    assert sorted(ask(run_until, backend, shot, shot.request(pace=0.08)).frames) == list(range(6))
    assert notes(home) == []


def test_all_of_it_is_there_even_if_the_backend_was_killed_too(
    run_until: RunUntil, home: Path, backend: Backend, start_other: StartOther
) -> None:
    killed = start_other(8, pace=0.08)
    killed.wait_for_frames(3)
    running = supervisor()
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    killed.kill()
    shot = trial_shot(8)
    asked = ask(run_until, backend, shot, shot.request(pace=0.08))
    assert sorted(asked.frames) == list(range(8))
    log = computed(home)
    assert len(log) <= 9, "only the frame in hand may be computed again"
    assert notes(home) == []


def test_a_living_kritas_job_is_its_own(
    run_until: RunUntil, home: Path, backend: Backend, start_other: StartOther
) -> None:
    other = start_other(10, pace=0.15)
    other.wait_for_frames(2)
    assert backend.pending.for_layers(LAYERS) is None
    shot = trial_shot(10)
    assert backend.pending.take_over(WORK, shot.request(pace=0.15)) is None
    asked = ask(run_until, backend, shot, shot.request(pace=0.15))
    assert sorted(asked.frames) == list(range(10))
    assert other.wait_for_frames(8) == list(range(2, 10)), "neither loses anything"
    assert other.process.stdout is not None
    assert other.process.stdout.readline() == "over\n"
    assert other.process.wait(20) == 0
    assert notes(home) == []


def test_a_shot_that_has_changed_replaces_the_old_job(
    run_until: RunUntil, home: Path, backend: Backend, start_other: StartOther
) -> None:
    killed = start_other(30, pace=0.1)
    killed.wait_for_frames(2)
    killed.kill()
    shot = Shot({0: 0, 1: 500})
    asked = ask(run_until, backend, shot, shot.request(pace=0.1))
    assert asked.frames == [0, 1]
    assert len(computed(home)) < 15, "the old job was stopped"
    assert notes(home) == []
    running = supervisor()
    backend.close()
    assert running is not None
    run_until(lambda: not alive(running), 15)


def test_a_job_that_the_backend_has_forgotten_is_made_anew(
    run_until: RunUntil, home: Path, backend: Backend, start_other: StartOther
) -> None:
    killed = start_other(4, pace=0.08)
    killed.wait_for_frames(2)
    killed.kill()
    running = supervisor()
    assert running is not None
    running.kill()
    running.wait(20)
    for file in home.glob("journal.sqlite3*"):
        file.unlink()
    shot = trial_shot(4)
    assert ask(run_until, backend, shot, shot.request(pace=0.08)).frames == list(range(4))
    assert notes(home) == []


def test_another_document_is_not_concerned(
    run_until: RunUntil, home: Path, backend: Backend, start_other: StartOther
) -> None:
    killed = start_other(5, pace=0.08)
    killed.wait_for_frames(1)
    killed.kill()
    shot = Shot({0: 900, 1: 901})
    other = Pending(Kind.COLORIZE, "other lines", "other keys")
    asked = Asked(backend, shot.request(), shot.pictures, other)
    run_until(lambda: asked.over, 40)
    assert sorted(asked.frames) == [0, 1]
    assert backend.pending.for_layers(LAYERS) == WORK, "still waiting for its document"
    assert len(notes(home)) == 1


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
