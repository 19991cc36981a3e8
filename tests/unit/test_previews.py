"""Previews of running work: asked for one by one, at most one in a second, and never in the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from keycel_backend.supervisor.blob_files import BlobFiles
from keycel_backend.supervisor.orders import Previewed, Report, Watch, from_line, to_line
from keycel_backend.worker.previews import Previews
from keycel_shared.errors import ErrorCode, ErrorValue
from keycel_shared.messages import (
    BlobData,
    BlobGet,
    Body,
    JobPreview,
    JobRequest,
    JobStatus,
    JobWatch,
)
from keycel_shared.pixels import digest_of
from keycel_shared.states import JobState
from keycel_shared.submission import Submission
from keycel_shared.wire import Message, make

PIXELS = bytes(range(24))
STATUS = JobStatus("j1", JobState.RUNNING, 2, 0, 0, "lvcd")


class _Watchers:
    watched = False

    def is_watched(self, job: str) -> bool:
        assert job == "j1"
        return self.watched

    def was_shown(self, job: str) -> None:
        assert job == "j1"
        self.watched = False


def test_a_preview_is_made_when_asked_for_and_at_most_once_a_second(tmp_path: Path) -> None:
    reports: list[Report] = []
    watchers, now = _Watchers(), [100.0]
    previews = Previews("j1", BlobFiles(tmp_path), reports.append, watchers, lambda: now[0])
    assert not previews.wanted()
    watchers.watched = True
    assert previews.wanted()
    picture = np.full((2, 3, 4), 200, np.uint8)
    picture[..., 0] = 10
    previews.show(7, picture)
    (report,) = reports
    assert isinstance(report, Previewed)
    assert (report.time, report.width, report.height) == (7, 3, 2)
    assert BlobFiles(tmp_path).read(report.digest)[:4] == bytes([200, 200, 10, 200])  # BGRA
    assert not previews.wanted()
    watchers.watched = True
    now[0] += 0.9
    assert not previews.wanted()
    now[0] += 0.2
    assert previews.wanted()


def test_orders_and_reports_pass_the_pipe() -> None:
    for message in (Watch("j1"), Previewed("j1", 3, "d" * 64, 4, 2)):
        assert from_line(to_line(message)) == message


class _Session:
    """Answers nothing by itself."""

    def __init__(self) -> None:
        self.asked: list[tuple[Body, Callable[[Message], None], Callable[[ErrorValue], None]]] = []

    def request(
        self, body: Body, on_reply: Callable[[Message], None], on_error: Callable[[ErrorValue], None]
    ) -> None:
        self.asked.append((body, on_reply, on_error))

    def listen(self, job: str, listener: object) -> None: ...

    def forget(self, job: str) -> None: ...

    def bodies(self) -> list[Body]:
        return [body for body, _, _ in self.asked]


class _Listener:
    def accepted(self, status: JobStatus) -> None: ...

    def failed(self, error: ErrorValue) -> None:
        raise AssertionError(error)


def _submission(session: _Session, seen: list[bytes] | None) -> Submission:
    request = JobRequest("lvcd", "colorize", 3, 2, (), ())
    on_preview = None if seen is None else lambda _, pixels: seen.append(bytes(pixels))
    submission = Submission(session, request, lambda _: b"", _Listener(), on_preview)  # type: ignore[arg-type]
    submission.follow(STATUS)
    return submission


def test_a_client_asks_again_after_each_preview() -> None:
    session, seen = _Session(), list[bytes]()
    submission = _submission(session, seen)
    assert session.bodies() == [JobWatch("j1")]
    digest = digest_of(PIXELS)
    submission.job_preview(JobPreview("j1", 0, digest, 3, 2))
    body, on_data, _ = session.asked[-1]
    assert body == BlobGet(digest)
    on_data(make(BlobData(digest), buffers=[PIXELS]))
    assert seen == [PIXELS]
    assert session.bodies()[-1] == JobWatch("j1")


@pytest.mark.parametrize("trouble", ["gone", "damaged", "refused"])
def test_a_preview_that_does_not_come_fails_nothing(trouble: str) -> None:
    session, seen = _Session(), list[bytes]()
    submission = _submission(session, seen)
    error = ErrorValue(ErrorCode.RES_MISSING_BLOB, "", "")
    if trouble == "refused":  # by a backend that knows no previews
        session.asked[-1][2](error)
        return
    submission.job_preview(JobPreview("j1", 0, digest_of(PIXELS), 3, 2))
    _, on_data, on_error = session.asked[-1]
    if trouble == "gone":
        on_error(error)
    else:
        on_data(make(BlobData(digest_of(PIXELS)), buffers=[PIXELS[:-1]]))
    assert seen == []


def test_who_does_not_look_is_not_asked_about() -> None:
    session = _Session()
    _submission(session, None)
    assert session.bodies() == []
