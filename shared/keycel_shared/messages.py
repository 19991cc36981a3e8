"""Bodies of all messages. `docs/protocol.md` says who sends them, when, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from . import model_messages
from .body import Body
from .errors import ErrorValue
from .states import JobState

OptionValue = bool | int | float | str | None


# -------------------------------------------------------------------------------- parts of bodies


@dataclass(frozen=True)
class PictureAt:
    """A picture (raw BGRA8 of the shot's size) at a frame number of the timeline."""

    time: int
    digest: str
    """Hex sha256 of the raw bytes; in `job.plan` also empty: not looked at yet."""


@dataclass(frozen=True)
class JobRequest:
    """Everything that matters to a result, in one serialisable value."""

    engine: str
    task: str
    width: int
    height: int
    drawings: tuple[PictureAt, ...]
    keyframes: tuple[PictureAt, ...]
    sketches: tuple[PictureAt, ...] = ()
    reference: str = ""
    """Digest of a reference image; empty for none."""
    targets: tuple[int, ...] = ()
    """Frame numbers wanted; empty for all drawings."""
    options: Mapping[str, OptionValue] = field(default_factory=dict[str, OptionValue])
    palette: tuple[tuple[int, int, int, int], ...] = ()
    """The only legal colours (RGBA); empty for those of the keyframes."""
    seed: int = 0
    redraw: bool = False
    """A new take: `seed` may change the targets and nothing else."""
    name: str = ""
    """For people: the document or shot this belongs to."""


@dataclass(frozen=True)
class EngineOption:
    name: str
    title: str
    help: str
    default: OptionValue
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class EngineInfo:
    name: str
    title: str
    version: str
    tasks: tuple[str, ...]
    options: tuple[EngineOption, ...]
    minimum_keyframes: int
    largest_side: int
    licence: str


@dataclass(frozen=True)
class JobStatus:
    job: str
    state: JobState
    total: int
    """Frames asked for."""
    ready: int
    failed: int
    engine: str
    name: str = ""
    error: ErrorValue | None = None


# -------------------------------------------------------------------------------- session


@dataclass(frozen=True)
class Hello(Body):
    """First message of a client; the same session id again means: reattach."""

    TYPE = "session.hello"
    client: str
    client_version: str


@dataclass(frozen=True)
class Welcome(Body):
    TYPE = "session.welcome"
    instance: str
    """Changes with every start of the supervisor."""
    version: str
    engines: tuple[EngineInfo, ...]
    jobs: tuple[JobStatus, ...]
    """Jobs of this session that are not finished or still have unacknowledged events."""
    last_seq: int = 0
    """Number of the session's latest event; 0 for a session that the supervisor did not know."""


@dataclass(frozen=True)
class Ping(Body):
    TYPE = "session.ping"


@dataclass(frozen=True)
class Pong(Body):
    TYPE = "session.pong"


@dataclass(frozen=True)
class Bye(Body):
    """The client leaves; its events stay until acknowledged or expired."""

    TYPE = "session.bye"


@dataclass(frozen=True)
class Acknowledge(Body):
    """These events are safely dealt with and may be forgotten."""

    TYPE = "event.ack"
    seqs: tuple[int, ...]


@dataclass(frozen=True)
class Error(Body):
    """Answer to a request that could not be served."""

    TYPE = "error"
    error: ErrorValue


@dataclass(frozen=True)
class Done(Body):
    """Answer to a request that has nothing else to say."""

    TYPE = "done"


# -------------------------------------------------------------------------------- blobs (data socket)


@dataclass(frozen=True)
class BlobQuery(Body):
    TYPE = "blob.query"
    digests: tuple[str, ...]


@dataclass(frozen=True)
class BlobNeed(Body):
    """Those of the queried blobs that the store does not have."""

    TYPE = "blob.need"
    digests: tuple[str, ...]


@dataclass(frozen=True)
class BlobPut(Body):
    """One buffer follows."""

    TYPE = "blob.put"
    digest: str


@dataclass(frozen=True)
class BlobStored(Body):
    TYPE = "blob.stored"
    digest: str


@dataclass(frozen=True)
class BlobGet(Body):
    TYPE = "blob.get"
    digest: str


@dataclass(frozen=True)
class BlobData(Body):
    """One buffer follows."""

    TYPE = "blob.data"
    digest: str


# -------------------------------------------------------------------------------- jobs


@dataclass(frozen=True)
class JobPlan(Body):
    TYPE = "job.plan"
    request: JobRequest


@dataclass(frozen=True)
class JobEstimate(Body):
    """What the job would cost; nothing has been started."""

    TYPE = "job.estimate"
    seconds: float
    memory_bytes: int
    frames: int
    stored: int
    """Frames whose result is stored already and costs nothing."""


@dataclass(frozen=True)
class JobSubmit(Body):
    TYPE = "job.submit"
    request: JobRequest
    credits: int
    """How many frame events may be sent before `job.credit` grants more."""


@dataclass(frozen=True)
class JobAccepted(Body):
    TYPE = "job.accepted"
    status: JobStatus


@dataclass(frozen=True)
class JobCredit(Body):
    TYPE = "job.credit"
    job: str
    frames: int


@dataclass(frozen=True)
class JobCancel(Body):
    TYPE = "job.cancel"
    job: str


@dataclass(frozen=True)
class JobWatch(Body):
    """Asks for the next `job.preview`; one is sent for it, if the engine has one before the job is over."""

    TYPE = "job.watch"
    job: str


@dataclass(frozen=True)
class JobList(Body):
    TYPE = "job.list"


@dataclass(frozen=True)
class JobListing(Body):
    TYPE = "job.listing"
    jobs: tuple[JobStatus, ...]


@dataclass(frozen=True)
class JobProgress(Body):
    """Passing news, neither numbered nor kept."""

    TYPE = "job.progress"
    job: str
    share: float
    """0..1 over the whole job."""
    phase: str
    seconds_left: float | None = None


@dataclass(frozen=True)
class JobPreview(Body):
    """Passing news, neither numbered nor kept: what an engine has so far of a frame, to look at only."""

    TYPE = "job.preview"
    job: str
    time: int
    digest: str
    """Of a small picture, raw BGRA8; fetched from the data socket, where it may be gone soon."""
    width: int
    height: int


@dataclass(frozen=True)
class JobChanged(Body):
    """Kept event: the job has a new state."""

    TYPE = "job.state"
    status: JobStatus


@dataclass(frozen=True)
class FrameReady(Body):
    """Kept event: a frame is in the store; fetch its picture and its report from the data socket."""

    TYPE = "frame.ready"
    job: str
    time: int
    digest: str
    report: str
    """Digest of the frame's report: UTF-8 JSON, see docs/protocol.md."""
    engine: str
    seed: int
    seconds: float
    unsure: int
    """Regions that are worth a look: those whose report gives a reason."""
    reused: bool
    """Taken from the store, not computed for this job."""


@dataclass(frozen=True)
class FrameFailed(Body):
    """Kept event: this frame will not come."""

    TYPE = "frame.failed"
    job: str
    time: int
    error: ErrorValue


# -------------------------------------------------------------------------------- service


@dataclass(frozen=True)
class Diagnose(Body):
    TYPE = "service.diagnose"


@dataclass(frozen=True)
class Diagnosis(Body):
    TYPE = "service.diagnosis"
    facts: Mapping[str, OptionValue]


@dataclass(frozen=True)
class Shutdown(Body):
    TYPE = "service.shutdown"


_BODIES: tuple[type[Body], ...] = (
    Hello,
    Welcome,
    Ping,
    Pong,
    Bye,
    Acknowledge,
    Error,
    Done,
    BlobQuery,
    BlobNeed,
    BlobPut,
    BlobStored,
    BlobGet,
    BlobData,
    JobPlan,
    JobEstimate,
    JobSubmit,
    JobAccepted,
    JobCredit,
    JobCancel,
    JobWatch,
    JobList,
    JobListing,
    JobProgress,
    JobPreview,
    JobChanged,
    FrameReady,
    FrameFailed,
    Diagnose,
    Diagnosis,
    Shutdown,
    *model_messages.BODIES,
)

TYPES: dict[str, type[Body]] = {body.TYPE: body for body in _BODIES}

DATA_TYPES: frozenset[str] = frozenset({"blob.query", "blob.put", "blob.get"})
"""Requests that travel on the data socket; all others use the control socket."""
