"""Starting, being the only one, and leaving without a trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
from processes.conftest import Connect, Start
from support.supervised import PATIENCE, SOURCES, Backend, Shot, child_environment, wait_for

from keycel_shared import paths
from keycel_shared.connection import ConnectionInfo, read_connection, write_connection
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.launcher import ALREADY_RUNNING, LARGEST_LOG, Launch, is_locked
from keycel_shared.messages import Diagnose, Diagnosis, Done, Shutdown
from keycel_shared.version import PROTOCOL, VERSION


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This process and the ones it launches use a home of their own."""
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(SOURCES))
    return tmp_path


def gone(backend: Backend, children: list[psutil.Process]) -> None:
    assert backend.process.wait(PATIENCE) == 0, backend.log()
    assert not backend.file.exists()
    assert not is_locked(backend.home / "run" / "supervisor.lock")
    wait_for(lambda: not any(child.is_running() for child in children), "the end of the children")


def test_it_leaves_when_the_pipe_is_closed_and_nobody_talks(start: Start, connect: Connect) -> None:
    backend = start(grace=0.3)
    client = connect(backend.owner_info())
    assert client.run(Shot({0: 1})).times == [0]
    client.close()
    children = backend.children()
    assert len(children) == 1
    assert backend.process.poll() is None, "the launcher is still there"
    backend.close_pipe()
    gone(backend, children)
    assert "Traceback" not in backend.log()


def test_it_finishes_the_work_before_it_leaves(start: Start, connect: Connect) -> None:
    backend = start(grace=0.1)
    client = connect(backend.info(), "the-session")
    record = client.start(Shot({time: time for time in range(6)}), pace=0.1)
    client.until(lambda: record.accepted_as)
    client.vanish()
    backend.close_pipe()
    gone(backend, [])
    again = connect(start().info(), "the-session")
    assert again.session.welcome is not None
    (status,) = again.session.welcome.jobs
    assert status.ready == 6


def test_it_leaves_soon_when_everybody_has_said_goodbye(start: Start, connect: Connect) -> None:
    backend = start(grace=60.0, linger=0.2)
    client = connect(backend.owner_info())
    assert client.run(Shot({0: 1})).times == [0]
    client.close()
    backend.close_pipe()
    gone(backend, [])


def test_it_waits_for_a_client_that_was_killed(start: Start, connect: Connect) -> None:
    backend = start(grace=60.0, linger=0.2)
    client = connect(backend.owner_info(), "the-session")
    assert client.run(Shot({0: 1})).times == [0]
    client.vanish()
    backend.close_pipe()
    with pytest.raises(subprocess.TimeoutExpired):
        backend.process.wait(2.5)
    connect(backend.info(), "the-session").close()
    gone(backend, [])


def test_it_waits_while_coloured_frames_wait(start: Start, connect: Connect) -> None:
    backend = start(grace=60.0, linger=0.2)
    client = connect(backend.owner_info(), "the-session")
    record = client.start(Shot({0: 1}), keep=True)
    client.until(lambda: record.over)
    client.close()
    backend.close_pipe()
    with pytest.raises(subprocess.TimeoutExpired):
        backend.process.wait(2.5)
    again = connect(backend.info(), "the-session")
    again.session.acknowledge(*range(1, 10))
    again.close()
    gone(backend, [])


def test_a_client_that_shows_signs_of_life_keeps_it(start: Start, connect: Connect) -> None:
    backend = start(grace=1.0)
    client = connect(backend.info())
    backend.close_pipe()
    for _ in range(5):
        client.ask(Diagnose(), Diagnosis)
        client.listen_for(0.4)
    assert backend.process.poll() is None
    client.close()
    gone(backend, [])


def test_without_owner_it_needs_no_line_and_leaves_after_the_grace_time(start: Start) -> None:
    backend = start(owned=False, grace=0.5)
    children = backend.children()
    gone(backend, children)


def test_an_owner_that_says_nonsense_is_no_owner(home: Path) -> None:
    command = [sys.executable, "-m", "keycel_backend", "serve", "--owned"]
    outcome = subprocess.run(command, input=b"nonsense\n", capture_output=True, check=False, timeout=PATIENCE)
    assert outcome.returncode == 1
    assert not (home / "run" / "connection.json").exists()


def test_a_signal_ends_it_cleanly(start: Start, connect: Connect) -> None:
    backend = start()
    client = connect(backend.info())
    record = client.start(Shot({time: time for time in range(6)}), pace=0.5)
    client.until(lambda: record.news)
    children = backend.children()
    assert children
    backend.process.terminate()
    gone(backend, children)


def test_shutdown_on_request(start: Start, connect: Connect) -> None:
    backend = start()
    client = connect(backend.info())
    children = backend.children()
    client.ask(Shutdown(), Done)
    gone(backend, children)


def test_diagnosis_says_what_support_needs(start: Start, connect: Connect) -> None:
    client = connect(start().info())
    client.run(Shot({0: 1}, keys=(0,)))
    facts = client.ask(Diagnose(), Diagnosis).facts
    assert (facts["version"], facts["protocol"]) == (VERSION, PROTOCOL)
    assert facts["store_blobs"] == 4
    assert facts["sessions"] == 1
    assert int(facts["worker_bytes"] or 0) > 10_000_000
    assert 10_000_000 < int(facts["supervisor_bytes"] or 0) < 150_000_000


def test_the_second_of_one_home_leaves_quietly(start: Start, home: Path) -> None:
    start().info()
    outcome = subprocess.run(
        [sys.executable, "-m", "keycel_backend", "serve"],
        capture_output=True,
        check=False,
        timeout=PATIENCE,
        env=child_environment(home),
    )
    assert outcome.returncode == ALREADY_RUNNING
    assert outcome.stderr == b""


def test_two_launches_at_once_share_one_supervisor(home: Path, connect: Connect) -> None:
    (home / "run").mkdir(mode=0o700)
    dead = ConnectionInfo("tcp://127.0.0.1:1", "tcp://127.0.0.1:2", "", "", "", PROTOCOL, VERSION, "dead", 1)
    write_connection(dead, home / "run" / "connection.json")
    launches = [Launch(sys.executable), Launch(sys.executable)]
    infos: list[ConnectionInfo] = []
    threads = [
        threading.Thread(target=lambda launch=launch: infos.append(launch.wait())) for launch in launches
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({info.instance for info in infos}) == 1
    assert infos[0].instance != "dead"
    clients = [connect(info) for info in infos]
    for client in clients:
        assert client.ask(Diagnose(), Diagnosis).facts["sessions"]
    process = psutil.Process(infos[0].process)
    clients[0].ask(Shutdown(), Done)
    wait_for(lambda: not process.is_running() or process.status() == "zombie", "the supervisor's end")
    for launch in launches:
        launch.release()
        child = launch._child  # pyright: ignore[reportPrivateUsage]
        assert child is not None
        child.wait(PATIENCE)


@pytest.mark.usefixtures("home")
def test_a_launch_finds_the_running_one(start: Start, connect: Connect) -> None:
    backend = start()
    info = backend.info()
    launch = Launch("/no/such/python")
    assert not launch.started_here
    assert launch.wait() == info == read_connection()
    assert connect(launch.wait()).session.welcome is not None


@pytest.mark.usefixtures("home")
def test_a_launch_that_cannot_start_says_why(tmp_path: Path) -> None:
    log = paths.make_private_folder(paths.log_folder()) / "supervisor.log"
    log.write_bytes(bytes(LARGEST_LOG + 1))
    with pytest.raises(KeycelError) as caught:
        Launch("/no/such/python")
    assert caught.value.value.code is ErrorCode.ENV_BACKEND_START
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho out of luck >&2\nexit 3\n")
    broken.chmod(0o755)
    launch = Launch(str(broken))
    with pytest.raises(KeycelError) as caught:
        launch.wait()
    launch.release()
    assert caught.value.value.code is ErrorCode.ENV_BACKEND_START
    assert caught.value.value.detail == "out of luck\n", "an overlong log is put aside first"
    assert log.with_name("supervisor.old.log").stat().st_size == LARGEST_LOG + 1


@pytest.mark.usefixtures("home")
def test_a_running_one_of_another_protocol_is_named(start: Start) -> None:
    backend = start()
    backend.info()
    facts = json.loads(backend.file.read_text())
    paths.write_private_file(backend.file, json.dumps({**facts, "protocol": PROTOCOL + 1}).encode())
    with pytest.raises(KeycelError) as caught:
        Launch(sys.executable)
    assert caught.value.value.code is ErrorCode.LINK_VERSION
