"""A store without room and a disk without space: clear errors, and everything works again after."""

from __future__ import annotations

import random

import pytest
from processes.conftest import Connect, Start
from support.supervised import Shot

from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import BlobPut, BlobStored
from keycel_shared.pixels import digest_of
from keycel_shared.states import JobState

KIB = 1024


def test_uploads_beyond_the_budget_are_refused(start: Start, connect: Connect) -> None:
    client = connect(start(store_bytes=64 * KIB).info())
    small = Shot({0: 1})
    assert client.run(small).times == [0]
    record = client.run(Shot({time: time for time in range(10)}, width=64, height=48))
    assert record.error is not None
    assert record.error.code is ErrorCode.RES_STORE_FULL
    assert "keycel serve" in record.error.remedy
    assert client.run(small).reused == 1


def test_results_beyond_the_budget_fail_frame_by_frame(start: Start, connect: Connect) -> None:
    shot = Shot({time: time for time in range(4)}, width=64, height=48)
    # Five pictures of 12 KiB come in, one result fits beside them.
    client = connect(start(store_bytes=76 * KIB).info())
    record = client.run(shot)
    assert record.status is not None
    assert record.status.state is JobState.DONE_WITH_FAILURES
    assert record.times == [0]
    assert {failure.error.code for failure in record.failures.values()} == {ErrorCode.RES_STORE_FULL}


def test_a_full_disk_is_named_and_costs_nothing_that_is_stored(start: Start, connect: Connect) -> None:
    first = start()
    client = connect(first.info(), "the-session")
    shot = Shot({0: 1, 1: 2})
    whole = client.run(shot).pixels()
    client.close()
    first.stop()
    client = connect(start(disk_reserve=2**62).info(), "the-session")
    data = random.Random(1).randbytes(1000)
    with pytest.raises(KeycelError) as caught:
        client.ask(BlobPut(digest_of(data)), BlobStored, data)
    assert caught.value.value.code is ErrorCode.RES_DISK_FULL
    again = client.run(shot)
    assert (again.reused, again.pixels()) == (2, whole)
