"""What holds for every message: it survives the wire, and nonsense is refused plainly."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.wire_samples import ALL_TYPES, messages, samples, values

from keycel_shared.errors import ErrorCode, ErrorValue, KeycelError
from keycel_shared.messages import TYPES, Body, JobRequest
from keycel_shared.schema import SchemaError, from_json, to_json
from keycel_shared.version import PROTOCOL
from keycel_shared.wire import (
    LARGEST_BODY,
    LARGEST_BUFFERS,
    LARGEST_HEADER,
    MAGIC,
    Buffer,
    Message,
    decode,
    encode,
    make,
)

PREAMBLE = MAGIC + bytes([PROTOCOL])
HEADER = b'{"id":"a","type":"done"}'

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def refused(frames: list[Buffer]) -> ErrorCode:
    with pytest.raises(KeycelError) as caught:
        decode(frames)
    return caught.value.value.code


class MalformedMessage:
    """What `understood` gives for LINK_MALFORMED."""


def understood(frames: list[Buffer]) -> Message | MalformedMessage | KeycelError:
    """Junk may happen to be right, so that neither outcome can be demanded."""
    try:
        return decode(frames)
    except KeycelError as error:
        return MalformedMessage() if error.value.code is ErrorCode.LINK_MALFORMED else error


@pytest.mark.parametrize("name", ALL_TYPES)
def test_every_message_survives_the_wire(name: str) -> None:
    @settings(max_examples=25, deadline=None)
    @given(messages(TYPES[name]))
    def survives(message: Message) -> None:
        frames = [bytes(frame) for frame in encode(message)]
        assert decode(frames) == message
        assert [bytes(frame) for frame in encode(decode(frames))] == frames

    survives()


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=9))
def test_any_bytes_are_refused_with_a_plain_error(frames: list[bytes]) -> None:
    assert refused(list(frames)) in (ErrorCode.LINK_MALFORMED, ErrorCode.LINK_VERSION)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ALL_TYPES), st.binary(max_size=80), st.binary(max_size=80))
def test_any_bytes_behind_a_right_preamble(name: str, header: bytes, body: bytes) -> None:
    assert refused([PREAMBLE, header, body]) is ErrorCode.LINK_MALFORMED
    known = json.dumps({"id": "a", "type": name}).encode()
    assert isinstance(understood([PREAMBLE, known, body]), (Message, MalformedMessage))


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(ALL_TYPES), JSON, st.data())
def test_any_json_in_any_place(name: str, junk: object, data: st.DataObject) -> None:
    sample = samples()[name]
    body = to_json(sample.body)
    if isinstance(body, dict) and body:
        body = _spoil(body, junk, data)
    header: dict[str, Any] = to_json(sample.header)
    if data.draw(st.booleans()):
        header[data.draw(st.sampled_from(sorted(header)))] = junk
    frames: list[Buffer] = [PREAMBLE, json.dumps(header).encode(), json.dumps(body).encode()]
    outcome = understood(frames)
    if isinstance(outcome, Message):
        encode(outcome)
    else:
        assert isinstance(outcome, MalformedMessage)


def _spoil(value: dict[str, Any], junk: object, data: st.DataObject) -> dict[str, Any]:
    """Replace one value somewhere inside by junk, or leave it out."""
    key = data.draw(st.sampled_from(sorted(value)))
    inner = value[key]
    if isinstance(inner, dict) and inner and data.draw(st.booleans()):
        return {**value, key: _spoil(inner, junk, data)}
    if data.draw(st.booleans()):
        return {name: item for name, item in value.items() if name != key}
    return {**value, key: junk}


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([], ErrorCode.LINK_MALFORMED),
        ([PREAMBLE], ErrorCode.LINK_MALFORMED),
        ([PREAMBLE, HEADER], ErrorCode.LINK_MALFORMED),
        ([b"KCEL", HEADER, b"{}"], ErrorCode.LINK_MALFORMED),
        ([b"kcel\x01", HEADER, b"{}"], ErrorCode.LINK_MALFORMED),
        ([MAGIC + b"\x00", HEADER, b"{}"], ErrorCode.LINK_VERSION),
        ([MAGIC + b"\xff"], ErrorCode.LINK_VERSION),
        ([PREAMBLE, HEADER, b"{}", *[b""] * (LARGEST_BUFFERS + 1)], ErrorCode.LINK_MALFORMED),
        ([PREAMBLE, HEADER + b" " * LARGEST_HEADER, b"{}"], ErrorCode.LINK_TOO_LARGE),
        ([PREAMBLE, HEADER, b" " * (LARGEST_BODY + 1)], ErrorCode.LINK_TOO_LARGE),
        ([PREAMBLE, HEADER, b"[]"], ErrorCode.LINK_MALFORMED),
        ([PREAMBLE, HEADER, b"\xff{}"], ErrorCode.LINK_MALFORMED),
        ([PREAMBLE, HEADER, b"[" * 100_000], ErrorCode.LINK_MALFORMED),
        ([PREAMBLE, HEADER, b'{"a":' * 50_000], ErrorCode.LINK_MALFORMED),
        ([PREAMBLE, HEADER, b'{"a":' + b"9" * 100_000 + b"}"], ErrorCode.LINK_MALFORMED),
        ([PREAMBLE, b'{"id":"a","type":"nothing"}', b"{}"], ErrorCode.LINK_MALFORMED),
        ([PREAMBLE, b'{"id":"a","type":["done"]}', b"{}"], ErrorCode.LINK_MALFORMED),
        ([PREAMBLE, b'{"id":"a"}', b"{}"], ErrorCode.LINK_MALFORMED),
    ],
)
def test_what_does_not_fit_is_named(frames: list[Buffer], code: ErrorCode) -> None:
    assert refused(frames) is code


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "9223372036854775808", "true", "1.0", "null"]
)
def test_numbers_are_what_they_are_declared_to_be(number: str) -> None:
    body = f'{{"seqs":[{number}]}}'.encode()
    assert refused([PREAMBLE, b'{"id":"a","type":"event.ack"}', body]) is ErrorCode.LINK_MALFORMED


def test_a_newer_peer_may_say_more() -> None:
    body = b'{"job":"j","frames":2,"mood":"good"}'
    message = decode([PREAMBLE, b'{"id":"a","type":"job.credit","color":1}', body])
    assert to_json(message.body) == {"job": "j", "frames": 2}


def test_buffers_pass_through_uncopied() -> None:
    buffer = bytearray(b"pixels")
    message = make(samples()["blob.put"].body, buffers=[buffer])
    assert encode(message)[3] is buffer
    assert decode(encode(message)).buffers[0] is buffer


@settings(max_examples=100, deadline=None)
@given(values(ErrorValue))
def test_errors_survive_and_unknown_codes_keep_their_sentence(error: ErrorValue) -> None:
    assert ErrorValue.from_json(error.to_json()) == error
    assert from_json(ErrorValue, to_json(error)) == error
    newer = ErrorValue.from_json({**error.to_json(), "code": "NEW_CODE"})
    assert (newer.code, newer.title) == (ErrorCode.BUG_UNEXPECTED, error.title)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_from_json_raises_nothing_but_its_own_error(junk: object) -> None:
    for kind in (JobRequest, ErrorValue, *TYPES.values()):
        try:
            value = from_json(kind, junk)
        except SchemaError:
            continue
        assert isinstance(value, (Body, JobRequest, ErrorValue))
