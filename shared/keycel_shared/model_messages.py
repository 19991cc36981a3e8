"""Bodies of messages about models: weights of other publishers that engines use, and what is done with them.

`docs/protocol.md` says who sends them, when, and what they mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .body import Body
from .errors import ErrorValue


class ModelState(str, Enum):
    ABSENT = "absent"
    PARTIAL = "partial"
    """Some of its files are here, whole or not."""
    READY = "ready"
    """All files are here, downloaded or linked, and not installed yet."""
    INSTALLED = "installed"


@dataclass(frozen=True)
class ModelLicence:
    """Of one publisher's files."""

    title: str
    """What it is of."""
    name: str
    """Empty where the publisher states none, or it is not known."""
    url: str
    commercial: str
    """`yes`, `with conditions`, `no` or `unknown`."""


@dataclass(frozen=True)
class ModelInfo:
    name: str
    title: str
    purpose: str
    engines: tuple[str, ...]
    """Names of the engines that use it."""
    licence: str
    """What the user has to accept, in plain words."""
    licences: tuple[ModelLicence, ...]
    accepted: bool
    """The user has accepted it in these words."""
    download_bytes: int | None
    """Roughly; None where that is not known before the server is asked."""
    installed_bytes: int
    """Room that it takes installed, roughly."""
    used_bytes: int
    """Room that it takes now: installed, downloaded and half downloaded."""
    linked: bool
    """Some of its files are used from another program's folder."""
    by_hand: bool
    """Nothing can be downloaded for it; its documentation says how the file is made."""
    state: ModelState


@dataclass(frozen=True)
class ModelWork:
    """What is being done with a model, or how the last work on it ended."""

    model: str
    action: str
    """`install`, `link`, `verify` or `remove`."""
    running: bool
    phase: str
    """One of a fixed set of English phrases; empty at the end."""
    done: int
    total: int
    """Bytes; 0 where that is not known."""
    rate: float
    """Bytes in a second."""
    paused: bool
    """It was stopped by a request, and what has come is kept."""
    error: ErrorValue | None = None


@dataclass(frozen=True)
class ModelList(Body):
    TYPE = "models.list"


@dataclass(frozen=True)
class ModelListing(Body):
    TYPE = "models.listing"
    models: tuple[ModelInfo, ...]
    works: tuple[ModelWork, ...]
    """At most one for each model."""
    offline: bool
    offline_forced: bool
    """The environment says so: the switch changes nothing."""
    free_bytes: int
    """Room left on the disk on which models are kept."""


@dataclass(frozen=True)
class ModelInstall(Body):
    """Download what is missing, and install it; goes on where it was paused."""

    TYPE = "models.install"
    model: str
    accept_licence: bool
    """The user has read the licence and accepts it now; needed unless `accepted` is true."""


@dataclass(frozen=True)
class ModelPause(Body):
    """Stop the work on a model; what has come is kept."""

    TYPE = "models.pause"
    model: str


@dataclass(frozen=True)
class ModelVerify(Body):
    TYPE = "models.verify"
    model: str


@dataclass(frozen=True)
class ModelRemove(Body):
    """Delete what is installed and downloaded, forget what is linked."""

    TYPE = "models.remove"
    model: str


@dataclass(frozen=True)
class ModelLink(Body):
    """Use a model's files from where another program keeps them."""

    TYPE = "models.link"
    model: str
    folder: str
    accept_licence: bool


@dataclass(frozen=True)
class ModelOffline(Body):
    TYPE = "models.offline"
    offline: bool


BODIES: tuple[type[Body], ...] = (
    ModelList,
    ModelListing,
    ModelInstall,
    ModelPause,
    ModelVerify,
    ModelRemove,
    ModelLink,
    ModelOffline,
)
