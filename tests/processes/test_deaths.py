"""Worker, supervisor and client are killed at bad moments; nothing that was finished is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from processes.conftest import Connect, Start
from support.supervised import Backend, Client, Record, Shot, wait_for
from support.trial_engine import computed

from keycel_shared.errors import ErrorCode
from keycel_shared.messages import JobAccepted, JobSubmit
from keycel_shared.states import JobState
from keycel_shared.submission import Submission


def shot_of(frames: int) -> Shot:
    return Shot({time: time for time in range(frames)})


def stored_files(home: Path) -> list[Path]:
    return list((home / "store").rglob("*.zst"))


def test_a_killed_worker_costs_the_frame_in_hand(start: Start, connect: Connect, tmp_path: Path) -> None:
    client = connect(start().info())
    record = client.start(shot_of(10), pace=0.06)
    client.until(lambda: len(record.deliveries) >= 3)
    client.worker().kill()
    client.until(lambda: record.over)
    assert record.status is not None
    assert (record.status.state, record.status.ready) == (JobState.DONE, 10)
    assert record.times == list(range(10))
    log = computed(tmp_path)
    assert set(log) == set(range(10))
    assert len(log) <= 11, "only the frame in hand may be computed again"
    assert any("trying" in news.phase for news in record.news)


def test_a_worker_may_die_again_and_again_while_there_is_progress(start: Start, connect: Connect) -> None:
    client = connect(start().info())
    record = client.start(shot_of(9), pace=0.06)
    for frames in (1, 3, 5):
        client.until(lambda frames=frames: len(record.deliveries) >= frames)
        client.worker().kill()
        client.listen_for(0.05)
    client.until(lambda: record.over)
    assert record.status is not None
    assert record.status.state is JobState.DONE


def test_a_frame_that_kills_every_worker_fails(start: Start, connect: Connect) -> None:
    client = connect(start().info())
    record = client.run(shot_of(5), die_at=3)
    assert record.status is not None
    assert record.status.state is JobState.DONE_WITH_FAILURES
    assert record.times == [0, 1, 2]
    assert {failure.error.code for failure in record.failures.values()} == {ErrorCode.RUN_WORKER_DIED}
    assert client.run(shot_of(5), targets=(4,)).times == [4], "the next job finds a new worker"


def test_an_idle_worker_that_died_is_replaced(start: Start, connect: Connect) -> None:
    client = connect(start().info())
    worker = client.worker()
    worker.kill()
    wait_for(lambda: not worker.is_running() or worker.status() == "zombie")
    record = client.run(shot_of(2))
    assert record.times == [0, 1]
    assert not any("again" in news.phase for news in record.news)


def test_a_killed_supervisor_is_reattached_and_loses_nothing(
    start: Start, connect: Connect, tmp_path: Path
) -> None:
    first = start()
    client = connect(first.info())
    session = client.session.id
    record = client.start(shot_of(12), pace=0.06, keep=True)
    client.until(lambda: len(record.deliveries) >= 4)
    worker = client.worker()
    first.kill()
    wait_for(lambda: not worker.is_running(), "the orphaned worker's end")
    before = computed(tmp_path)

    again = start()
    client.rebind(again.info())
    assert client.session.welcome is not None
    assert client.session.id == session
    assert [status.job for status in client.session.welcome.jobs] == [record.submission.job]  # type: ignore[union-attr]
    client.until(lambda: record.over)
    assert record.status is not None
    assert (record.status.state, record.status.ready) == (JobState.DONE, 12)
    assert record.times == list(range(12)), "none lost, none handed over twice"
    log = computed(tmp_path)
    assert log[: len(before)] == before
    twice = {time for time in log if log.count(time) > 1}
    assert len(twice) <= 1, "only the frame in hand may be computed again"
    assert record.submission is not None
    record.submission.acknowledge(*record.deliveries)


def test_a_new_client_goes_on_with_the_job_of_a_dead_one(start: Start, connect: Connect) -> None:
    backend = start(grace=20.0)
    shot = shot_of(8)
    dead = Client(backend.owner_info(), "the-session")
    lost = dead.start(shot, pace=0.06, keep=True)
    dead.until(lambda: len(lost.deliveries) >= 2)
    dead.vanish()
    backend.close_pipe()

    client = connect(backend.info(), "the-session")
    assert client.session.welcome is not None
    (status,) = client.session.welcome.jobs
    record = Record()
    record.submission = Submission(client.session, shot.request(), shot.pictures.__getitem__, record)
    record.submission.follow(status)
    client.until(lambda: record.over)
    assert record.times == list(range(8)), "what the dead client had not acknowledged comes again"


def test_unacknowledged_frames_survive_everything(start: Start, connect: Connect, tmp_path: Path) -> None:
    first = start()
    client = connect(first.info(), "the-session")
    shot = shot_of(12)
    record = client.start(shot, keep=True)
    client.until(lambda: record.over)
    first.kill()
    before = computed(tmp_path)

    client = connect(start().info(), "the-session")
    assert client.session.welcome is not None
    (status,) = client.session.welcome.jobs
    assert (status.state, status.ready) == (JobState.DONE, 12)
    again = Record()
    again.submission = Submission(client.session, shot.request(), shot.pictures.__getitem__, again)
    again.submission.follow(status)
    client.until(lambda: again.over)
    assert again.pixels() == record.pixels()
    assert computed(tmp_path) == before


def test_a_queued_job_survives_a_killed_supervisor(start: Start, connect: Connect) -> None:
    first = start()
    client = connect(first.info(), "the-session")
    running, waiting = shot_of(3), Shot({time: 50 + time for time in range(3)})
    client.put(*running.pictures.values(), *waiting.pictures.values())
    client.ask(JobSubmit(running.request(pace=0.5), 8), JobAccepted)
    job = client.ask(JobSubmit(waiting.request(), 8), JobAccepted).status
    first.kill()
    client = connect(start().info(), "the-session")
    record = Record()
    record.submission = Submission(client.session, waiting.request(), waiting.pictures.__getitem__, record)
    record.submission.follow(job)
    client.until(lambda: record.over)
    assert record.times == [0, 1, 2]


def test_a_job_whose_pictures_are_gone_after_a_restart_is_lost(
    start: Start, connect: Connect, tmp_path: Path
) -> None:
    first = start()
    client = connect(first.info(), "the-session")
    record = client.start(shot_of(6), pace=0.3)
    client.until(lambda: record.deliveries)
    first.kill()
    for file in stored_files(tmp_path):
        file.unlink()
    client = connect(start().info(), "the-session")
    assert client.session.welcome is not None
    (status,) = client.session.welcome.jobs
    assert status.state is JobState.LOST
    assert status.error is not None
    assert status.error.code is ErrorCode.RES_MISSING_BLOB


def test_a_damaged_result_is_made_again(start: Start, connect: Connect, tmp_path: Path) -> None:
    client = connect(start().info())
    shot = shot_of(1)
    first = client.run(shot)
    digest = first.deliveries[0].event.digest
    (file,) = [file for file in stored_files(tmp_path) if file.stem == digest]
    file.write_bytes(file.read_bytes()[:-3] + b"\0\0\0")
    damaged = client.run(shot)
    assert damaged.error is not None
    assert damaged.error.code is ErrorCode.RES_MISSING_BLOB
    assert damaged.error.retryable
    assert client.run(shot).pixels() == first.pixels()
    assert computed(tmp_path) == [0, 0]


def test_a_damaged_drawing_fails_alone_and_is_asked_for_again(
    start: Start, connect: Connect, tmp_path: Path
) -> None:
    client = connect(start().info())
    shot = shot_of(4)
    client.put(*shot.pictures.values())
    damaged = shot.drawings[2].digest
    (file,) = [file for file in stored_files(tmp_path) if file.stem == damaged]
    file.write_bytes(b"x" * 40)
    record = client.run(shot)
    assert record.times == [0, 1, 3]
    assert record.failures[2].error.code is ErrorCode.RES_MISSING_BLOB
    again = client.run(shot)
    assert again.uploads[-1] == (1, 1)
    assert again.times == [0, 1, 2, 3]


@pytest.mark.parametrize("damage", [b"", b"not a database" * 100])
def test_a_damaged_journal_is_set_aside(
    start: Start, connect: Connect, tmp_path: Path, damage: bytes
) -> None:
    first = start()
    client = connect(first.info(), "the-session")
    assert client.run(shot_of(2)).times == [0, 1]
    first.kill()
    (tmp_path / "journal.sqlite3").write_bytes(damage)
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"journal.sqlite3{suffix}").unlink(missing_ok=True)
    again: Backend = start()
    client.rebind(again.info())
    assert client.run(shot_of(3)).times == [0, 1, 2], "numbers that start anew are not taken for old"
    assert bool(list(tmp_path.glob("*.unreadable"))) == bool(damage)
