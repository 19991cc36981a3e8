"""What the installer tells the plugin's setup page: a plan, then a line of JSON for all that happens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from .schema import SchemaError, from_json, to_json


class Trouble(str, Enum):
    """What can stop an installation; the plugin has words for each in the artist's language."""

    PYTHON = "python"
    """Too old or too new for some package."""
    NO_VENV = "no venv"
    """This Python cannot make environments (Debian ships that part on its own), and uv is not there."""
    ENVIRONMENT = "environment"
    """The environment could not be created."""
    ROOM = "room"
    PACKAGES = "packages"
    """They could not be fetched: no connection, or no room."""
    BUILD = "build"
    """No build of torch fits this machine."""
    DOES_NOT_RUN = "does not run"
    """Installed, but it does not work."""
    OTHER_FILE = "other file"
    """What was fetched is not what was tested."""
    OTHER = "other"


@dataclass(frozen=True)
class Offer:
    """What one way of installing would take."""

    device: str
    """What torch is chosen for; empty without torch and the diffusion engines."""
    card: str
    """Name of the graphics card; empty if none is used."""
    download: int
    """Megabytes, about."""
    disk: int
    """Megabytes, about."""
    begun: bool
    """An earlier run got part of it done; that part is not done again."""


@dataclass(frozen=True)
class SetupPlan:
    """What the installer could do on this machine."""

    offers: tuple[Offer, ...] = ()
    """Small first: without the diffusion engines; then with them, where that is possible."""
    free: int = 0
    """Megabytes on the disk that it would go to."""
    folder: str = ""
    trouble: Trouble | None = None
    """Why nothing can be offered."""
    detail: str = ""


class Moment(str, Enum):
    STEPS = "steps"
    """Which steps there will be."""
    BEGUN = "begun"
    ENDED = "ended"
    FAILED = "failed"
    FINISHED = "finished"


@dataclass(frozen=True)
class SetupEvent:
    moment: Moment
    step: str = ""
    steps: tuple[str, ...] = ()
    weights: tuple[int, ...] = ()
    """Of `steps`: how long each takes compared with the others, about."""
    trouble: Trouble = Trouble.OTHER
    sentence: str = ""
    """In English, as the terminal shows it."""
    remedy: str = ""
    detail: str = ""


def append_event(path: Path, event: SetupEvent) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(to_json(event)) + "\n")


def read_events(path: Path, start: int = 0) -> tuple[list[SetupEvent], int]:
    """Whole lines from byte `start` on, and where to go on reading. Lines that are no event are left out."""
    try:
        with path.open("rb") as stream:
            stream.seek(start)
            data = stream.read()
    except FileNotFoundError:
        return [], start
    whole = data[: data.rfind(b"\n") + 1]
    events: list[SetupEvent] = []
    for line in whole.splitlines():
        try:
            events.append(from_json(SetupEvent, json.loads(line), "event"))
        except (SchemaError, ValueError):
            continue
    return events, start + len(whole)
