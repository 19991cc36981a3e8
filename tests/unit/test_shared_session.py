"""Session and submission against a scripted link: order, repeats, silence, reattaching."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import pytest

from keycel_shared.errors import ErrorCode, ErrorValue, KeycelError
from keycel_shared.link import Link
from keycel_shared.messages import (
    Acknowledge,
    BlobData,
    BlobGet,
    BlobNeed,
    BlobPut,
    BlobQuery,
    BlobStored,
    Body,
    Bye,
    Done,
    Error,
    FrameFailed,
    FrameReady,
    Hello,
    JobAccepted,
    JobCancel,
    JobChanged,
    JobCredit,
    JobProgress,
    JobRequest,
    JobStatus,
    JobSubmit,
    PictureAt,
    Ping,
    Pong,
    Welcome,
)
from keycel_shared.pixels import digest_of
from keycel_shared.session import LOST_AFTER, PING_AFTER, Session
from keycel_shared.states import JobState
from keycel_shared.submission import Delivery, Submission
from keycel_shared.wire import Message, make, malformed

PICTURES = {digest_of(data): data for data in (b"drawing 0", b"drawing 1", b"drawing 2", b"key")}
D0, D1, D2, KEY = PICTURES
REPORT = json.dumps({"palette": [], "regions": []}).encode()
REQUEST = JobRequest(
    "flat", "colorize", 4, 3, (PictureAt(0, D0), PictureAt(1, D1), PictureAt(2, D2)), (PictureAt(0, KEY),)
)
PROBLEM = ErrorValue(ErrorCode.RUN_FAILED, "It failed.", "Try again.")


class FakeLink:
    """Keeps what is sent; gives what the test puts in."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.inbox: deque[Message | KeycelError] = deque()
        self.closed = False

    def send(self, message: Message) -> None:
        assert not self.closed
        self.sent.append(message)

    def receive(self) -> Message | None:
        if not self.inbox:
            return None
        message = self.inbox.popleft()
        if isinstance(message, KeycelError):
            raise message
        return message

    def close(self, linger: float = 0.0) -> None:
        del linger
        self.closed = True


class World:
    """A session, its link, a clock, and the supervisor's part played by the test."""

    def __init__(self) -> None:
        self.now = 0.0
        self.link = FakeLink()
        self.session = Session(cast("Link", self.link), "test", "s", lambda: self.now)
        self.welcome()

    def sent(self, kind: type[Body]) -> list[Message]:
        """Messages of a kind sent since the last question."""
        found = [message for message in self.link.sent if isinstance(message.body, kind)]
        self.link.sent = [message for message in self.link.sent if message not in found]
        return found

    def bodies(self, kind: type[Body]) -> list[Any]:
        return [message.body for message in self.sent(kind)]

    def hear(self, *messages: Message | KeycelError) -> None:
        self.link.inbox.extend(messages)
        while self.session.process_one():
            pass

    def answer(self, request: Message, body: Body, *buffers: bytes) -> None:
        self.hear(make(body, parent=request.header.id, buffers=buffers))

    def event(self, seq: int, body: Body) -> None:
        self.hear(make(body, session="s", seq=seq))

    def welcome(self, *jobs: JobStatus, last_seq: int = 0) -> None:
        (hello,) = self.sent(Hello)
        self.answer(hello, Welcome("i", "0", (), jobs, last_seq))

    def reconnect(self, *jobs: JobStatus, last_seq: int = 0) -> None:
        self.link = FakeLink()
        self.session.rebind(cast("Link", self.link))
        self.welcome(*jobs, last_seq=last_seq)

    def serve_blobs(self) -> None:
        """Answer every blob request that is waiting."""
        while requests := self.sent(BlobGet):
            for request in requests:
                digest = request.expect(BlobGet).digest
                data = REPORT if digest == digest_of(REPORT) else PICTURES[digest]
                self.answer(request, BlobData(digest), data)


class Record:
    """A listener that writes everything down."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.deliveries: list[Delivery] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: self.heard.append((name, arguments))

    def frame(self, delivery: Delivery) -> None:
        self.heard.append(("frame", delivery.event.time))
        self.deliveries.append(delivery)

    def names(self) -> list[str]:
        return [name for name, _ in self.heard]


@pytest.fixture
def world() -> World:
    return World()


def status(state: JobState = JobState.RUNNING, job: str = "j") -> JobStatus:
    return JobStatus(job, state, 3, 0, 0, "flat")


def ready(time: int, digest: str = D0) -> FrameReady:
    return FrameReady("j", time, digest, digest_of(REPORT), "flat", 0, 0.1, 0, False)


def submitted(world: World) -> tuple[Submission, Record]:
    """A submission whose job the supervisor has accepted."""
    record = Record()
    submission = Submission(world.session, REQUEST, PICTURES.__getitem__, record)
    submission.start()
    (query,) = world.sent(BlobQuery)
    world.answer(query, BlobNeed(()))
    (submit,) = world.sent(JobSubmit)
    record.heard.clear()
    world.answer(submit, JobAccepted(status(JobState.QUEUED)))
    return submission, record


# ---------------------------------------------------------------------------- session


def test_each_request_is_answered_once(world: World) -> None:
    answers: list[object] = []
    world.session.request(Ping(), answers.append, answers.append)
    world.session.request(Ping(), answers.append, answers.append)
    first, second = world.sent(Ping)
    world.answer(second, Error(PROBLEM))
    world.answer(first, Pong())
    world.answer(first, Pong())
    assert [type(answer) for answer in answers] == [ErrorValue, Message]


def test_events_before_the_listener_wait_for_it(world: World) -> None:
    record = Record()
    world.event(2, ready(1))
    world.event(1, JobChanged(status()))
    world.event(3, JobChanged(status(job="other")))
    world.session.listen("j", record)
    assert [arguments[0] for _, arguments in record.heard] == [1, 2]


def test_a_repeated_event_is_dropped_and_its_credit_given_back(world: World) -> None:
    record = Record()
    world.session.listen("j", record)
    world.event(1, ready(0))
    world.event(1, ready(0))
    world.event(2, JobChanged(status()))
    world.event(2, JobChanged(status()))
    assert len(record.heard) == 2
    assert world.bodies(JobCredit) == [JobCredit("j", 1)]


def test_a_supervisor_that_counts_anew_is_believed(world: World) -> None:
    record = Record()
    world.session.listen("j", record)
    world.event(7, JobChanged(status()))
    world.reconnect(last_seq=7)
    world.event(7, JobChanged(status()))
    world.reconnect(last_seq=0)
    world.event(1, JobChanged(status()))
    world.event(7, JobChanged(status()))
    events = [arguments[0] for name, arguments in record.heard if name == "job_event"]
    assert events == [7, 1, 7]


def test_silence_is_asked_about_and_then_means_lost(world: World) -> None:
    record = Record()
    world.session.listen("j", record)
    failures: list[ErrorValue] = []
    world.session.request(Ping(), lambda _: None, failures.append)
    world.sent(Ping)
    world.now = PING_AFTER + 0.1
    world.session.tick()
    world.session.tick()
    assert len(world.sent(Ping)) == 1
    world.now = LOST_AFTER - 0.1
    world.session.tick()
    assert world.session.lost is None
    world.now = LOST_AFTER + 0.1
    world.session.tick()
    assert world.session.lost is not None
    assert world.session.lost.code is ErrorCode.LINK_LOST
    assert world.session.lost.retryable
    assert [error.code for error in failures] == [ErrorCode.LINK_LOST]
    assert record.names() == ["link_lost"]


def test_any_message_is_a_sign_of_life(world: World) -> None:
    for _ in range(5):
        world.now += LOST_AFTER * 0.9
        world.hear(make(JobProgress("j", 0.5, "")))
        world.session.tick()
    assert world.session.lost is None


def test_an_unreadable_message_loses_the_link(world: World) -> None:
    world.hear(malformed("nonsense"))
    assert world.session.lost is not None
    assert world.session.lost.code is ErrorCode.LINK_MALFORMED


def test_an_error_to_nobody_loses_the_link(world: World) -> None:
    world.hear(make(Error(PROBLEM)))
    assert world.session.lost == PROBLEM


def test_leaving_says_goodbye_unless_the_link_is_lost(world: World) -> None:
    errors: list[ErrorValue] = []
    world.session.request(Ping(), lambda _: None, errors.append)
    world.session.close()
    assert world.bodies(Bye) == [Bye()]
    assert world.link.closed
    assert [error.code for error in errors] == [ErrorCode.LINK_LOST], "nobody waits for ever"
    other = World()
    other.hear(make(Error(PROBLEM)))
    other.session.close()
    assert other.bodies(Bye) == []


# ---------------------------------------------------------------------------- submission


def test_only_missing_pictures_are_sent_two_at_a_time(world: World) -> None:
    record = Record()
    Submission(world.session, REQUEST, PICTURES.__getitem__, record).start()
    (query,) = world.sent(BlobQuery)
    assert query.body == BlobQuery((D0, D1, D2, KEY))
    world.answer(query, BlobNeed((D1, D2, KEY)))
    first, second = world.sent(BlobPut)
    assert first.buffers == (PICTURES[D1],)
    world.answer(first, BlobStored(D1))
    (third,) = world.sent(BlobPut)
    for put in (second, third):
        assert not world.sent(JobSubmit)
        world.answer(put, BlobStored(put.expect(BlobPut).digest))
    assert len(world.sent(JobSubmit)) == 1
    assert [arguments for _, arguments in record.heard] == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_frames_are_handed_over_checked_and_then_the_end(world: World) -> None:
    submission, record = submitted(world)
    world.event(1, JobChanged(status()))
    world.event(2, ready(0, D0))
    world.event(3, ready(1, D1))
    world.event(4, JobChanged(status(JobState.FINISHING)))
    world.event(5, JobChanged(status(JobState.DONE)))
    assert record.names() == ["accepted"]
    world.serve_blobs()
    assert record.names() == ["accepted", "frame", "frame", "finished"]
    assert bytes(record.deliveries[1].pixels) == PICTURES[D1]
    assert world.bodies(JobCredit) == [JobCredit("j", 1)] * 2
    assert world.bodies(Acknowledge) == [Acknowledge((1,)), Acknowledge((4,))]
    submission.acknowledge(record.deliveries[0])
    assert world.bodies(Acknowledge) == [Acknowledge((2,))]
    submission.acknowledge(record.deliveries[1])
    assert world.bodies(Acknowledge) == [Acknowledge((3,)), Acknowledge((5,))], "the end comes last"


def test_failed_frames_need_no_fetching(world: World) -> None:
    submission, record = submitted(world)
    world.event(1, FrameFailed("j", 1, PROBLEM))
    world.event(2, ready(0, D0))
    world.serve_blobs()
    world.event(3, JobChanged(status(JobState.DONE_WITH_FAILURES)))
    assert record.names() == ["accepted", "frame_failed", "frame", "finished"]
    assert world.bodies(Acknowledge) == [], "who reattaches hears of the failure, too"
    submission.acknowledge(*record.deliveries)
    assert world.bodies(Acknowledge) == [Acknowledge((2,)), Acknowledge((1, 3))]


def test_a_job_without_any_good_frame_is_over_at_its_end(world: World) -> None:
    _, record = submitted(world)
    world.event(1, FrameFailed("j", 1, PROBLEM))
    world.event(2, JobChanged(status(JobState.FAILED)))
    assert record.names() == ["accepted", "frame_failed", "finished"]
    assert world.bodies(Acknowledge) == [Acknowledge((1, 2))]


def test_a_damaged_frame_is_never_handed_over(world: World) -> None:
    _, record = submitted(world)
    world.event(1, ready(0, D0))
    request = world.sent(BlobGet)[0]
    world.answer(request, BlobData(D0), b"something else")
    assert record.names() == ["accepted", "failed"]


def test_after_a_reconnect_what_was_under_way_is_fetched_again(world: World) -> None:
    _, record = submitted(world)
    world.event(1, ready(0, D0))
    assert len(world.sent(BlobGet)) == 2
    world.reconnect(status(), last_seq=1)
    world.event(1, ready(0, D0))
    world.serve_blobs()
    assert record.names() == ["accepted", "frame"]


def test_a_job_that_the_supervisor_forgot_is_submitted_again(world: World) -> None:
    _, record = submitted(world)
    world.reconnect()
    (query,) = world.sent(BlobQuery)
    world.answer(query, BlobNeed(()))
    assert len(world.sent(JobSubmit)) == 1
    assert "failed" not in record.names()


def test_following_a_job_after_a_restart_of_the_client(world: World) -> None:
    world.event(4, ready(0, D0))
    record = Record()
    submission = Submission(world.session, REQUEST, PICTURES.__getitem__, record)
    submission.follow(status())
    world.event(5, JobChanged(status(JobState.DONE)))
    world.serve_blobs()
    assert record.names() == ["accepted", "frame", "finished"]
    assert not world.sent(BlobQuery)


def test_cancel_at_every_moment(world: World) -> None:
    record = Record()
    early = Submission(world.session, REQUEST, PICTURES.__getitem__, record)
    early.start()
    early.cancel()
    (query,) = world.sent(BlobQuery)
    world.answer(query, BlobNeed((D0,)))
    (put,) = world.sent(BlobPut)
    world.answer(put, BlobStored(D0))
    assert not world.sent(JobSubmit)
    (error,) = [arguments[0] for name, arguments in record.heard if name == "failed"]
    assert error.code is ErrorCode.RUN_CANCELLED

    late, record = submitted(world)
    late.cancel()
    (cancel,) = world.sent(JobCancel)
    world.answer(cancel, Done())
    world.event(1, JobChanged(status(JobState.CANCELLED)))
    assert record.names() == ["accepted", "finished"]


def test_an_abandoned_job_is_cancelled_and_let_go_of(world: World) -> None:
    submission, record = submitted(world)
    world.event(1, ready(0, D0))
    world.serve_blobs()
    world.event(2, ready(1, D1))
    world.event(3, FrameFailed("j", 2, PROBLEM))
    world.bodies(JobCredit)
    submission.abandon()
    (cancel,) = world.sent(JobCancel)
    world.answer(cancel, Done())
    assert set(world.bodies(Acknowledge)[0].seqs) == {1, 2, 3}
    heard = list(record.heard)
    world.serve_blobs()
    world.event(4, ready(2, D2))
    world.event(5, JobChanged(status(JobState.CANCELLED)))
    assert record.heard == heard, "nobody wants to know"
    assert world.bodies(Acknowledge) == [Acknowledge((4,)), Acknowledge((5,))]
    assert world.bodies(JobCredit) == [JobCredit("j", 1)]
    assert not world.session.has_listener("j")


def test_a_finished_job_is_abandoned_without_a_word_of_cancelling(world: World) -> None:
    submission, _ = submitted(world)
    world.event(1, ready(0, D0))
    world.event(2, JobChanged(status(JobState.DONE)))
    world.serve_blobs()
    submission.abandon()
    assert world.bodies(Acknowledge) == [Acknowledge((1,)), Acknowledge((2,))]
    assert not world.sent(JobCancel)


def test_abandoning_at_every_moment_before_the_job_exists(world: World) -> None:
    for answers in range(3):
        record = Record()
        submission = Submission(world.session, REQUEST, PICTURES.__getitem__, record)
        submission.start()
        (query,) = world.sent(BlobQuery)
        if answers == 0:
            submission.abandon()
        world.answer(query, BlobNeed((D0,)))
        if answers == 0:
            assert not world.sent(BlobPut)
            continue
        (put,) = world.sent(BlobPut)
        if answers == 1:
            submission.abandon()
        world.answer(put, BlobStored(D0))
        if answers == 1:
            assert not world.sent(JobSubmit)
            continue
        (submit,) = world.sent(JobSubmit)
        submission.abandon()
        world.answer(submit, JobAccepted(status(JobState.QUEUED)))
        assert world.bodies(JobCancel) == [JobCancel("j")]
        assert "accepted" not in record.names()


def test_an_abandoned_job_is_cancelled_again_by_the_next_supervisor(world: World) -> None:
    submission, _ = submitted(world)
    submission.abandon()
    world.sent(JobCancel)
    world.reconnect(status(), last_seq=0)
    (cancel,) = world.sent(JobCancel)
    world.answer(cancel, Error(PROBLEM))
    assert not world.session.has_listener("j"), "it was over"


def test_a_supervisor_known_to_be_gone_is_lost_at_once(world: World) -> None:
    record = Record()
    world.session.listen("j", record)
    world.session.give_up("the process has ended")
    world.session.give_up("twice")
    assert world.session.lost is not None
    assert (world.session.lost.code, world.session.lost.retryable) == (ErrorCode.LINK_LOST, True)
    assert record.names() == ["link_lost"]


def test_a_refused_job_fails_with_the_supervisors_words(world: World) -> None:
    record = Record()
    Submission(world.session, REQUEST, PICTURES.__getitem__, record).start()
    (query,) = world.sent(BlobQuery)
    world.answer(query, Error(PROBLEM))
    assert record.heard == [("failed", (PROBLEM,))]
