"""The way to the supervisor where pyzmq cannot be loaded: through a process of the backend's own Python.

`python -m keycel_backend bridge` connects as `Link` does and passes messages on through its standard input
and output. One message on a pipe is: number of frames (uint32), the length of each (uint64), the frames; all
integers big-endian. The first thing written is one line of JSON, the connection.
"""

from __future__ import annotations

import json
import queue
import select
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

from .connection import ConnectionInfo
from .errors import ErrorCode, KeycelError
from .launcher import environment_for
from .schema import to_json
from .wire import LARGEST_BUFFER, LARGEST_BUFFERS, Buffer, Message, decode, encode

_COUNT, _LENGTH = struct.Struct(">I"), struct.Struct(">Q")


class BridgeLink:
    """Like `link.Link`, over a child process. Threads do the waiting; the caller never blocks."""

    def __init__(self, info: ConnectionInfo, python: str) -> None:
        """Start the bridge with the backend's `python`.

        Raises:
            KeycelError: ENV_BACKEND_START if the program cannot be started.
        """
        try:
            self._process = subprocess.Popen(
                [python, "-m", "keycel_backend", "bridge"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment_for(python),
                start_new_session=sys.platform != "win32",
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise KeycelError(
                ErrorCode.ENV_BACKEND_START,
                "The Keycel backend did not start.",
                "Run `python3 installer doctor` in the Keycel folder.",
                f"{python}: {error}",
                retryable=True,
            ) from error
        self._incoming: queue.SimpleQueue[list[bytes]] = queue.SimpleQueue()
        self._outgoing: queue.SimpleQueue[list[Buffer] | None] = queue.SimpleQueue()
        # A pair of sockets, because pipes cannot be watched everywhere.
        self._sign, self._bell = socket.socketpair()
        self._sign.setblocking(False)
        self._outgoing.put([json.dumps(to_json(info)).encode() + b"\n"])
        for work in (self._read, self._write):
            threading.Thread(target=work, name="bridge", daemon=True).start()

    def send(self, message: Message) -> None:
        frames = encode(message)
        self._outgoing.put([packed(frames), *frames])

    def receive(self) -> Message | None:
        """The next message, or None. Raises KeycelError LINK_* for an unreadable one, which is gone."""
        with suppress(BlockingIOError):
            while self._sign.recv(4096):
                pass
        try:
            return decode(self._incoming.get_nowait())
        except queue.Empty:
            return None

    def file_descriptors(self) -> tuple[int, ...]:
        """Readable after any sign of life; then receive until None."""
        return (self._sign.fileno(),)

    def wait(self, seconds: float) -> bool:
        """Block until a message is waiting (True) or the time is over (False)."""
        return not self._incoming.empty() or bool(select.select([self._sign], [], [], seconds)[0])

    def close(self, linger: float = 0.0) -> None:
        """Close the pipes; the bridge leaves by itself, and has `linger` seconds for unsent messages."""
        self._outgoing.put(None)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(linger, 0.5))
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._sign.close()

    def _write(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        with suppress(OSError), pipe:
            while (parts := self._outgoing.get()) is not None:
                for part in parts:
                    pipe.write(part)
                pipe.flush()

    def _read(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None
        # A broken pipe is silence here; that the supervisor is gone is noticed as without a bridge.
        with suppress(OSError, ValueError), pipe:
            while (frames := read_frames(pipe)) is not None:
                self._incoming.put(frames)
                self._bell.send(b"\0")
        self._bell.close()


def packed(frames: Sequence[Buffer]) -> bytes:
    """The head of a message on a pipe."""
    lengths = [len(frame) for frame in frames]
    return _COUNT.pack(len(lengths)) + b"".join(_LENGTH.pack(length) for length in lengths)


def read_frames(pipe: IO[bytes]) -> list[bytes] | None:
    """The next message's frames; None at the end. Raises ValueError for lengths beyond all bounds."""
    head = pipe.read(_COUNT.size)
    if len(head) < _COUNT.size:
        return None
    (count,) = _COUNT.unpack(head)
    if count > LARGEST_BUFFERS + 3:
        raise ValueError(f"a message of {count} frames")
    lengths = [_LENGTH.unpack(pipe.read(_LENGTH.size))[0] for _ in range(count)]
    if any(length > LARGEST_BUFFER for length in lengths):
        raise ValueError(f"a frame of {max(lengths)} bytes")
    frames = [pipe.read(length) for length in lengths]
    return frames if all(map(_whole, frames, lengths)) else None


def _whole(frame: bytes, length: int) -> bool:
    return len(frame) == length
