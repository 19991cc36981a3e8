"""Checks a request once, completely, before anything is queued; the worker never sees a bad one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from keycel_backend.engines.base import EngineDescription, Option
from keycel_backend.engines.registry import EngineEntry, find_entry
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import JobRequest, OptionValue, PictureAt
from keycel_shared.pixels import LARGEST_SIDE, byte_count, is_digest
from keycel_shared.wire import malformed

from .blob_files import missing_blob
from .identity import frame_identity, shot_identity
from .inbetweens import INBETWEEN, wanted_inbetweens

RawSize = Callable[[str], int | None]
"""Digest to the size in bytes of the stored blob, None if it is not stored."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unique drawing that is wanted: coloured once, delivered for each of its times."""

    target: int
    """First time of the drawing in the shot; the engine's name for it."""
    times: tuple[int, ...]
    """Its wanted frame numbers, ascending."""
    identity: str


@dataclass(frozen=True, slots=True)
class Work:
    """A request that has passed every check."""

    request: JobRequest
    """Options complete."""
    engine: EngineEntry
    units: tuple[Unit, ...]

    @property
    def total(self) -> int:
        """Frames to deliver."""
        return sum(len(unit.times) for unit in self.units)

    @property
    def drawings(self) -> int:
        """Different drawings that the engine deals with, for its estimate."""
        if self.request.task == INBETWEEN:
            return len(self.request.sketches) + self.total
        return len({drawing.digest for drawing in self.request.drawings})

    @property
    def inputs(self) -> tuple[str, ...]:
        """Digests of every picture that the work reads, each once."""
        return tuple(dict.fromkeys(digest for _, digest in _pictures(self.request)))


def check_request(request: JobRequest, raw_size: RawSize) -> Work:
    """The work that a request asks for.

    A target on a hold means the drawing shown there; its own time is delivered.

    Raises:
        KeycelError: REG_NO_ENGINE, LINK_MALFORMED, DOC_* or RES_MISSING_BLOB, each with a remedy.
    """
    for where, digest in _pictures(request):
        if not is_digest(digest):
            raise _no_digest(where, digest)
    work = _work(request)
    _check_pictures(request, raw_size)
    return work


def check_plan(request: JobRequest) -> Work:
    """The work that a request would ask for, before its pictures are stored or even read.

    A picture with an empty digest is one that the client has not looked at: different from all others.

    Raises:
        KeycelError: as `check_request`, except RES_MISSING_BLOB and DOC_SIZE_MISMATCH.
    """
    for where, digest in _pictures(request):
        if digest and not is_digest(digest):
            raise _no_digest(where, digest)
    return _work(
        replace(
            request,
            drawings=_told_apart(request.drawings, "drawing"),
            keyframes=_told_apart(request.keyframes, "painted frame"),
            sketches=_told_apart(request.sketches, "sketch"),
        )
    )


def _told_apart(pictures: Sequence[PictureAt], kind: str) -> tuple[PictureAt, ...]:
    """Unknown pictures named after their place; no digest looks like that, so nothing is stored for them."""
    return tuple(
        picture if picture.digest else PictureAt(picture.time, f"{kind} {picture.time}")
        for picture in pictures
    )


def _work(request: JobRequest) -> Work:
    entry = find_entry(request.engine, request.task)
    _check_canvas(request, entry.description)
    _check_times(request)
    complete = replace(request, options=_complete_options(request.options, entry.description))
    _check_palette(request)
    if request.task == INBETWEEN:
        times = wanted_inbetweens(request)
        shot = shot_identity(complete, entry.description.version)
        units = (Unit(time, (time,), frame_identity(shot, str(time), _take(request))) for time in times)
        return Work(complete, entry, tuple(units))
    _check_drawings(request)
    _check_keyframes(request, entry.description)
    return Work(complete, entry, _units(complete, entry.description))


def _take(request: JobRequest) -> int | None:
    return request.seed if request.redraw else None


def _check_canvas(request: JobRequest, engine: EngineDescription) -> None:
    largest = min(LARGEST_SIDE, engine.largest_side)
    if request.width < 1 or request.height < 1:
        raise malformed(f"canvas of {request.width} x {request.height} pixels")
    if max(request.width, request.height) > largest:
        raise KeycelError(
            ErrorCode.DOC_TOO_LARGE,
            f"The canvas of {request.width} x {request.height} pixels is too large for {engine.title}.",
            f"Use a canvas of at most {largest} pixels on each side.",
        )


def _check_drawings(request: JobRequest) -> None:
    if not request.drawings:
        raise KeycelError(
            ErrorCode.DOC_NO_LINES,
            "There are no drawings to colour.",
            "Choose the layer with the line art; it must have at least one drawing.",
        )


def _check_times(request: JobRequest) -> None:
    for pictures in (request.drawings, request.keyframes, request.sketches):
        times = [picture.time for picture in pictures]
        if len(set(times)) != len(times):
            raise malformed("two pictures of one kind have the same frame number")


def _complete_options(given: Mapping[str, OptionValue], engine: EngineDescription) -> dict[str, OptionValue]:
    known = {option.name: option for option in engine.options}
    for name in given:
        if name not in known:
            raise _bad_option(
                f"{engine.title} has no option called {name[:80]}.",
                f"It has: {', '.join(sorted(known)) or 'no options'}.",
            )
    return {name: _option_value(option, given.get(name)) for name, option in known.items()}


def _option_value(option: Option, given: OptionValue) -> OptionValue:
    if given is None:
        return option.default
    if isinstance(option.default, float) and type(given) is int:
        given = float(given)
    if type(given) is not type(option.default):
        kind = type(option.default).__name__
        raise _bad_option(
            f"{option.title}: {given!r} is not of the right kind.", f"Give a value of type {kind}."
        )
    if option.choices and given not in option.choices:
        raise _bad_option(
            f"{option.title}: {given!r} is unknown.", f"Choose one of: {', '.join(option.choices)}."
        )
    if isinstance(given, (int, float)):
        low, high = option.minimum, option.maximum
        if (low is not None and given < low) or (high is not None and given > high):
            raise _bad_option(
                f"{option.title}: {given} is out of range.", f"Give a value from {low} to {high}."
            )
    return given


def _check_palette(request: JobRequest) -> None:
    if any(not 0 <= channel <= 255 for color in request.palette for channel in color):
        raise malformed("a palette colour is outside 0..255")


def _check_keyframes(request: JobRequest, engine: EngineDescription) -> None:
    if len(request.keyframes) < engine.minimum_keyframes:
        raise KeycelError(
            ErrorCode.DOC_NO_KEYFRAME,
            "No frame of the shot is painted yet."
            if not request.keyframes
            else f"{engine.title} needs at least {engine.minimum_keyframes} painted frames.",
            "Paint at least one frame on the colour layer, then press the button again.",
        )
    first = min(drawing.time for drawing in request.drawings)
    early = [keyframe.time for keyframe in request.keyframes if keyframe.time < first]
    if early:
        raise _no_frame(
            f"The painted frame {min(early)} has no drawing.",
            f"The first drawing is at frame {first}; paint that frame or a later one.",
        )


def _check_pictures(request: JobRequest, raw_size: RawSize) -> None:
    expected = byte_count(request.width, request.height)
    for where, digest in _pictures(request):
        size = raw_size(digest)
        if size is None:
            raise missing_blob(digest, where)
        if size != expected:
            raise KeycelError(
                ErrorCode.DOC_SIZE_MISMATCH,
                f"The {where} does not have the size of the shot.",
                f"Make it {request.width} x {request.height} pixels, like the rest of the shot.",
                f"{size} bytes, expected {expected}",
            )


def _units(request: JobRequest, engine: EngineDescription) -> tuple[Unit, ...]:
    shot = shot_identity(request, engine.version)
    take = _take(request)
    drawings = sorted(request.drawings, key=lambda drawing: drawing.time)
    first: dict[str, int] = {}
    for drawing in drawings:
        first.setdefault(drawing.digest, drawing.time)
    wanted: dict[str, list[int]] = {}
    for drawing in _wanted(request, drawings):
        wanted.setdefault(drawing.digest, []).append(drawing.time)
    return tuple(
        Unit(first[digest], tuple(times), frame_identity(shot, digest, take))
        for digest, times in wanted.items()
    )


def _wanted(request: JobRequest, drawings: Sequence[PictureAt]) -> list[PictureAt]:
    """The drawings shown at the targets, each exposure once, in the order of time."""
    if not request.targets:
        return list(drawings)
    times = [drawing.time for drawing in drawings]
    if min(request.targets) < times[0]:
        raise _no_frame(
            f"Frame {min(request.targets)} has no drawing.",
            f"The first drawing is at frame {times[0]}; choose that frame or a later one.",
        )
    shown = {bisect_right(times, target) - 1 for target in request.targets}
    return [drawings[index] for index in sorted(shown)]


def _pictures(request: JobRequest) -> list[tuple[str, str]]:
    """(what it is, digest) of every picture of a request."""
    kinds = (
        ("drawing", request.drawings),
        ("painted frame", request.keyframes),
        ("sketch", request.sketches),
    )
    found = [
        (f"{kind} at frame {picture.time}", picture.digest)
        for kind, pictures in kinds
        for picture in pictures
    ]
    return [*found, ("reference picture", request.reference)] if request.reference else found


def _bad_option(title: str, remedy: str) -> KeycelError:
    return KeycelError(ErrorCode.DOC_BAD_OPTION, title, remedy)


def _no_digest(where: str, digest: str) -> KeycelError:
    return malformed(f"{where}: {digest[:80]!r} is not a digest")


def _no_frame(title: str, remedy: str) -> KeycelError:
    return KeycelError(ErrorCode.DOC_NO_SUCH_FRAME, title, remedy)
