"""Who may talk to the supervisor, and what it answers to those who talk nonsense."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace

import pytest
import zmq
from support.supervised import Backend, Client, Shot

from keycel_shared.connection import ConnectionInfo
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.link import Link
from keycel_shared.messages import (
    Acknowledge,
    BlobQuery,
    Body,
    Bye,
    Done,
    Error,
    Hello,
    JobCancel,
    JobList,
    JobSubmit,
    Ping,
    Pong,
)
from keycel_shared.version import PROTOCOL, VERSION
from keycel_shared.wire import LARGEST_BODY, LARGEST_HEADER, MAGIC, Message, decode, encode, make

QUIET = 0.5
"""Seconds in which a stranger must have heard nothing."""


@contextmanager
def raw_socket(info: ConnectionInfo, endpoint: str, curve: bool = True) -> Iterator[zmq.Socket[bytes]]:
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        if curve:
            socket.curve_serverkey = info.server_key.encode()
            socket.curve_publickey = info.client_key.encode()
            socket.curve_secretkey = info.client_secret.encode()
        socket.connect(endpoint)
        yield socket


def answer(socket: zmq.Socket[bytes], frames: Sequence[bytes], seconds: float = 20.0) -> Message | None:
    socket.send_multipart(list(frames))
    return decode(socket.recv_multipart()) if socket.poll(int(seconds * 1000)) else None


def hello() -> list[bytes]:
    return [bytes(part) for part in encode(make(Hello("stranger", VERSION), session="stranger"))]


def query() -> list[bytes]:
    return [bytes(part) for part in encode(make(BlobQuery(())))]


def with_new_keys(info: ConnectionInfo) -> ConnectionInfo:
    public, secret = zmq.curve_keypair()
    return replace(info, client_key=public.decode(), client_secret=secret.decode())


def refusal(message: Message | None) -> ErrorCode:
    assert message is not None
    return message.expect(Error).error.code


def test_the_listed_keys_get_answers_on_both_sockets(shared_backend: Backend) -> None:
    for info in (shared_backend.info(), shared_backend.owner_info()):
        with raw_socket(info, info.control) as socket:
            assert answer(socket, hello()) is not None
        with raw_socket(info, info.data) as socket:
            assert answer(socket, query()) is not None


def test_a_stranger_with_the_servers_key_gets_nothing(shared_backend: Backend) -> None:
    info = with_new_keys(shared_backend.info())
    for endpoint, frames in ((info.control, hello()), (info.data, query())):
        with raw_socket(info, endpoint) as socket:
            assert answer(socket, frames, QUIET) is None


def test_a_listed_client_with_the_wrong_server_key_gets_nothing(shared_backend: Backend) -> None:
    info = replace(shared_backend.info(), server_key=zmq.curve_keypair()[0].decode())
    for endpoint, frames in ((info.control, hello()), (info.data, query())):
        with raw_socket(info, endpoint) as socket:
            assert answer(socket, frames, QUIET) is None


def test_without_encryption_there_is_no_answer(shared_backend: Backend) -> None:
    info = shared_backend.info()
    for endpoint, frames in ((info.control, hello()), (info.data, query())):
        with raw_socket(info, endpoint, curve=False) as socket:
            assert answer(socket, frames, QUIET) is None


def test_another_protocol_is_refused_in_ours(shared_backend: Backend) -> None:
    info = shared_backend.info()
    with raw_socket(info, info.control) as socket:
        reply = answer(socket, [MAGIC + bytes([PROTOCOL + 1]), b"anything", b"of any form"])
        assert refusal(reply) is ErrorCode.LINK_VERSION
        assert reply is not None
        assert reply.header.parent == ""


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([b"GET / HTTP/1.1"], ErrorCode.LINK_MALFORMED),
        ([b""], ErrorCode.LINK_MALFORMED),
        ([MAGIC + bytes([PROTOCOL]), b"{}", b"{}"], ErrorCode.LINK_MALFORMED),
        ([MAGIC + bytes([PROTOCOL]), b"[" * 4000, b"{}"], ErrorCode.LINK_MALFORMED),
        ([MAGIC + bytes([PROTOCOL]), b'{"id":"a","type":"no.such"}', b"{}"], ErrorCode.LINK_MALFORMED),
        ([MAGIC + bytes([PROTOCOL]), b'{"id":"a","type":"done"}', b"{}"], ErrorCode.LINK_MALFORMED),
        ([MAGIC + bytes([PROTOCOL]), b'{"id":"a","type":"blob.query"}', b"{}"], ErrorCode.LINK_MALFORMED),
        ([MAGIC + bytes([PROTOCOL]), b" " * (LARGEST_HEADER + 1), b"{}"], ErrorCode.LINK_TOO_LARGE),
        (
            [MAGIC + bytes([PROTOCOL]), b'{"id":"a","type":"job.list"}', b" " * (LARGEST_BODY + 1)],
            ErrorCode.LINK_TOO_LARGE,
        ),
    ],
)
def test_nonsense_is_answered_plainly(shared_backend: Backend, frames: list[bytes], code: ErrorCode) -> None:
    info = shared_backend.info()
    with raw_socket(info, info.control) as socket:
        reply = answer(socket, frames)
        assert refusal(reply) is code
        assert reply is not None
        assert reply.header.parent == ("a" if len(frames) > 1 and b'"a"' in frames[1] else "")
        assert answer(socket, hello()) is not None


def test_a_message_beyond_all_bounds_ends_the_connection_and_nothing_else(
    shared_backend: Backend, client: Client
) -> None:
    info = shared_backend.info()
    with raw_socket(info, info.control) as socket:
        assert answer(socket, [MAGIC + bytes([PROTOCOL]), b"{}", bytes(3 * LARGEST_BODY)], QUIET) is None
    assert client.ask(Ping(), Pong) == Pong()


def test_requests_before_hello_are_refused(shared_backend: Backend) -> None:
    info = shared_backend.info()
    with raw_socket(info, info.control) as socket:
        for session in ("", "unknown"):
            message = make(JobList(), session=session)
            reply = answer(socket, [bytes(part) for part in encode(message)])
            assert refusal(reply) is ErrorCode.LINK_NO_SESSION
            assert reply is not None
            assert reply.header.parent == message.header.id
        for session in ("", "x" * 65):
            message = make(Hello("x", VERSION), session=session)
            reply = answer(socket, [bytes(part) for part in encode(message)])
            assert refusal(reply) is ErrorCode.LINK_MALFORMED


def test_each_socket_serves_its_own_requests_only(shared_backend: Backend) -> None:
    info = shared_backend.info()
    with raw_socket(info, info.data) as socket:
        assert refusal(answer(socket, hello())) is ErrorCode.LINK_MALFORMED


def test_a_session_cannot_touch_the_jobs_of_another(shared_backend: Backend, client: Client) -> None:
    record = client.start(Shot({time: 900 + time for time in range(9)}), pace=0.05)
    client.until(lambda: record.accepted_as)
    assert record.accepted_as is not None
    other = Client(shared_backend.info())
    with pytest.raises(KeycelError) as caught:
        other.ask(JobCancel(record.accepted_as.job), Done)
    assert caught.value.value.code is ErrorCode.RUN_NO_SUCH_JOB
    other.close()
    client.until(lambda: record.over)
    assert len(record.times) == 9


def test_the_connection_file_is_private_and_holds_no_server_secret(shared_backend: Backend) -> None:
    path = shared_backend.file
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for name in ("journal.sqlite3", "run/supervisor.lock"):
        assert stat.S_IMODE((shared_backend.home / name).stat().st_mode) == 0o600
    facts = json.loads(path.read_text())
    assert set(facts) == set(asdict(shared_backend.info()))
    assert facts["launch"] == "test"
    keys = {name: value for name, value in facts.items() if isinstance(value, str) and len(value) == 40}
    assert set(keys) == {"server_key", "client_key", "client_secret"}
    assert zmq.curve_public(keys["client_secret"].encode()).decode() == keys["client_key"]
    assert shared_backend.keys[1] not in path.read_text()


def test_a_client_never_connects_beyond_this_machine(shared_backend: Backend) -> None:
    info = replace(shared_backend.info(), control="tcp://192.0.2.1:5555")
    with pytest.raises(ValueError, match="beyond this machine"):
        Link(info)


def test_a_session_moves_to_the_connection_that_speaks_for_it(
    shared_backend: Backend, client: Client
) -> None:
    info = shared_backend.info()
    shot = Shot({0: 950, 1: 951})
    client.put(*shot.pictures.values())

    def heard(socket: zmq.Socket[bytes], body: Body, messages: int) -> list[int]:
        socket.send_multipart([bytes(part) for part in encode(make(body, session="moving"))])
        return [decode(socket.recv_multipart()).header.seq for _ in range(messages) if socket.poll(20_000)]

    events = [1, 2, 3, 4, 5, 6]  # preparing, running, two frames, finishing, done
    with raw_socket(info, info.control) as first, raw_socket(info, info.control) as second:
        assert heard(first, Hello("test", VERSION), 1) == [0]
        first.send_multipart(
            [bytes(part) for part in encode(make(JobSubmit(shot.request(), 8), session="moving"))]
        )
        seqs: list[int] = []
        while 6 not in seqs:
            assert first.poll(20_000)
            seqs.append(decode(first.recv_multipart()).header.seq)
        assert [seq for seq in seqs if seq] == events
        assert sorted(heard(second, Ping(), 7)) == [0, *events]
        assert heard(first, Bye(), 0) == [], "a goodbye from the old one changes nothing"
        assert heard(second, Acknowledge(tuple(events)), 0) == []
        assert heard(second, Ping(), 1) == [0]
