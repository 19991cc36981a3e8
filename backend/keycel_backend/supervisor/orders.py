"""What supervisor and worker say to each other: one JSON object per line over the worker's pipes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

from keycel_backend.diffusion.device import Device
from keycel_shared.errors import ErrorValue
from keycel_shared.messages import JobRequest
from keycel_shared.schema import SchemaError, from_json, to_json

# -------------------------------------------------------------------------------- to the worker


@dataclass(frozen=True)
class Run:
    """Colour these targets; checked by the supervisor, options complete, blobs in the store."""

    job: str
    request: JobRequest
    targets: tuple[int, ...]
    """Each the first time of a drawing; repeats of a drawing are listed once."""


@dataclass(frozen=True)
class Cancel:
    job: str


@dataclass(frozen=True)
class Warm:
    """Import this engine now, so that the first job does not wait for it."""

    engine: str
    task: str


@dataclass(frozen=True)
class Probe:
    """Look for a graphics card and say what was found, for estimates."""


@dataclass(frozen=True)
class Quit:
    """Leave at once."""


# -------------------------------------------------------------------------------- from the worker


@dataclass(frozen=True)
class Started:
    """The engine is loaded; work on the job begins."""

    job: str


@dataclass(frozen=True)
class Progressed:
    job: str
    share: float
    """0..1 of this order's targets."""
    phase: str


@dataclass(frozen=True)
class FrameMade:
    """Picture and report are in the store."""

    job: str
    time: int
    """The target."""
    digest: str
    report: str
    seed: int
    seconds: float
    unsure: int


@dataclass(frozen=True)
class FrameMissed:
    job: str
    time: int
    error: ErrorValue


@dataclass(frozen=True)
class Finished:
    """Nothing more will come for this job; targets not named so far were not begun (cancel)."""

    job: str


@dataclass(frozen=True)
class Alive:
    """Sent every few seconds by a thread of its own."""


@dataclass(frozen=True)
class DeviceFound:
    """What engines that use a graphics card compute on."""

    device: Device


Order = Run | Cancel | Warm | Probe | Quit
Report = Started | Progressed | FrameMade | FrameMissed | Finished | Alive | DeviceFound

_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        Run, Cancel, Warm, Probe, Quit,
        Started, Progressed, FrameMade, FrameMissed, Finished, Alive, DeviceFound
    )
}  # fmt: skip


def to_line(message: Order | Report) -> bytes:
    body = {"kind": type(message).__name__, **to_json(message)}
    return json.dumps(body, separators=(",", ":")).encode() + b"\n"


def from_line(line: bytes) -> Order | Report:
    """Raises `SchemaError` for a line that is none of ours."""
    try:
        value = json.loads(line)
    except ValueError as error:
        raise SchemaError(f"not JSON: {line[:80]!r}") from error
    if not isinstance(value, dict):
        raise SchemaError(f"not a JSON object: {line[:80]!r}")
    body = cast("dict[str, object]", value)
    kind = _KINDS.get(str(body.get("kind")))
    if kind is None:
        raise SchemaError(f"not a known line: {line[:80]!r}")
    return from_json(kind, body, kind.__name__)
