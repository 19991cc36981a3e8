"""Whole jobs through a real supervisor and worker, over real sockets."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from support.supervised import Backend, Client, Shot, wait_for
from support.trial_engine import computed

from keycel_backend.engines.seeds import frame_seed
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import (
    BlobData,
    BlobGet,
    BlobNeed,
    BlobPut,
    BlobQuery,
    BlobStored,
    Done,
    FrameReady,
    JobAccepted,
    JobCancel,
    JobCredit,
    JobEstimate,
    JobList,
    JobListing,
    JobPlan,
    JobPreview,
    JobSubmit,
    JobWatch,
    PictureAt,
)
from keycel_shared.pixels import digest_of
from keycel_shared.states import JobState


def expected(shot: Shot, take: int = 0) -> dict[int, bytes]:
    """What the trial engine makes of a shot."""
    result: dict[int, bytes] = {}
    for drawing in shot.drawings:
        seed = frame_seed(take, drawing.digest)
        red, green, blue, alpha = (seed >> shift & 255 for shift in (0, 8, 16, 24))
        result[drawing.time] = bytes([blue, green, red, alpha]) + shot.pictures[drawing.digest][4:]
    return result


def test_every_drawing_comes_back_and_repeats_are_computed_once(
    shared_backend: Backend, client: Client
) -> None:
    shot = Shot({0: 1, 3: 2, 4: 3, 7: 1, 9: 2}, keys=(7,))
    before = len(computed(shared_backend.home))
    record = client.run(shot)
    assert record.status is not None
    assert record.status.state is JobState.DONE
    assert (record.status.total, record.status.ready, record.status.failed) == (5, 5, 0)
    assert record.pixels() == expected(shot)
    assert sorted(computed(shared_backend.home)[before:]) == [0, 3, 4]
    assert record.uploads[-1] == (4, 4)
    by_time = {delivery.event.time: delivery for delivery in record.deliveries}
    assert by_time[0].report["regions"][0]["reason"] == "painted at [7]"
    assert by_time[7].report == by_time[0].report
    assert by_time[0].report["palette"] == [[1, 2, 3, 255]]
    assert {delivery.event.unsure for delivery in record.deliveries} == {1}
    assert record.news
    assert all(0 <= news.share <= 1 for news in record.news)


def test_pressing_again_is_free(shared_backend: Backend, client: Client) -> None:
    shot = Shot({time: 100 + time for time in range(6)})
    first = client.run(shot)
    before = computed(shared_backend.home)
    plan = client.ask(JobPlan(shot.request()), JobEstimate)
    assert (plan.frames, plan.stored, plan.seconds) == (6, 6, 0)
    second = client.run(shot, mode="plain")  # a default that is written out is the same work
    assert computed(shared_backend.home) == before
    assert (first.reused, second.reused) == (0, 6)
    assert second.pixels() == first.pixels()
    assert second.uploads == [(0, 0)]
    assert client.run(shot, mode="fancy").reused == 0


def test_estimate_before_any_work(client: Client) -> None:
    shot = Shot({0: 110, 1: 111, 2: 110})
    request = shot.request(pace=0.5)
    plan = client.ask(JobPlan(request), JobEstimate)
    assert plan == JobEstimate(seconds=3.0, memory_bytes=16 * 12, frames=3, stored=0)
    unread = tuple(PictureAt(drawing.time, "") for drawing in request.drawings)
    plan = client.ask(JobPlan(replace(request, drawings=unread)), JobEstimate)
    assert plan == JobEstimate(seconds=4.5, memory_bytes=16 * 12, frames=3, stored=0)


def test_a_target_on_a_hold_means_the_drawing_shown(client: Client) -> None:
    shot = Shot({0: 120, 5: 121, 9: 122})
    assert client.run(shot, targets=(7, 5, 11)).times == [5, 9]


def test_a_new_take_changes_its_targets_and_nothing_else(client: Client) -> None:
    shot = Shot({time: 130 + time for time in range(4)})
    whole = client.run(shot, seed=5).pixels()
    assert whole == expected(shot), "without redraw the seed has no influence"
    take = client.run(shot, seed=5, redraw=True, targets=(2,))
    assert take.pixels() == {2: expected(shot, take=5)[2]}
    assert take.deliveries[0].event.seed == 5
    assert client.run(shot, seed=5, redraw=True, targets=(2,)).reused == 1
    assert client.run(shot, seed=6, redraw=True, targets=(2,)).reused == 0
    again = client.run(shot)
    assert (again.reused, again.pixels()) == (4, whole)


def test_a_bad_frame_costs_only_itself(client: Client) -> None:
    shot = Shot({time: 140 + time for time in range(9)})
    record = client.run(shot, fail_at=4)
    assert record.status is not None
    assert record.status.state is JobState.DONE_WITH_FAILURES
    assert record.times == [0, 1, 2, 3, 5, 6, 7, 8]
    error = record.failures[4].error
    assert (error.code, error.detail) == (ErrorCode.RUN_FAILED, "ZeroDivisionError: as asked")
    assert "Traceback" not in error.detail


def test_a_frame_too_large_for_memory_says_so(client: Client) -> None:
    record = client.run(Shot({0: 150, 1: 151}), exhaust_at=1)
    assert record.failures[1].error.code is ErrorCode.RES_OUT_OF_MEMORY
    assert record.times == [0]


def test_a_frame_that_the_engine_forgets_is_reported(client: Client) -> None:
    record = client.run(Shot({0: 152, 1: 153}), skip_at=1)
    assert record.failures[1].error.code is ErrorCode.RUN_FAILED
    assert record.times == [0]


def test_a_job_without_a_good_frame_has_failed(client: Client) -> None:
    record = client.run(Shot({time: 160 + time for time in range(5)}), fail_always=True)
    assert record.status is not None
    assert record.status.state is JobState.FAILED
    assert record.status.error is not None
    assert record.status.error.code is ErrorCode.DOC_NO_LINES
    assert sorted(record.failures) == [0, 1, 2, 3, 4]


def test_cancel_is_quick_and_keeps_what_is_finished(shared_backend: Backend, client: Client) -> None:
    shot = Shot({time: 170 + time for time in range(20)})
    record = client.start(shot, pace=0.15)
    client.until(lambda: len(record.deliveries) >= 2)
    began = time.monotonic()
    assert record.submission is not None
    record.submission.cancel()
    client.until(lambda: record.over)
    assert time.monotonic() - began < 1.0
    assert record.status is not None
    assert record.status.state is JobState.CANCELLED
    before = computed(shared_backend.home)
    rest = client.run(shot, pace=0.15, targets=tuple(range(4)))
    assert rest.reused >= 2
    assert len(computed(shared_backend.home)) - len(before) == 4 - rest.reused


def test_a_stubborn_engine_is_killed_and_the_next_job_runs(client: Client) -> None:
    record = client.start(Shot({0: 200, 1: 201}), pace=60.0, stubborn=True)
    worker = client.worker()
    client.until(lambda: record.news or (record.accepted_as and worker.is_running()))
    client.listen_for(0.3)
    assert record.submission is not None
    record.submission.cancel()
    client.until(lambda: record.over, seconds=5)
    assert record.status is not None
    assert record.status.state is JobState.CANCELLED
    assert client.run(Shot({0: 202})).times == [0]
    wait_for(lambda: not worker.is_running(), "the end of the worker")


def test_a_queued_job_is_cancelled_at_once(client: Client) -> None:
    running = client.start(Shot({time: 210 + time for time in range(30)}), pace=0.1)
    client.until(lambda: running.deliveries)
    waiting = client.start(Shot({time: 250 + time for time in range(3)}))
    client.until(lambda: waiting.accepted_as)
    assert waiting.submission is not None
    assert running.submission is not None
    waiting.submission.cancel()
    client.until(lambda: waiting.over)
    assert not running.over
    assert waiting.status is not None
    assert waiting.status.state is JobState.CANCELLED
    assert not waiting.times
    running.submission.cancel()
    client.until(lambda: running.over)


def test_credits_hold_frames_back_but_not_the_work(client: Client, shared_backend: Backend) -> None:
    shot = Shot({time: 260 + time for time in range(5)})
    client.put(*shot.pictures.values())
    status = client.ask(JobSubmit(shot.request(), 2), JobAccepted).status
    events: list[str] = []

    class Listener:
        def job_progress(self, progress: object) -> None: ...

        def job_event(self, seq: int, event: object) -> None:
            del seq
            events.append(type(event).__name__)

        def link_lost(self, error: object) -> None: ...

        def link_restored(self, welcome: object) -> None: ...

    client.session.listen(status.job, Listener())
    wait_for(lambda: set(range(5)) <= set(computed(shared_backend.home)[-5:]), "the work")
    client.listen_for(0.3)
    assert events == ["JobChanged", "JobChanged", "FrameReady", "FrameReady"]
    client.session.notify(JobCredit(status.job, 1))
    client.listen_for(0.2)
    assert events[4:] == ["FrameReady"]
    client.session.notify(JobCredit(status.job, 100))
    client.until(lambda: len(events) == 9)
    assert events[5:] == ["FrameReady", "FrameReady", "JobChanged", "JobChanged"]


def test_a_preview_comes_for_each_that_is_asked_for(client: Client) -> None:
    shot = Shot({0: 270})
    client.put(*shot.pictures.values())
    status = client.ask(JobSubmit(shot.request(pace=3.0), 8), JobAccepted).status
    previews: list[JobPreview] = []
    over: list[object] = []

    class Listener:
        def job_progress(self, progress: object) -> None: ...

        def job_preview(self, preview: JobPreview) -> None:
            previews.append(preview)

        def job_event(self, seq: int, event: object) -> None:
            if isinstance(event, FrameReady):
                over.append(seq)

        def link_lost(self, error: object) -> None: ...

        def link_restored(self, welcome: object) -> None: ...

    client.session.listen(status.job, Listener())
    client.listen_for(0.5)
    assert previews == []
    client.ask(JobWatch(status.job), Done)
    client.until(lambda: len(previews) == 1)
    client.listen_for(1.2)
    assert len(previews) == 1
    (preview,) = previews
    assert (preview.time, preview.digest) == (0, shot.drawings[0].digest)
    assert client.ask(BlobGet(preview.digest), BlobData) == BlobData(preview.digest)
    client.until(lambda: bool(over))


def test_jobs_are_listed_until_all_their_events_are_acknowledged(client: Client) -> None:
    record = client.start(Shot({0: 280, 1: 281}), keep=True)
    client.until(lambda: record.over)
    (status,) = client.ask(JobList(), JobListing).jobs
    assert (status.state, status.ready) == (JobState.DONE, 2)
    assert record.submission is not None
    record.submission.acknowledge(*record.deliveries)
    assert client.ask(JobList(), JobListing).jobs == ()
    with pytest.raises(KeycelError) as caught:
        client.ask(JobCancel(status.job), Done)
    assert caught.value.value.code is ErrorCode.RUN_NO_SUCH_JOB


def test_a_bad_request_is_refused_and_a_picture_that_is_not_stored(client: Client) -> None:
    shot = Shot({0: 290})
    with pytest.raises(KeycelError) as caught:
        client.ask(JobSubmit(shot.request(), 8), JobAccepted)
    assert caught.value.value.code is ErrorCode.RES_MISSING_BLOB
    assert client.run(shot, engine="nothing").error.code is ErrorCode.REG_NO_ENGINE  # type: ignore[union-attr]
    assert client.run(shot, mode="odd").error.code is ErrorCode.DOC_BAD_OPTION  # type: ignore[union-attr]
    assert client.run(shot, keyframes=()).error.code is ErrorCode.DOC_NO_KEYFRAME  # type: ignore[union-attr]


def test_blobs_are_checked(client: Client) -> None:
    data = b"some bytes"
    digest = digest_of(data)
    assert client.ask(BlobQuery((digest, digest)), BlobNeed).digests == (digest,)
    with pytest.raises(KeycelError) as caught:
        client.ask(BlobPut(digest), BlobStored, b"other bytes")
    assert caught.value.value.code is ErrorCode.LINK_MALFORMED
    with pytest.raises(KeycelError) as caught:
        client.ask(BlobGet(digest), BlobStored)
    assert caught.value.value.code is ErrorCode.RES_MISSING_BLOB
    with pytest.raises(KeycelError) as caught:
        client.ask(BlobGet("../../etc/passwd"), BlobStored)
    assert caught.value.value.code is ErrorCode.LINK_MALFORMED
    assert client.ask(BlobPut(digest), BlobStored, data).digest == digest
    assert client.ask(BlobQuery((digest,)), BlobNeed).digests == ()


def test_a_shot_of_two_thousand_frames(client: Client) -> None:
    shot = Shot({time: 10_000 + time % 600 for time in range(2000)}, width=4, height=4)
    record = client.run(shot)
    assert record.status is not None
    assert (record.status.state, record.status.ready) == (JobState.DONE, 2000)
    began = time.monotonic()
    assert client.ask(JobPlan(shot.request()), JobEstimate).stored == 2000
    assert time.monotonic() - began < 2


def test_the_real_engine_paints_a_box(client: Client) -> None:
    width, height = 64, 48
    line = np.zeros((height, width, 4), np.uint8)
    line[10:40, 12:52] = (0, 0, 0, 255)
    line[13:37, 15:49] = 0
    painted = line.copy()
    painted[13:37, 15:49] = (40, 90, 200, 255)
    moved = np.roll(line, 3, axis=1)
    shot = Shot({}, width, height, keys=())
    for picture in (line, painted, moved):
        shot.pictures[digest_of(picture.tobytes())] = picture.tobytes()
    first, key, second = shot.pictures
    shot.drawings = (PictureAt(0, first), PictureAt(4, second))
    shot.keyframes = (PictureAt(0, key),)
    record = client.run(shot, engine="flat")
    assert record.status is not None
    assert record.status.state is JobState.DONE, record
    flats = np.frombuffer(record.pixels()[4], np.uint8).reshape(height, width, 4)
    assert tuple(flats[25, 35]) == (40, 90, 200, 255)
