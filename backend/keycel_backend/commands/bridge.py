"""`keycel bridge`: passes messages between its pipes and a supervisor, for a Krita without pyzmq."""

from __future__ import annotations

import argparse
import json
import queue
import socket
import sys
import threading
from typing import IO

import zmq

from keycel_backend.commands import Commands
from keycel_backend.commands.exit_codes import BAD_INPUT, DONE
from keycel_shared.bridge import packed, read_frames
from keycel_shared.connection import ConnectionInfo
from keycel_shared.errors import KeycelError
from keycel_shared.link import Link
from keycel_shared.schema import SchemaError, from_json
from keycel_shared.wire import Message, decode, encode

LINGER = 1.0
"""Seconds for what has not gone out when the pipe ends: the client's goodbye."""


def add_bridge(commands: Commands) -> None:
    parser = commands.add_parser("bridge", help="pass messages on (the plugin starts it where it needs it)")
    parser.set_defaults(run=run_bridge)


def run_bridge(_: argparse.Namespace) -> int:
    """Until standard input ends. The protocol is that of `keycel_shared.bridge`."""
    pipe = sys.stdin.buffer
    try:
        info = from_json(ConnectionInfo, json.loads(pipe.readline()), "connection")
    except (ValueError, SchemaError) as error:
        print(f"no connection on standard input: {error}", file=sys.stderr)
        return BAD_INPUT
    link = Link(info)
    inbox = Inbox(pipe)
    poller = zmq.Poller()
    for descriptor in (*link.file_descriptors(), inbox.descriptor):
        poller.register(descriptor, zmq.POLLIN)
    try:
        while not inbox.ended:
            for message in inbox.messages():
                link.send(message)
            # ZeroMQ's descriptors are edge-triggered: after any sign, and after each send, read until empty.
            passed_on = _pass_on(link)
            if not passed_on and not inbox.ended:
                poller.poll(1000)
    finally:
        link.close(LINGER)
    return DONE


class Inbox:
    """What comes through standard input, read by a thread."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self.ended = False
        self._pipe = pipe
        self._queue: queue.SimpleQueue[list[bytes] | None] = queue.SimpleQueue()
        self._sign, self._bell = socket.socketpair()
        self._sign.setblocking(False)
        threading.Thread(target=self._read, name="pipe", daemon=True).start()

    @property
    def descriptor(self) -> int:
        return self._sign.fileno()

    def messages(self) -> list[Message]:
        """All that have come; sets `ended` when there will be no more."""
        try:
            while self._sign.recv(4096):
                pass
        except BlockingIOError:
            pass
        found: list[Message] = []
        while not self._queue.empty():
            frames = self._queue.get()
            if frames is None:
                self.ended = True
            else:
                found.append(decode(frames))
        return found

    def _read(self) -> None:
        frames: list[bytes] | None = []
        while frames is not None:
            try:
                frames = read_frames(self._pipe)
            except (OSError, ValueError):
                frames = None
            self._queue.put(frames)
            self._bell.send(b"\0")


def _pass_on(link: Link) -> bool:
    """One message from the supervisor to standard output; False if none was waiting."""
    try:
        message = link.receive()
    except KeycelError:
        return True  # unreadable, and gone
    if message is None:
        return False
    frames = encode(message)
    out = sys.stdout.buffer
    out.write(packed(frames))
    for frame in frames:
        out.write(frame)
    out.flush()
    return True
