"""The two ROUTER sockets: encrypted, behind the gate, on this machine only."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import zmq
import zmq.asyncio

from keycel_shared.connection import is_local
from keycel_shared.link import COPY_THRESHOLD
from keycel_shared.wire import LARGEST_BODY, LARGEST_BUFFER, Buffer, Message, encode

from .gate import DOMAIN, Gate

log = logging.getLogger(__name__)

LARGEST_CONTROL = 2 * LARGEST_BODY
"""Bytes in one part of a control message. Up to twice the protocol's bound is answered with
LINK_TOO_LARGE; ZeroMQ drops the connection of a peer that sends more."""

WAITING_UPLOADS = 4
"""Data messages that ZeroMQ holds per client; further ones wait on the client's side."""

LINGER = 0.5
"""Seconds that the last answers may take to leave."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    public: str
    secret: str

    @classmethod
    def make(cls) -> KeyPair:
        public, secret = zmq.curve_keypair()
        return cls(public.decode(), secret.decode())


class Sockets:
    """Bound on construction; `close` when done."""

    def __init__(self, server: KeyPair, client_keys: tuple[str, ...]) -> None:
        # Two threads, so that control messages do not wait while a picture is decrypted.
        self._context = zmq.asyncio.Context(io_threads=2)
        self._gate = Gate(self._context, client_keys)
        self._gate.start()
        self.control = self._bind(server, LARGEST_CONTROL, 0)
        self.data = self._bind(server, LARGEST_BUFFER, WAITING_UPLOADS)

    def _bind(self, server: KeyPair, largest: int, waiting: int) -> zmq.asyncio.Socket:
        socket = self._context.socket(zmq.ROUTER)
        socket.setsockopt(zmq.CURVE_SERVER, 1)
        socket.setsockopt(zmq.CURVE_SECRETKEY, server.secret.encode())
        socket.setsockopt(zmq.ZAP_DOMAIN, DOMAIN)
        socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
        socket.setsockopt(zmq.MAXMSGSIZE, largest)
        socket.setsockopt(zmq.RCVHWM, waiting)
        # What we send is limited by credits and by the client's own requests, not by dropping.
        socket.setsockopt(zmq.SNDHWM, 0)
        # A peer that is gone is an error that we hear of, not a silent loss.
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        socket.bind("tcp://127.0.0.1:0")
        if not is_local(endpoint(socket)):
            raise RuntimeError(f"bound to {endpoint(socket)}, which is not this machine alone")
        return socket

    def close(self) -> None:
        self._gate.stop()
        self._context.destroy(linger=int(LINGER * 1000))


def endpoint(socket: zmq.asyncio.Socket) -> str:
    return cast("bytes", socket.getsockopt(zmq.LAST_ENDPOINT)).rstrip(b"\0").decode()


async def receive(socket: zmq.asyncio.Socket) -> tuple[bytes, list[Buffer]]:
    """The next message: who sent it, and its frames. Large frames are not copied."""
    frames = await socket.recv_multipart(copy=False)
    return frames[0].bytes, [frame.buffer for frame in frames[1:]]


def send(socket: zmq.asyncio.Socket, peer: bytes, message: Message) -> bool:
    """Send now, in the order of the calls; False if the peer is gone."""
    frames: Sequence[Buffer] = encode(message)
    large = any(len(frame) >= COPY_THRESHOLD for frame in frames)
    # Without a high-water mark a send never waits, so the future is finished when we get it.
    untyped = cast("Any", socket)
    sent = cast("asyncio.Future[object]", untyped.send_multipart([peer, *frames], copy=not large))
    error = sent.exception() if sent.done() else None
    if error is not None:
        log.info("a client is gone: %s", error)
    return error is None
