"""Job and frame states: one table each, one transition function, terminal states absorb."""

from __future__ import annotations

from enum import Enum


class JobState(str, Enum):
    QUEUED = "queued"
    PREPARING = "preparing"
    RUNNING = "running"
    FINISHING = "finishing"
    DONE = "done"
    DONE_WITH_FAILURES = "done_with_failures"
    CANCELLED = "cancelled"
    FAILED = "failed"
    LOST = "lost"
    """The backend restarted and the job's input is no longer stored."""


class FrameState(str, Enum):
    """State of one drawing's colour in the artist's document."""

    EMPTY = "empty"
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    EDITED = "edited"
    STALE = "stale"
    FAILED = "failed"


_ENDS = {JobState.CANCELLED, JobState.FAILED, JobState.LOST}

JOB_TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.PREPARING, JobState.FINISHING, *_ENDS}),
    # Back to queued: the worker died and the rest is tried again.
    JobState.PREPARING: frozenset({JobState.RUNNING, JobState.QUEUED, *_ENDS}),
    JobState.RUNNING: frozenset({JobState.FINISHING, JobState.QUEUED, *_ENDS}),
    JobState.FINISHING: frozenset({JobState.DONE, JobState.DONE_WITH_FAILURES, *_ENDS}),
    JobState.DONE: frozenset(),
    JobState.DONE_WITH_FAILURES: frozenset(),
    JobState.CANCELLED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.LOST: frozenset(),
}

FRAME_TRANSITIONS: dict[FrameState, frozenset[FrameState]] = {
    FrameState.EMPTY: frozenset({FrameState.PROPOSED, FrameState.FAILED, FrameState.EDITED}),
    FrameState.PROPOSED: frozenset(
        {FrameState.PROPOSED, FrameState.ACCEPTED, FrameState.EDITED, FrameState.STALE, FrameState.FAILED}
    ),
    FrameState.ACCEPTED: frozenset({FrameState.PROPOSED, FrameState.EDITED, FrameState.STALE}),
    # The artist's own work leaves this state only by the artist's wish: accept it, or redo the frame.
    FrameState.EDITED: frozenset({FrameState.ACCEPTED, FrameState.PROPOSED, FrameState.STALE}),
    FrameState.STALE: frozenset(
        {FrameState.PROPOSED, FrameState.ACCEPTED, FrameState.EDITED, FrameState.FAILED}
    ),
    FrameState.FAILED: frozenset({FrameState.PROPOSED, FrameState.EDITED, FrameState.FAILED}),
}


def is_terminal(state: JobState) -> bool:
    return not JOB_TRANSITIONS[state]


def next_job_state(current: JobState, wanted: JobState) -> JobState:
    """The state after asking for `wanted`: terminal states absorb every request.

    Raises:
        ValueError: the table has no such transition (a mistake of ours, never the user's).
    """
    if is_terminal(current) or wanted == current:
        return current
    if wanted not in JOB_TRANSITIONS[current]:
        raise ValueError(f"no transition from {current.value} to {wanted.value}")
    return wanted


def next_frame_state(current: FrameState, wanted: FrameState) -> FrameState:
    """The frame's state after asking for `wanted`.

    Raises:
        ValueError: the table has no such transition.
    """
    if wanted not in FRAME_TRANSITIONS[current] and wanted != current:
        raise ValueError(f"no transition from {current.value} to {wanted.value}")
    return wanted
