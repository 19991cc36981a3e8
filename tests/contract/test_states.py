"""The two tables of states."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keycel_shared.states import (
    FRAME_TRANSITIONS,
    JOB_TRANSITIONS,
    FrameState,
    JobState,
    is_terminal,
    next_frame_state,
    next_job_state,
)

ENDS = {
    JobState.DONE,
    JobState.DONE_WITH_FAILURES,
    JobState.CANCELLED,
    JobState.FAILED,
    JobState.LOST,
}


def test_every_state_is_in_its_table() -> None:
    assert set(JOB_TRANSITIONS) == set(JobState)
    assert set(FRAME_TRANSITIONS) == set(FrameState)
    assert {state for state in JobState if is_terminal(state)} == ENDS


@given(st.sampled_from(sorted(ENDS)), st.lists(st.sampled_from(JobState)))
def test_terminal_states_absorb_everything(end: JobState, wanted: list[JobState]) -> None:
    state = end
    for wish in wanted:
        state = next_job_state(state, wish)
    assert state is end


@given(st.lists(st.sampled_from(JobState)))
def test_no_sequence_of_wishes_leaves_the_table(wanted: list[JobState]) -> None:
    state = JobState.QUEUED
    for wish in wanted:
        before = state
        try:
            state = next_job_state(state, wish)
        except ValueError:
            assert wish not in JOB_TRANSITIONS[before]
        assert state is before or state in JOB_TRANSITIONS[before]


@pytest.mark.parametrize("start", list(JobState))
def test_every_state_can_end(start: JobState) -> None:
    reached, border = {start}, {start}
    while border:
        border = {after for state in border for after in JOB_TRANSITIONS[state]} - reached
        reached |= border
    assert reached & ENDS
    if start not in ENDS:
        assert {JobState.CANCELLED, JobState.FAILED, JobState.LOST} <= set(JOB_TRANSITIONS[start])


def test_only_a_finishing_job_is_done() -> None:
    for end in (JobState.DONE, JobState.DONE_WITH_FAILURES):
        assert [state for state in JobState if end in JOB_TRANSITIONS[state]] == [JobState.FINISHING]


def test_the_artists_own_work_is_never_made_a_failure() -> None:
    for state in (FrameState.EDITED, FrameState.ACCEPTED):
        with pytest.raises(ValueError, match="no transition"):
            next_frame_state(state, FrameState.FAILED)
        with pytest.raises(ValueError, match="no transition"):
            next_frame_state(state, FrameState.EMPTY)


@given(st.sampled_from(FrameState), st.sampled_from(FrameState))
def test_a_frame_stays_or_goes_where_the_table_allows(state: FrameState, wanted: FrameState) -> None:
    if wanted is state or wanted in FRAME_TRANSITIONS[state]:
        assert next_frame_state(state, wanted) is wanted
    else:
        with pytest.raises(ValueError, match="no transition"):
            next_frame_state(state, wanted)
