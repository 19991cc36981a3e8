"""Fixtures: a backend of one's own, and clients that are closed in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.supervised import Backend, Client, OpenChannel

from keycel_shared.connection import ConnectionInfo
from keycel_shared.link import Link

Start = Callable[..., Backend]
Connect = Callable[..., Client]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start supervisors in this test's home; whatever still runs is ended afterwards."""
    started: list[Backend] = []

    def start_one(**options: object) -> Backend:
        backend = Backend(tmp_path, **options)
        started.append(backend)
        return backend

    yield start_one
    for backend in started:
        backend.stop()


@pytest.fixture(scope="module")
def open_channel() -> OpenChannel:
    """How clients reach the supervisor."""
    return Link


@pytest.fixture
def connect(open_channel: OpenChannel) -> Iterator[Connect]:
    clients: list[Client] = []

    def connect_one(info: ConnectionInfo, session: str = "") -> Client:
        client = Client(info, session, open_channel)
        clients.append(client)
        return client

    yield connect_one
    for client in clients:
        client.close()


@pytest.fixture(scope="module")
def shared_backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """One backend for all tests of a module that leave it whole."""
    backend = Backend(tmp_path_factory.mktemp("home"))
    yield backend
    backend.stop()


@pytest.fixture
def client(shared_backend: Backend, connect: Connect) -> Client:
    return connect(shared_backend.info())
