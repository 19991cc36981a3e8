"""The same jobs as over sockets, through the bridge that serves a Krita without pyzmq."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import psutil
import pytest
from processes.test_jobs_end_to_end import (  # noqa: F401 - the same tests, with another channel
    test_a_new_take_changes_its_targets_and_nothing_else,
    test_a_shot_of_two_thousand_frames,
    test_blobs_are_checked,
    test_cancel_is_quick_and_keeps_what_is_finished,
    test_credits_hold_frames_back_but_not_the_work,
    test_pressing_again_is_free,
)
from support.supervised import Backend, OpenChannel, child_environment, wait_for

from keycel_shared import launcher
from keycel_shared.bridge import BridgeLink, packed, read_frames
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.wire import LARGEST_BUFFERS


@pytest.fixture(scope="module")
def open_channel(shared_backend: Backend) -> Iterator[OpenChannel]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in child_environment(shared_backend.home).items():
            patch.setenv(name, value)
        yield lambda info: BridgeLink(info, sys.executable)


def bridges() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "bridge" in command_of(child)]


def command_of(process: psutil.Process) -> list[str]:
    """Nothing of one that has ended: children of other tests may end at any moment."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:  # a zombie is one, too
        return []


def test_the_bridge_leaves_with_its_client(shared_backend: Backend, open_channel: OpenChannel) -> None:
    before = len(bridges())
    channel = open_channel(shared_backend.info())
    assert len(bridges()) == before + 1
    channel.close(linger=30)  # a busy machine starts programs slowly
    assert len(bridges()) == before


def test_the_bridge_leaves_with_a_killed_client(shared_backend: Backend, open_channel: OpenChannel) -> None:
    channel = open_channel(shared_backend.info())
    assert isinstance(channel, BridgeLink)
    (process,) = bridges()
    pipe = channel._process.stdin  # pyright: ignore[reportPrivateUsage]
    assert pipe is not None
    pipe.close()  # what the system does with the pipes of a killed program
    wait_for(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, "its end")
    channel.close()


def test_a_backend_that_cannot_be_started_is_told(shared_backend: Backend) -> None:
    with pytest.raises(KeycelError) as caught:
        BridgeLink(shared_backend.info(), "/nowhere/python")
    assert caught.value.value.code is ErrorCode.ENV_BACKEND_START


def test_without_pyzmq_the_supervisor_is_started_without_a_key_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(launcher, "load_zmq", _no_zmq)
    assert launcher._key_pair("/another/python") is None  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(KeycelError):
        launcher._key_pair(sys.executable)  # pyright: ignore[reportPrivateUsage]


def test_frames_on_a_pipe() -> None:
    frames = [b"head", b"", b"x" * 70_000]
    stream = io.BytesIO(packed(frames) + b"".join(frames))
    assert read_frames(stream) == frames
    assert read_frames(stream) is None
    assert read_frames(io.BytesIO(packed(frames) + b"he")) is None


def test_lengths_beyond_all_bounds_are_refused_before_they_are_read() -> None:
    with pytest.raises(ValueError, match="frames"):
        read_frames(io.BytesIO(packed([b""] * (LARGEST_BUFFERS + 4))))
    with pytest.raises(ValueError, match="bytes"):
        read_frames(io.BytesIO(b"\0\0\0\1" + b"\xff" * 8))


def _no_zmq() -> None:
    raise KeycelError(ErrorCode.ENV_MISSING_LIBRARY, "", "")
