"""Two encrypted DEALER sockets to the supervisor: control, and data for pictures."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from .connection import ConnectionInfo, is_local
from .errors import ErrorCode, KeycelError
from .messages import DATA_TYPES
from .wire import LARGEST_BUFFER, Message, decode, encode

if TYPE_CHECKING:
    import zmq

COPY_THRESHOLD = 64 * 1024
"""Messages from this size on are handed to ZeroMQ without a copy (bytes)."""


class Channel(Protocol):
    """A way to the supervisor that never blocks: `Link`, or `bridge.BridgeLink` where that cannot be."""

    def send(self, message: Message) -> None: ...
    def receive(self) -> Message | None: ...
    def file_descriptors(self) -> tuple[int, ...]: ...
    def wait(self, seconds: float) -> bool: ...
    def close(self, linger: float = 0.0) -> None: ...


class Link:
    """Sends and receives without ever blocking; `wait` is for programs without a loop of their own."""

    def __init__(self, info: ConnectionInfo) -> None:
        """Connect. The peer need not be up yet; messages wait in the socket.

        Raises:
            KeycelError: ENV_MISSING_LIBRARY if pyzmq cannot be imported.
        """
        if not (is_local(info.control) and is_local(info.data)):
            raise ValueError("refusing to connect beyond this machine")
        zmq = load_zmq()
        self._again = zmq.Again
        self._no_block = zmq.NOBLOCK
        self._context = zmq.Context()
        self._control = self._connect(zmq, info, info.control)
        self._data = self._connect(zmq, info, info.data)

    def _connect(self, zmq: Any, info: ConnectionInfo, endpoint: str) -> zmq.Socket[bytes]:
        socket = self._context.socket(zmq.DEALER)
        socket.setsockopt(zmq.LINGER, 0)
        # Flow control is ours (upload window, credits); a high-water mark would block or drop.
        socket.setsockopt(zmq.SNDHWM, 0)
        socket.setsockopt(zmq.RCVHWM, 0)
        socket.setsockopt(zmq.MAXMSGSIZE, LARGEST_BUFFER)
        socket.curve_serverkey = info.server_key.encode()
        socket.curve_publickey = info.client_key.encode()
        socket.curve_secretkey = info.client_secret.encode()
        socket.connect(endpoint)
        return socket

    def send(self, message: Message) -> None:
        """Queue a message on the socket that its type belongs to."""
        socket = self._data if message.header.type in DATA_TYPES else self._control
        large = any(len(buffer) >= COPY_THRESHOLD for buffer in message.buffers)
        socket.send_multipart(encode(message), self._no_block, copy=not large)

    def receive(self) -> Message | None:
        """The next message of either socket (control first), or None if none is waiting.

        Raises:
            KeycelError: LINK_* if the peer sent something unreadable; that message is gone.
        """
        for socket, copy in ((self._control, True), (self._data, False)):
            try:
                frames = socket.recv_multipart(self._no_block, copy=copy)
            except self._again:
                continue
            return decode([part if isinstance(part, bytes) else part.buffer for part in frames])
        return None

    def file_descriptors(self) -> tuple[int, int]:
        """Edge-triggered: after any sign of life receive until None, and once after every send."""
        import zmq

        return int(self._control.getsockopt(zmq.FD)), int(self._data.getsockopt(zmq.FD))

    def wait(self, seconds: float) -> bool:
        """Block until a message is waiting (True) or the time is over (False)."""
        import zmq

        poller = zmq.Poller()
        poller.register(self._control, zmq.POLLIN)
        poller.register(self._data, zmq.POLLIN)
        return bool(poller.poll(int(seconds * 1000)))

    def close(self, linger: float = 0.0) -> None:
        """Close both sockets; `linger` is how long (seconds) unsent messages may still go out."""
        self._context.destroy(linger=int(linger * 1000))

    def __enter__(self) -> Link:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def load_zmq() -> Any:
    """The pyzmq module.

    Raises:
        KeycelError: ENV_MISSING_LIBRARY.
    """
    try:
        import zmq
    except ImportError as error:
        raise KeycelError(
            ErrorCode.ENV_MISSING_LIBRARY,
            "The library for talking to the backend (pyzmq) cannot be loaded.",
            "Run `python3 installer install` again; it fetches the build for this Python.",
            str(error),
        ) from error
    return zmq
