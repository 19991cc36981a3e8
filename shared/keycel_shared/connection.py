"""The connection file: what a client must know to reach the running supervisor.

It holds the client half of a key pair made for reattaching, never the server's secret, and only
its owner can read it.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from . import paths
from .errors import ErrorCode, KeycelError
from .schema import SchemaError, from_json, to_json


@dataclass(frozen=True)
class ConnectionInfo:
    control: str
    """Endpoint of the control socket, tcp on 127.0.0.1 or ipc."""
    data: str
    server_key: str
    """The supervisor's public CURVE key, Z85."""
    client_key: str
    """Public half of the pair for reattaching, on the supervisor's allow-list."""
    client_secret: str
    protocol: int
    version: str
    instance: str
    process: int
    launch: str = ""
    """Token of the launch that started this supervisor; lets the launcher recognise its own child."""


def write_connection(info: ConnectionInfo, path: Path | None = None) -> None:
    data = json.dumps(to_json(info), sort_keys=True, indent=1).encode()
    paths.write_private_file(path or paths.connection_file(), data)


def read_connection(path: Path | None = None) -> ConnectionInfo | None:
    """The current file, or None if there is none.

    Raises:
        KeycelError: LINK_LOST if the file is damaged, belongs to somebody else, or points
            anywhere but this machine.
    """
    path = path or paths.connection_file()
    try:
        if sys.platform != "win32":
            _check_owner(path)
        info = from_json(ConnectionInfo, json.loads(path.read_bytes()), "connection file")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, SchemaError) as error:
        raise _unusable(f"{path}: {error}") from error
    if not (is_local(info.control) and is_local(info.data)):
        raise _unusable(f"{path}: endpoint is not on this machine")
    return info


def is_local(endpoint: str) -> bool:
    """True for loopback TCP and for ipc; nothing else is ever bound or connected."""
    return endpoint.startswith(("tcp://127.0.0.1:", "ipc://"))


def _check_owner(path: Path) -> None:
    status = path.stat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise _unusable(f"{path} can be read or written by other users")


def _unusable(detail: str) -> KeycelError:
    return KeycelError(
        ErrorCode.LINK_LOST,
        "The file that says how to reach the backend cannot be used.",
        "Delete it and start again; a new one is written when the backend starts.",
        detail,
    )
