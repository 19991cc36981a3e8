"""The frame store: names, budget, pins, damage."""

from __future__ import annotations

import errno
import os
import random
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from keycel_backend.supervisor import blob_files, store
from keycel_backend.supervisor.blob_files import BlobFiles
from keycel_backend.supervisor.store import FrameStore
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.pixels import digest_of

SIZE = 10_000
BIG = 10**9


def blob(number: int, size: int = SIZE) -> bytes:
    return random.Random(number).randbytes(size)  # cannot be compressed


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def make(folder: Path, budget: int = BIG, fresh_seconds: float = 0) -> FrameStore:
    return FrameStore(BlobFiles(folder), budget, fresh_seconds, Clock())


def put(target: FrameStore, *numbers: int) -> list[str]:
    digests: list[str] = []
    for number in numbers:
        data = blob(number)
        digests.append(digest_of(data))
        target.put(digests[-1], data)
    return digests


def code_of(caught: pytest.ExceptionInfo[KeycelError]) -> ErrorCode:
    return caught.value.value.code


def test_what_is_put_can_be_read_again_also_by_the_next_process(tmp_path: Path) -> None:
    (digest,) = put(make(tmp_path), 1)
    again = make(tmp_path)
    assert again.get(digest) == blob(1)
    assert again.raw_size(digest) == SIZE
    assert again.missing([digest, "0" * 64]) == ("0" * 64,)
    assert len(again) == 1


def test_line_art_shrinks(tmp_path: Path) -> None:
    target = make(tmp_path)
    data = bytes(1_000_000)
    target.put(digest_of(data), data)
    assert target.total < 1000


def test_the_digest_is_checked(tmp_path: Path) -> None:
    with pytest.raises(KeycelError) as caught:
        make(tmp_path).put(digest_of(blob(1)), blob(2))
    assert code_of(caught) is ErrorCode.LINK_MALFORMED
    assert not list(tmp_path.iterdir())


def test_least_recently_used_leave_first(tmp_path: Path) -> None:
    target = make(tmp_path, budget=int(3.5 * SIZE))
    first, second, third = put(target, 1, 2, 3)
    target.get(first)
    (fourth,) = put(target, 4)
    assert target.missing([first, second, third, fourth]) == (second,)
    assert target.total <= target.budget
    assert not target.files.exists(second)


def test_the_order_of_use_outlives_the_process(tmp_path: Path) -> None:
    first, second = put(make(tmp_path), 1, 2)
    files = BlobFiles(tmp_path)
    os.utime(files.path(first), (2000, 2000))
    os.utime(files.path(second), (1000, 1000))
    target = make(tmp_path, budget=int(2.5 * SIZE))
    put(target, 3)
    assert target.missing([first, second]) == (second,)


def test_pinned_and_fresh_blobs_stay_and_the_store_is_full(tmp_path: Path) -> None:
    target = make(tmp_path, budget=int(2.5 * SIZE))
    first, second = put(target, 1, 2)
    assert target.claim([first, second])
    target.pin([first])
    with pytest.raises(KeycelError) as caught:
        put(target, 3)
    assert code_of(caught) is ErrorCode.RES_STORE_FULL
    target.unpin([first, second])
    put(target, 3)
    assert target.missing([first, second]) == (second,), "the first is still pinned once"

    fresh = make(tmp_path / "other", budget=int(1.5 * SIZE), fresh_seconds=100)
    (tmp_path / "other").mkdir()
    put(fresh, 1)
    with pytest.raises(KeycelError) as caught:
        put(fresh, 2)
    assert code_of(caught) is ErrorCode.RES_STORE_FULL


def test_claim_takes_all_or_nothing(tmp_path: Path) -> None:
    target = make(tmp_path, budget=int(1.5 * SIZE))
    (first,) = put(target, 1)
    assert not target.claim([first, "0" * 64])
    put(target, 2)
    assert target.missing([first]) == (first,), "a failed claim pins nothing"


@pytest.mark.parametrize("damage", ["short", "other", "empty", "huge"])
def test_a_damaged_file_counts_as_missing(tmp_path: Path, damage: str) -> None:
    target = make(tmp_path)
    (digest,) = put(target, 1)
    path = target.files.path(digest)
    packed = path.read_bytes()
    spoiled = {
        "short": packed[:-10],
        "other": packed[:500] + bytes([packed[500] ^ 1]) + packed[501:],
        "empty": b"",
        "huge": b"\x28\xb5\x2f\xfd\xe0" + (2**60).to_bytes(8, "little") + b"\x00",
    }
    path.write_bytes(spoiled[damage])
    with pytest.raises(KeycelError) as caught:
        target.get(digest)
    assert code_of(caught) is ErrorCode.RES_MISSING_BLOB
    assert not path.exists()
    assert target.missing([digest]) == (digest,)
    assert target.total == 0


def test_a_file_under_a_wrong_name_is_found_out(tmp_path: Path) -> None:
    files = BlobFiles(tmp_path)
    digest = digest_of(blob(1))
    files.write(digest, files.pack(blob(2)))
    with pytest.raises(KeycelError) as caught:
        files.read(digest)
    assert code_of(caught) is ErrorCode.RES_MISSING_BLOB


def test_files_of_a_killed_process_are_swept_up(tmp_path: Path) -> None:
    (digest,) = put(make(tmp_path), 1)
    leftover = tmp_path / digest[:2] / f"{digest}.1.2.3.new"
    leftover.write_bytes(b"half")
    (tmp_path / digest[:2] / "readme.txt").write_text("not ours")
    assert len(make(tmp_path)) == 1
    assert not leftover.exists()


def test_blobs_that_a_worker_wrote_are_admitted_within_the_budget(tmp_path: Path) -> None:
    target = make(tmp_path, budget=int(1.5 * SIZE))
    worker = BlobFiles(tmp_path)
    digests = [digest_of(blob(number)) for number in (1, 2)]
    for number, digest in zip((1, 2), digests, strict=True):
        worker.write(digest, worker.pack(blob(number)))
    target.admit(digests[0])
    target.admit(digests[0])
    assert target.claim(digests[:1])
    with pytest.raises(KeycelError) as caught:
        target.admit(digests[1])
    assert code_of(caught) is ErrorCode.RES_STORE_FULL
    assert not worker.exists(digests[1])
    assert target.total == worker.size(digests[0])


def test_a_full_disk_is_named_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = make(tmp_path)
    (digest,) = put(target, 1)
    before = target.total

    def no_space(self: Path, mode: str = "r") -> object:
        del self, mode
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(blob_files.Path, "open", no_space)
        with pytest.raises(KeycelError) as caught:
            put(target, 2)
    assert code_of(caught) is ErrorCode.RES_DISK_FULL
    assert target.total == before
    assert target.get(digest) == blob(1)
    put(target, 2)


def test_the_reserve_for_the_journal_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = make(tmp_path)
    nearly_full = SimpleNamespace(free=store.DISK_RESERVE + SIZE // 2)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: nearly_full)
    with pytest.raises(KeycelError) as caught:
        put(target, 1)
    assert code_of(caught) is ErrorCode.RES_DISK_FULL


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / digest_of(blob(1))[:2]).write_text("a file where a folder should be")
    with pytest.raises(KeycelError) as caught:
        put(make(tmp_path), 1)
    assert code_of(caught) is ErrorCode.OUT_NOT_WRITABLE
