"""The golden vectors: every message type, its meaning and its exact bytes, both ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.wire_samples import ALL_TYPES, samples

from keycel_shared.messages import TYPES
from keycel_shared.schema import from_json, to_json
from keycel_shared.version import PROTOCOL
from keycel_shared.wire import Header, Message, decode, encode

VECTORS = Path(__file__).parent / "vectors"


def vector(name: str) -> dict[str, Any]:
    return json.loads((VECTORS / f"{name}.json").read_text("utf-8"))


def test_every_type_has_a_vector_and_every_vector_a_type() -> None:
    assert sorted(path.stem for path in VECTORS.iterdir()) == ALL_TYPES


@pytest.mark.parametrize("name", ALL_TYPES)
def test_encoding_gives_exactly_these_bytes(name: str) -> None:
    golden = vector(name)
    message = Message(
        from_json(Header, golden["header"]),
        from_json(TYPES[name], golden["body"]),
        tuple(bytes.fromhex(buffer) for buffer in golden["buffers"]),
    )
    assert [bytes(frame).hex() for frame in encode(message)] == golden["frames"]
    assert golden["protocol"] == PROTOCOL


@pytest.mark.parametrize("name", ALL_TYPES)
def test_decoding_gives_exactly_this_message(name: str) -> None:
    golden = vector(name)
    message = decode([bytes.fromhex(frame) for frame in golden["frames"]])
    assert type(message.body) is TYPES[name]
    assert to_json(message.header) == golden["header"]
    assert to_json(message.body) == golden["body"]
    assert [bytes(buffer).hex() for buffer in message.buffers] == golden["buffers"]
    assert message == samples()[name]


def test_bytes_are_canonical() -> None:
    frames = [bytes.fromhex(frame) for frame in vector("job.submit")["frames"]]
    assert frames[0] == b"KCEL\x01"
    assert frames[1] == b'{"id":"r1","parent":"","seq":0,"session":"s1","type":"job.submit"}'
    body = frames[2].decode("utf-8")
    assert body.startswith('{"credits":8,"request":{"drawings":[{"digest":')
    assert "Scène" in body, "text is UTF-8, not escaped"
