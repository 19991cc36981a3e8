"""The files between launcher and supervisor: private, checked, and never trusted too far."""

from __future__ import annotations

import json
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from keycel_shared import launcher, paths
from keycel_shared.connection import ConnectionInfo, is_local, read_connection, write_connection
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.launcher import is_locked, try_lock

INFO = ConnectionInfo("tcp://127.0.0.1:1", "ipc:///tmp/x", "k", "c", "s", 1, "0.1.0", "i", 42)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KEYCEL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_every_place_is_below_the_home(home: Path) -> None:
    places = (
        paths.connection_file(),
        paths.lock_file(),
        paths.journal_file(),
        paths.store_folder(),
        paths.log_folder(),
        paths.installation_file(),
        paths.vendor_folder(),
    )
    assert all(home in place.parents for place in places)
    assert len(set(places)) == len(places)


def test_the_connection_file_is_private_and_whole(home: Path) -> None:
    assert read_connection() is None
    write_connection(INFO)
    assert read_connection() == INFO
    path = paths.connection_file()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in (home / "run").iterdir()] == ["connection.json"]
    write_connection(replace(INFO, process=43))
    assert read_connection() == replace(INFO, process=43)


@pytest.mark.parametrize(
    "change",
    [
        {"control": "tcp://192.0.2.1:5"},
        {"data": "tcp://0.0.0.0:5"},
        {"data": "tcp://127.0.0.1.example.org:5"},
        {"process": "many"},
        {"protocol": None},
    ],
)
def test_a_connection_file_that_leads_elsewhere_is_refused(change: dict[str, object]) -> None:
    write_connection(INFO)
    path = paths.connection_file()
    facts = {**json.loads(path.read_text()), **change}
    paths.write_private_file(path, json.dumps(facts).encode())
    with pytest.raises(KeycelError) as caught:
        read_connection()
    assert caught.value.value.code is ErrorCode.LINK_LOST


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permission bits")
def test_a_connection_file_that_others_can_read_is_refused() -> None:
    write_connection(INFO)
    paths.connection_file().chmod(0o644)
    with pytest.raises(KeycelError) as caught:
        read_connection()
    assert caught.value.value.code is ErrorCode.LINK_LOST


def test_only_this_machine_is_local() -> None:
    assert is_local("tcp://127.0.0.1:1234")
    assert is_local("ipc:///run/keycel")
    for elsewhere in ("tcp://localhost:1", "tcp://*:1", "tcp://0.0.0.0:1", "udp://127.0.0.1:1", ""):
        assert not is_local(elsewhere)


def test_a_lock_counts_only_while_its_holder_lives(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_locked(path)
    path.write_bytes(b"")
    assert not is_locked(path)
    with path.open("r+b") as stream:
        assert try_lock(stream)
        assert is_locked(path)
    assert not is_locked(path)


@pytest.mark.parametrize("record", ["", "{}", "[]", '{"python": "/no/such/python"}', "\xff"])
def test_an_installation_that_is_gone_is_named(home: Path, record: str) -> None:
    home.mkdir()
    paths.installation_file().write_text(record, "latin-1")
    with pytest.raises(KeycelError) as caught:
        launcher.backend_python()
    assert caught.value.value.code is ErrorCode.ENV_NO_BACKEND


def test_the_installers_python_is_used_else_this_one(home: Path, tmp_path: Path) -> None:
    assert launcher.backend_python() == sys.executable
    home.mkdir()
    python = tmp_path / "python"
    python.write_text("")
    paths.installation_file().write_text(json.dumps({"python": str(python)}))
    assert launcher.backend_python() == str(python)
