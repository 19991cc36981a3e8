"""A hub on this machine: enough of Hugging Face's protocol to download from, and every way to misbehave.

Small files are answered by the hub itself, large ones (`large`) by its CDN, another host, after a redirect.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "c0ffee" + "0" * 34


@dataclass
class Behaviour:
    """How the server answers; a test changes it at any time."""

    files: dict[str, bytes] = field(default_factory=dict)
    """By `owner/name/path`."""
    large: set[str] = field(default_factory=set)
    break_after: list[int] = field(default_factory=list)
    """Bytes after which the connection is cut, one for each GET of a file in turn."""
    refuse: list[int] = field(default_factory=list)
    """HTTP codes with which the next requests are answered."""
    forbid: int = 0
    """An HTTP code with which all requests are answered."""
    stall_after: int | None = None
    """Bytes after which the next GET of a file says nothing more until `go_on`."""
    claimed_size: int | None = None
    claimed_digest: str = ""
    ranges: bool = True
    tags: bool = True
    """Whether the hub tells digests."""
    extra: bytes = b""
    """Sent behind every file."""
    listed: list[str] = field(default_factory=list)
    """Names that a listing of a folder has besides."""


class HubServer(ThreadingHTTPServer):
    """Use as `with serving() as hub`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviour = Behaviour()
        self.requests: list[tuple[str, str, str]] = []
        """Method, path, and the range asked for."""
        self.tokens: list[tuple[str, str]] = []
        """Path, and the token that came with it."""
        self.agents: set[str] = set()
        """What clients call themselves."""
        self.sent = 0
        """Bytes of files that went out."""
        self.go_on = threading.Event()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def cdn(self) -> str:
        return f"http://localhost:{self.server_port}/cdn"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no mistake of the server."""

    def got(self, method: str) -> list[str]:
        """Paths of the requests with this method."""
        return [path for one, path, _ in self.requests if one == method]

    def ranges(self) -> list[str]:
        return [asked for _, _, asked in self.requests if asked]


@contextmanager
def serving() -> Iterator[HubServer]:
    server = HubServer()
    thread = threading.Thread(target=lambda: server.serve_forever(0.02), name="hub")
    thread.start()
    try:
        yield server
    finally:
        server.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HubServer  # pyright: ignore[reportIncompatibleVariableOverride]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        server, behaviour = self.server, self.server.behaviour
        server.requests.append((self.command, self.path, self.headers.get("Range", "")))
        server.agents.add(self.headers.get("User-Agent", ""))
        server.tokens.append((self.path, self.headers.get("Authorization", "")))
        code = behaviour.refuse.pop(0) if behaviour.refuse else behaviour.forbid
        if code:
            self._end(code)
        elif listing := re.match(r"/api/models/([^/]+/[^/]+)/tree/[^/]+/([^?]*)", self.path):
            self._list(f"{listing[1]}/", listing[2])
        elif resolve := re.match(r"/([^/]+/[^/]+)/resolve/[^/]+/([^?]+)", self.path):
            self._resolve(f"{resolve[1]}/{resolve[2]}")
        elif self.path.startswith("/cdn/"):
            self._send(self.path[len("/cdn/") :])
        else:
            self._end(404)

    def _end(self, code: int, **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _list(self, start: str, folder: str) -> None:
        behaviour = self.server.behaviour
        names = [name[len(start) :] for name in behaviour.files if name.startswith(f"{start}{folder}/")]
        entries = [
            {"type": "file", "path": name, "size": 1, "oid": "0" * 40} for name in [*names, *behaviour.listed]
        ]
        body = json.dumps(entries).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _resolve(self, name: str) -> None:
        behaviour = self.server.behaviour
        data = behaviour.files.get(name)
        if data is None:
            self._end(404, X_Error_Code="EntryNotFound")
            return
        if name not in behaviour.large:
            self._send(name)
            return
        digest = behaviour.claimed_digest or hashlib.sha256(data).hexdigest()
        size = len(data) if behaviour.claimed_size is None else behaviour.claimed_size
        tags = {"X_Linked_Etag": f'"{digest}"'} if behaviour.tags else {}
        self._end(
            302,
            Location=f"{self.server.cdn}/{name}",
            X_Repo_Commit=COMMIT,
            X_Linked_Size=str(size),
            **tags,
        )

    def _send(self, name: str) -> None:
        behaviour = self.server.behaviour
        data = behaviour.files[name]
        start = 0
        asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and behaviour.ranges:
            start = int(asked[1])
            if start >= len(data):
                self._end(416)
                return
        body = data[start:] + behaviour.extra
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if behaviour.tags:
            blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            self.send_header("ETag", f'"{blob}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self._write(body)

    def _write(self, body: bytes) -> None:
        behaviour = self.server.behaviour
        cut = behaviour.break_after.pop(0) if behaviour.break_after else len(body)
        if behaviour.stall_after is not None:
            cut, behaviour.stall_after = behaviour.stall_after, None
            self.wfile.write(body[:cut])
            self.wfile.flush()
            self.server.sent += cut
            self.server.go_on.wait()
            self.close_connection = True
            return
        self.wfile.write(body[:cut])
        self.wfile.flush()
        self.server.sent += len(body[:cut])
        if cut < len(body):
            self.close_connection = True
