"""The journal: what is written is there again, whole or not at all."""

from __future__ import annotations

import logging
import sqlite3
import time
from pathlib import Path

import pytest

from keycel_backend.supervisor.journal import JobRow, Journal, Result, SessionRow
from keycel_shared.errors import ErrorCode, ErrorValue, KeycelError
from keycel_shared.messages import FrameFailed, FrameReady, JobChanged, JobRequest, JobStatus, PictureAt
from keycel_shared.states import JobState

ERROR = ErrorValue(ErrorCode.RUN_FAILED, "It failed.", "Try again.", "detail", True)
REQUEST = JobRequest("flat", "colorize", 4, 3, (PictureAt(0, "a" * 64),), (), options={"gap": 2.5})
EVENTS = (
    JobChanged(JobStatus("j", JobState.RUNNING, 2, 1, 0, "flat", "name", ERROR)),
    FrameReady("j", 3, "d" * 64, "e" * 64, "flat", 2**63 - 1, 0.5, 2, True),
    FrameFailed("j", 4, ERROR),
)


def job(name: str, session: str = "s") -> JobRow:
    return JobRow(name, session, REQUEST, 2, 8, JobState.QUEUED, None)


def fill_disk(journal: Journal) -> None:
    """No page more than the file has already."""
    database = journal._database  # pyright: ignore[reportPrivateUsage]
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages}")


def test_everything_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    journal = Journal(path)
    journal.save_session("s", "Krita")
    for name in ("j2", "j1"):
        journal.add_job(job(name))
    journal.set_state("j2", JobState.FAILED, ERROR)
    for seq, event in enumerate(EVENTS, 1):
        journal.add_event("s", seq, event)
    journal.add_frame("j1", 3, ready=True)
    journal.add_frame("j1", 4, ready=False)
    result = Result("d" * 64, "e" * 64, 2**63 - 1, 0.5, 2)
    journal.add_result("identity", result)
    journal.close()

    again = Journal(path)
    assert again.sessions() == [SessionRow("s", "Krita", 3)]
    assert again.jobs() == [
        JobRow("j2", "s", REQUEST, 2, 8, JobState.FAILED, ERROR),
        job("j1"),
    ]
    assert again.events("s") == dict(enumerate(EVENTS, 1))
    assert again.frames("j1") == {3: True, 4: False}
    assert again.result("identity") == result
    assert again.result("another") is None
    again.close()


def test_what_is_removed_stays_removed_and_numbers_go_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    journal = Journal(path)
    journal.save_session("s", "Krita")
    journal.add_job(job("j"))
    journal.add_frame("j", 0, ready=True)
    for seq, event in enumerate(EVENTS, 1):
        journal.add_event("s", seq, event)
    journal.remove_events("s", [1, 2, 3])
    journal.remove_job("j")
    journal.save_session("s", "Krita again")
    journal.close()
    again = Journal(path)
    assert again.sessions() == [SessionRow("s", "Krita again", 3)]
    assert (again.jobs(), again.events("s"), again.frames("j")) == ([], {}, {})
    again.close()


def test_a_transaction_is_whole_or_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")

    def interrupted() -> None:
        with journal.transaction():
            journal.add_frame("j", 0, ready=True)
            with journal.transaction():
                journal.add_frame("j", 1, ready=True)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert journal.frames("j") == {}
    with journal.transaction():
        journal.add_frame("j", 2, ready=True)
        with journal.transaction():
            journal.add_frame("j", 3, ready=True)
    assert journal.frames("j") == {2: True, 3: True}
    journal.close()


def test_on_a_full_disk_nothing_new_is_promised_and_nothing_stops(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")
    journal.save_session("s", "Krita")
    fill_disk(journal)
    large = JobRow(
        "j", "s", JobRequest("flat", "c", 1, 1, (), (), name="x" * 100_000), 1, 1, JobState.QUEUED, None
    )
    with pytest.raises(KeycelError) as caught:
        journal.add_job(large)
    assert caught.value.value.code is ErrorCode.RES_DISK_FULL
    reached_the_end = False
    with caplog.at_level(logging.ERROR), journal.transaction():
        for seq in range(1, 200):
            journal.add_event("s", seq, EVENTS[2])
        reached_the_end = True
    assert reached_the_end
    assert "cannot be written" in caplog.text
    assert journal.events("s") == {}, "whole or not at all"
    assert journal.sessions() == [SessionRow("s", "Krita", 0)]
    journal.close()


@pytest.mark.parametrize("damage", [b"not a database" * 100, b"SQLite format 3\0" + bytes(5000)])
def test_a_damaged_journal_is_set_aside(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(damage)
    journal = Journal(path)
    assert journal.sessions() == []
    journal.close()
    assert [file.read_bytes() for file in tmp_path.glob("*.unreadable")] == [damage]
    assert "cannot be used" in caplog.text


def test_a_journal_of_another_schema_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    Journal(path).close()
    assert len(list(tmp_path.glob("*.unreadable"))) == 1


def test_silent_sessions_expire_with_all_that_is_theirs(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")
    for session in ("old", "new"):
        journal.save_session(session, "Krita")
        journal.add_job(job(f"job of {session}", session))
        journal.add_frame(f"job of {session}", 0, ready=True)
        journal.add_event(session, 1, EVENTS[0])
        time.sleep(0.01)
        middle = time.time()
        time.sleep(0.01)
        if session == "old":
            border = middle
    journal.expire(border)
    assert [row.id for row in journal.sessions()] == ["new"]
    assert [row.id for row in journal.jobs()] == ["job of new"]
    assert journal.events("old") == {}
    assert journal.frames("job of old") == {}
    assert journal.frames("job of new") == {0: True}
    journal.close()


def test_results_without_their_picture_are_forgotten(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")
    for name in ("kept", "gone"):
        journal.add_result(name, Result(name, "report", 0, 0.0, 0))
    journal.keep_results({"kept", "report"})
    assert journal.result("kept") is not None
    assert journal.result("gone") is None
    journal.close()
