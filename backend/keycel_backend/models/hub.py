"""Asks Hugging Face's hub what a file is, and opens the stream of its bytes; nothing is kept here.

The hub's protocol is huggingface_hub's business, whose `hf_hub_download` we do not use: since version 2 it
begins anew after every break (docs/adr/0012). `HF_ENDPOINT` names another hub, and a token of the user's own
is sent where huggingface_hub finds one; see https://huggingface.co/docs/huggingface_hub.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx2
from huggingface_hub import HfApi, constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import build_hf_headers, get_session

from keycel_backend.models.published import Published
from keycel_shared.errors import ErrorCode, KeycelError

STALL_SECONDS = 15.0
"""Silence of the server after which a connection counts as broken."""

_SHA256, _SHA1 = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")


class Interrupted(Exception):
    """The connection broke, or the server is busy: worth another try. The text says how."""


@dataclass(frozen=True)
class Offered:
    """A file as the server describes it."""

    path: str
    revision: str
    """The commit."""
    etag: str
    bytes: int | None
    location: str
    """Where its bytes are; may be good for some minutes only."""

    @property
    def digest(self) -> str:
        """`sha256:…` of large files, `git-sha1:…` of small ones; empty where the server tells none."""
        if _SHA256.fullmatch(self.etag):
            return f"sha256:{self.etag}"
        return f"git-sha1:{self.etag}" if _SHA1.fullmatch(self.etag) else ""


def files_of(published: Published) -> list[str]:
    """Paths of all files that are needed; folders are looked up on the server.

    Raises:
        KeycelError: REG_NO_ACCESS, REG_NOT_PUBLISHED, or REG_BAD_MODEL for a name that leads elsewhere.
        Interrupted
    """
    found = [file.path for file in published.files]
    api = HfApi(endpoint=_endpoint())
    for folder in published.folders:
        with _told(published, folder):
            listed = api.list_repo_tree(
                published.repository, folder, recursive=True, revision=published.revision
            )
            found += [entry.path for entry in listed if isinstance(entry, RepoFile)]
    for path in found:
        parts = path.split("/")
        if path.startswith("/") or ".." in parts or "\\" in path or ":" in path:
            raise _strange(published, path)
    return found


def describe(published: Published, path: str, revision: str) -> Offered:
    """What the server says of a file, without any of its bytes.

    Raises:
        KeycelError: REG_NO_ACCESS or REG_NOT_PUBLISHED.
        Interrupted
    """
    url = hf_hub_url(published.repository, path, revision=revision, endpoint=_endpoint())
    with _told(published, path):
        told = get_hf_file_metadata(url, timeout=STALL_SECONDS, endpoint=_endpoint())
    return Offered(path, told.commit_hash or "", told.etag or "", told.size, told.location)


@contextmanager
def bytes_of(published: Published, offered: Offered, start: int) -> Iterator[tuple[int, Iterator[bytes]]]:
    """The bytes of a file from `start` on; or from 0, where the server cannot do that.

    Yields:
        Where the bytes begin, and the bytes.
    Raises:
        KeycelError: REG_NO_ACCESS or REG_NOT_PUBLISHED.
        Interrupted
    """
    headers = build_hf_headers() | {"Accept-Encoding": "identity"}
    if urlsplit(offered.location).netloc != urlsplit(_endpoint()).netloc:
        headers.pop("authorization", None)  # the token is the hub's business alone
    if start:
        headers["Range"] = f"bytes={start}-"
    with (
        _told(published, offered.path),
        get_session().stream(
            "GET", offered.location, headers=headers, timeout=STALL_SECONDS, follow_redirects=True
        ) as response,
    ):
        if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise Interrupted("the server does not know this part of the file")
        response.raise_for_status()
        begin = _begin(response)
        if begin > start:
            raise Interrupted(f"asked for bytes from {start} on, got them from {begin}")
        yield (
            begin,
            response.iter_bytes(),
        )  # blocks as they come: larger ones would be lost with the connection


def _begin(response: httpx2.Response) -> int:
    told = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(told[1]) if response.status_code == HTTPStatus.PARTIAL_CONTENT and told else 0


def _endpoint() -> str:
    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


@contextmanager
def _told(published: Published, path: str) -> Iterator[None]:
    """Errors of the libraries become ours."""
    try:
        yield
    except (HfHubHTTPError, httpx2.HTTPStatusError) as error:
        raise _answered(published, path, error) from error
    except httpx2.HTTPError as error:
        raise Interrupted(f"{type(error).__name__}: {error}") from error


def _answered(published: Published, path: str, error: HfHubHTTPError | httpx2.HTTPStatusError) -> Exception:
    status, page = error.response.status_code, f"https://huggingface.co/{published.repository}"
    detail = f"{path}: HTTP {status}"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return KeycelError(
            ErrorCode.REG_NO_ACCESS,
            f"The publisher of {published.title} gives its files only to people whom it has allowed.",
            f"Ask for access on {page}, run `hf auth login`, try again; or link a folder with the files.",
            detail,
        )
    if status == HTTPStatus.NOT_FOUND:
        return KeycelError(
            ErrorCode.REG_NOT_PUBLISHED,
            f"The publisher does not offer {path} any more, or has moved it.",
            f"Look at {page}; with the files from elsewhere use `keycel models install ... --from`.",
            f"{published.repository} at {published.revision}, {detail}",
        )
    return Interrupted(detail)


def _strange(published: Published, path: str) -> KeycelError:
    return KeycelError(
        ErrorCode.REG_BAD_MODEL,
        f"The server names a file of {published.title} that would not stay in its folder.",
        "Do not use this server; remove HF_ENDPOINT from your environment if you have set it.",
        path,
    )
