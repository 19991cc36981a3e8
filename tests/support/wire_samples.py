"""Messages for contract tests: one fixed sample per type, and random ones from the type hints."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any, Union, get_args, get_origin

from hypothesis import strategies as st

from keycel_shared.errors import ErrorCode, ErrorValue
from keycel_shared.messages import (
    TYPES,
    Acknowledge,
    BlobData,
    BlobGet,
    BlobNeed,
    BlobPut,
    BlobQuery,
    BlobStored,
    Body,
    Bye,
    Diagnose,
    Diagnosis,
    Done,
    EngineInfo,
    EngineOption,
    Error,
    FrameFailed,
    FrameReady,
    Hello,
    JobAccepted,
    JobCancel,
    JobChanged,
    JobCredit,
    JobEstimate,
    JobList,
    JobListing,
    JobPlan,
    JobPreview,
    JobProgress,
    JobRequest,
    JobStatus,
    JobSubmit,
    JobWatch,
    PictureAt,
    Ping,
    Pong,
    Shutdown,
    Welcome,
)
from keycel_shared.model_messages import (
    ModelInfo,
    ModelInstall,
    ModelLicence,
    ModelLink,
    ModelList,
    ModelListing,
    ModelOffline,
    ModelPause,
    ModelRemove,
    ModelState,
    ModelVerify,
    ModelWork,
)
from keycel_shared.pixels import digest_of
from keycel_shared.states import JobState
from keycel_shared.wire import Buffer, Header, Message

PICTURE = bytes(range(48))
"""A picture of 4 x 3 pixels."""
REPORT = b'{"palette":[[255,0,0,255]],"regions":[]}'
DIGEST, REPORT_DIGEST = digest_of(PICTURE), digest_of(REPORT)

_PROBLEM = ErrorValue(
    ErrorCode.RES_OUT_OF_MEMORY, "Zu wenig Speicher: 彩色 needs more.", "Close other programs.", "8 GB", True
)
_REQUEST = JobRequest(
    engine="flat",
    task="colorize",
    width=4,
    height=3,
    drawings=(PictureAt(0, DIGEST), PictureAt(7, DIGEST)),
    keyframes=(PictureAt(0, DIGEST),),
    sketches=(PictureAt(3, DIGEST),),
    reference=DIGEST,
    targets=(7,),
    options={"gap": 2.5, "leave_unsure": True, "mode": "plain", "steps": 8, "unset": None},
    palette=((255, 0, 0, 255), (0, 0, 0, 0)),
    seed=-1,
    redraw=True,
    name='Scène 12 "fox"\n',
)
_STATUS = JobStatus("j1", JobState.DONE_WITH_FAILURES, 2, 1, 1, "flat", "scene", _PROBLEM)
_ENGINE = EngineInfo(
    name="flat",
    title="Flat colours",
    version="1",
    tasks=("colorize",),
    options=(
        EngineOption("gap", "Gap", "Pixels.", 4, 0.0, 64.0),
        EngineOption("mode", "", "", "a", choices=("a",)),
    ),
    minimum_keyframes=1,
    largest_side=16384,
    licence="GPL-3.0-or-later",
)
_MODEL = ModelInfo(
    name="taesd",
    title="TAESD",
    purpose="Sharp previews.",
    engines=("lvcd", "anidoc"),
    licence="MIT: free for any use.",
    licences=(ModelLicence("TAESD", "MIT", "https://example.org/mit", "yes"),),
    accepted=True,
    download_bytes=None,
    installed_bytes=10_000_000,
    used_bytes=4_000_000,
    linked=False,
    by_hand=False,
    state=ModelState.PARTIAL,
)
_WORK = ModelWork("taesd", "install", True, "downloading", 4_000_000, 9_800_000, 1.5e6, False, _PROBLEM)

_REQUESTS: list[tuple[Body, tuple[bytes, ...]]] = [
    (Hello("Krita 5.2", "0.1.0"), ()),
    (Ping(), ()),
    (Bye(), ()),
    (Acknowledge((1, 2, 900)), ()),
    (BlobQuery((DIGEST, REPORT_DIGEST)), ()),
    (BlobPut(DIGEST), (PICTURE,)),
    (BlobGet(DIGEST), ()),
    (JobPlan(_REQUEST), ()),
    (JobSubmit(_REQUEST, 8), ()),
    (JobCredit("j1", 1), ()),
    (JobCancel("j1"), ()),
    (JobWatch("j1"), ()),
    (JobList(), ()),
    (Diagnose(), ()),
    (Shutdown(), ()),
    (ModelList(), ()),
    (ModelInstall("taesd", True), ()),
    (ModelPause("taesd"), ()),
    (ModelVerify("taesd"), ()),
    (ModelRemove("taesd"), ()),
    (ModelLink("taesd", "/home/ann/Comfy UI/models", False), ()),
    (ModelOffline(True), ()),
]
_ANSWERS: list[tuple[Body, tuple[bytes, ...]]] = [
    (Welcome("i1", "0.1.0", (_ENGINE,), (_STATUS,), 12), ()),
    (Pong(), ()),
    (Done(), ()),
    (Error(_PROBLEM), ()),
    (BlobNeed((DIGEST,)), ()),
    (BlobStored(DIGEST), ()),
    (BlobData(DIGEST), (PICTURE,)),
    (JobEstimate(12.5, 2**31, 24, 3), ()),
    (JobAccepted(dataclasses.replace(_STATUS, state=JobState.QUEUED, error=None)), ()),
    (JobListing((_STATUS,)), ()),
    (ModelListing((_MODEL,), (_WORK,), False, True, 2**40), ()),
    (Diagnosis({"memory_bytes": 2**40, "system": "Linux", "uptime_seconds": 0.1, "worker": None}), ()),
]
_EVENTS: list[Body] = [
    JobChanged(_STATUS),
    FrameReady("j1", 7, DIGEST, REPORT_DIGEST, "flat", 2**63 - 1, 0.75, 2, False),
    FrameFailed("j1", 9, _PROBLEM),
]


def samples() -> dict[str, Message]:
    """A fixed message of every type, by type."""
    found = [Message(Header("r1", body.TYPE, "s1"), body, buffers) for body, buffers in _REQUESTS]
    found += [Message(Header("a1", body.TYPE, "s1", "r1"), body, buffers) for body, buffers in _ANSWERS]
    found += [Message(Header("e1", body.TYPE, "s1", "", 2**40), body) for body in _EVENTS]
    preview = JobPreview("j1", 7, DIGEST, 2, 1)
    found += [Message(Header("n1", "job.preview", "s1"), preview)]
    found += [Message(Header("n1", "job.progress", "s1"), JobProgress("j1", 0.5, "matching regions", 3.25))]
    return {message.header.type: message for message in found}


# ---------------------------------------------------------------------------- random ones

_INTEGERS = st.integers(-(2**63), 2**63 - 1)
_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)  # lone surrogates are no UTF-8
_SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    int: _INTEGERS,
    float: _FLOATS,
    str: _TEXT,
    bool: st.booleans(),
    type(None): st.none(),
}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type hint as the protocol uses them."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return st.one_of([values(item) for item in arguments])
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return st.lists(values(arguments[0]), max_size=4).map(tuple)
        return st.tuples(*(values(item) for item in arguments))
    if origin is not None and issubclass(origin, Mapping):
        return st.dictionaries(_TEXT, values(arguments[1]), max_size=4)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(typing.cast("type", kind))
        fields = {item.name: values(hints[item.name]) for item in dataclasses.fields(kind)}
        return st.builds(typing.cast("type", kind), **fields)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    return _SCALARS[kind]


@st.composite
def messages(draw: st.DrawFn, kind: type[Body]) -> Message:
    """Any message of a type."""
    header = draw(
        st.builds(
            Header,
            id=_TEXT,
            type=st.just(kind.TYPE),
            session=_TEXT,
            parent=_TEXT,
            seq=st.integers(0, 2**63 - 1),
        )
    )
    buffers: list[Buffer] = draw(st.lists(st.binary(max_size=64), max_size=4))
    return Message(header, draw(values(kind)), tuple(buffers))


ALL_TYPES = sorted(TYPES)
