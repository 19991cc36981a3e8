"""Sessions: numbers, credits, acknowledging, reattaching."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from keycel_backend.supervisor.blob_files import BlobFiles
from keycel_backend.supervisor.journal import Journal, KeptEvent
from keycel_backend.supervisor.sessions import Sessions
from keycel_backend.supervisor.store import FrameStore
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import FrameFailed, FrameReady, JobChanged, JobStatus
from keycel_shared.pixels import digest_of
from keycel_shared.states import JobState
from keycel_shared.wire import Message


def ready(job: str, time: int, digest: str = "d" * 64) -> FrameReady:
    return FrameReady(job, time, digest, "e" * 64, "flat", 0, 0.0, 0, False)


def changed(job: str, state: JobState = JobState.RUNNING) -> JobChanged:
    return JobChanged(JobStatus(job, state, 9, 0, 0, "flat"))


class World:
    """A journal, a store and a client that hears everything, or is gone."""

    def __init__(self, folder: Path) -> None:
        self.journal = Journal(folder / "journal.sqlite3")
        self.store = FrameStore(BlobFiles(folder / "store"), budget=10**9, fresh_seconds=0)
        self.heard: list[tuple[bytes, Message]] = []
        self.quiet: list[str] = []
        self.gone = False
        self.restart()

    def restart(self) -> None:
        self.sessions = Sessions(self.journal, self.store, self.send, self.quiet.append)

    def send(self, peer: bytes, message: Message) -> bool:
        if not self.gone:
            self.heard.append((peer, message))
        return not self.gone

    def say(self, *events: KeptEvent) -> None:
        log = self.sessions["s"]
        for event in events:
            with self.journal.transaction():
                log.add(event)
            log.pump(event.status.job if isinstance(event, JobChanged) else event.job)

    def seqs(self) -> list[int]:
        """Numbers of what was heard since the last question."""
        seqs = [message.header.seq for _, message in self.heard]
        self.heard.clear()
        return seqs


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "store").mkdir()
    world = World(tmp_path)
    log = world.sessions.open("s", "test")
    log.open_account("j", 2)
    log.attach(b"peer")
    yield world
    world.journal.close()


def test_events_are_numbered_and_addressed(world: World) -> None:
    world.say(changed("j"), ready("j", 0))
    assert [(peer, message.header.seq, message.header.session) for peer, message in world.heard] == [
        (b"peer", 1, "s"),
        (b"peer", 2, "s"),
    ]


def test_what_lacks_a_credit_waits_and_holds_the_rest_of_its_job(world: World) -> None:
    log = world.sessions["s"]
    log.open_account("other", 1)
    world.say(ready("j", 0), FrameFailed("j", 1, None), ready("j", 2), changed("j"))  # type: ignore[arg-type]
    assert world.seqs() == [1, 2]
    world.say(changed("other"), ready("other", 0))
    assert world.seqs() == [5, 6], "another job does not wait"
    log.grant("j", 1)
    assert world.seqs() == [3, 4]
    log.grant("unknown", 1)
    log.grant("j", -5)
    world.say(ready("j", 3))
    assert world.seqs() == []


def test_reattaching_sends_all_that_is_not_acknowledged_with_fresh_credits(world: World) -> None:
    world.say(changed("j"), ready("j", 0), ready("j", 1), ready("j", 2))
    assert world.seqs() == [1, 2, 3]
    log = world.sessions["s"]
    log.acknowledge([1, 2, 2, 77])
    log.attach(b"new")
    log.pump_all()
    assert {peer for peer, _ in world.heard} == {b"new"}
    assert world.seqs() == [3, 4]


def test_a_restart_keeps_numbers_and_events(world: World) -> None:
    world.say(changed("j"), ready("j", 0), ready("j", 1))
    world.sessions["s"].acknowledge([1, 3])
    world.seqs()
    world.restart()
    log = world.sessions.open("s", "test")
    assert log.last_seq == 3
    log.open_account("j", 2)
    log.attach(b"peer")
    log.pump_all()
    world.say(changed("j"))
    assert world.seqs() == [2, 4]


def test_nothing_is_sent_to_a_client_that_is_gone(world: World) -> None:
    world.gone = True
    world.say(changed("j"))
    world.gone = False
    world.say(changed("j"))
    assert world.seqs() == []
    log = world.sessions["s"]
    log.attach(b"peer")
    log.pump_all()
    assert world.seqs() == [1, 2]
    log.detach()
    world.say(changed("j"))
    assert world.seqs() == []


def test_an_event_acknowledged_before_it_is_sent_costs_no_credit(world: World) -> None:
    world.say(ready("j", 0), ready("j", 1), ready("j", 2), ready("j", 3))
    world.seqs()
    log = world.sessions["s"]
    log.acknowledge([3])
    log.grant("j", 1)
    assert world.seqs() == [4]


def test_the_last_acknowledgement_of_a_job_is_told(world: World) -> None:
    world.say(changed("j"), ready("j", 0), changed("other"))
    log = world.sessions["s"]
    log.acknowledge([1])
    assert world.quiet == []
    log.acknowledge([2])
    assert world.quiet == ["j"]
    assert not log.has_events("j")
    assert log.has_events("other")


def test_pictures_are_pinned_until_their_event_is_acknowledged(world: World) -> None:
    data, more = random.Random(1).randbytes(1000), random.Random(2).randbytes(900)
    digest = digest_of(data)
    world.store.put(digest, data)
    world.store.budget = world.store.total + 100
    world.say(ready("j", 0, digest))
    with pytest.raises(KeycelError) as caught:
        world.store.put(digest_of(more), more)
    assert caught.value.value.code is ErrorCode.RES_STORE_FULL
    world.sessions["s"].acknowledge([1])
    world.store.put(digest_of(more), more)
    assert world.store.missing([digest]) == (digest,)


def test_two_thousand_waiting_frames_are_sent_in_linear_time(world: World) -> None:
    log = world.sessions["s"]
    with world.journal.transaction():
        for time in range(2000):
            log.add(ready("j", time))
    log.pump("j")
    for _ in range(1998):
        log.grant("j", 1)
    assert world.seqs() == list(range(1, 2001))
