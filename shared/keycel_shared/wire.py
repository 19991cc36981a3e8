"""Messages as ZeroMQ frames: `[magic+version][header JSON][body JSON][raw buffer]*`.

The encoding is canonical (sorted keys, no spaces, UTF-8), so the same message always gives the
same bytes; `tests/contract/vectors` holds examples that every implementation must reproduce.
Sizes are checked before anything is parsed or allocated.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from .errors import ErrorCode, KeycelError
from .messages import TYPES, Body
from .schema import SchemaError, from_json, to_json
from .version import PROTOCOL

MAGIC = b"KCEL"
LARGEST_HEADER = 4 * 1024
LARGEST_BODY = 16 * 1024 * 1024
LARGEST_BUFFER = 16384 * 16384 * 4
LARGEST_BUFFERS = 4

Buffer = bytes | bytearray | memoryview
B = TypeVar("B", bound=Body)


@dataclass(frozen=True)
class Header:
    """What every message says about itself."""

    id: str
    type: str
    session: str = ""
    parent: str = ""
    """The `id` of the request that this message answers; empty for requests and events."""
    seq: int = 0
    """Position in the session's event log, from 1; 0 for everything that is not a kept event."""


@dataclass(frozen=True)
class Message:
    """One decoded message."""

    header: Header
    body: Body
    buffers: tuple[Buffer, ...] = field(default=())

    def expect(self, kind: type[B]) -> B:
        """The body, as the type that the caller knows it must have.

        Raises:
            KeycelError: LINK_MALFORMED if the peer sent something else.
        """
        if not isinstance(self.body, kind):
            raise malformed(f"expected {kind.TYPE}, got {self.header.type}")
        return self.body


def new_id() -> str:
    return uuid.uuid4().hex


def make(
    body: Body, *, session: str = "", parent: str = "", seq: int = 0, buffers: Sequence[Buffer] = ()
) -> Message:
    """A message with a fresh id."""
    return Message(Header(new_id(), body.TYPE, session, parent, seq), body, tuple(buffers))


def encode(message: Message) -> list[Buffer]:
    """Frames to send. Buffers are passed through, not copied."""
    return [
        MAGIC + bytes([PROTOCOL]),
        _canonical(to_json(message.header)),
        _canonical(to_json(message.body)),
        *message.buffers,
    ]


def decode(frames: Sequence[Buffer]) -> Message:
    """Parse what a peer sent.

    Raises:
        KeycelError: LINK_VERSION for another protocol number, LINK_TOO_LARGE for a part beyond its
            bound, LINK_MALFORMED for everything else that does not fit.
    """
    if not frames or len(frames[0]) != len(MAGIC) + 1 or bytes(frames[0][: len(MAGIC)]) != MAGIC:
        raise malformed("not a Keycel message")
    version = frames[0][len(MAGIC)]
    if version != PROTOCOL:
        raise wrong_version(version)
    if not 3 <= len(frames) <= 3 + LARGEST_BUFFERS:
        raise malformed(f"{len(frames)} frames")
    for position, part in enumerate(frames[1:]):
        bound = (LARGEST_HEADER, LARGEST_BODY)[position] if position < 2 else LARGEST_BUFFER
        if len(part) > bound:
            raise KeycelError(
                ErrorCode.LINK_TOO_LARGE,
                "A message is larger than the protocol allows.",
                "Use smaller pictures or fewer drawings at a time.",
                f"{len(part)} bytes, bound {bound}",
            )
    try:
        header = from_json(Header, _parse(frames[1]), "header")
        kind = TYPES.get(header.type)
        if kind is None:
            raise malformed(f"unknown message type {header.type[:80]!r}")
        body = from_json(kind, _parse(frames[2]))
    except (SchemaError, RecursionError, ValueError) as error:
        raise malformed(str(error)) from error
    return Message(header, body, tuple(frames[3:]))


def malformed(detail: str) -> KeycelError:
    return KeycelError(
        ErrorCode.LINK_MALFORMED,
        "A message between Krita and the backend could not be understood.",
        "Update the plugin and the backend to the same version, then try again.",
        detail,
    )


def wrong_version(theirs: int) -> KeycelError:
    return KeycelError(
        ErrorCode.LINK_VERSION,
        f"Plugin and backend speak different protocols (number {theirs} here, {PROTOCOL} there).",
        "Update both to the same version of Keycel and restart Krita.",
    )


def _canonical(value: Any) -> bytes:
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _parse(data: Buffer) -> dict[str, Any]:
    value = json.loads(bytes(data).decode("utf-8"), parse_constant=_no_constant)
    if not isinstance(value, dict):
        raise malformed("expected a JSON object")
    return cast("dict[str, Any]", value)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")
