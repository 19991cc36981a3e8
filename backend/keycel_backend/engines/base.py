"""What an engine is: the one seam between the job machinery and everything that colours frames.

An engine is described by an `EngineDescription` that costs nothing to import (the supervisor
reads it), and run through the `Engine` protocol inside a worker process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    """RGBA picture, shape (height, width, 4), straight alpha, sRGB, 0-255."""

OptionValue = bool | int | float | str
Rgba = tuple[int, int, int, int]

ProgressCallback = Callable[[float, str], None]
"""Called with (share done 0..1, what is being done, a short plain phrase)."""

CancelledCallback = Callable[[], bool]
"""True as soon as the work is not wanted any more; engines ask between chunks."""


class Cancelled(Exception):
    """Raised inside an engine once `cancelled()` has answered true; everyone lets it pass."""


@dataclass(frozen=True, slots=True)
class Option:
    """One setting of an engine, described so that a form can be generated from it."""

    name: str
    title: str
    help: str
    default: OptionValue
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineDescription:
    """Static facts about an engine: no arrays, no torch, importable by the supervisor."""

    name: str
    title: str
    version: str
    """Part of the identity of work: raise it whenever the same input gives other pixels."""
    tasks: tuple[str, ...]
    """Of "colorize", "inbetween", "reference", "animate"."""
    options: tuple[Option, ...] = ()
    largest_side: int = 16384
    minimum_keyframes: int = 1
    licence: str = "GPL-3.0-or-later"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a request will cost, stated before any work is done."""

    seconds: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """One unique drawing. Repeats of the same picture are collapsed before an engine sees them."""

    times: tuple[int, ...]
    """Frame numbers at which it is drawn, ascending; holds are not listed."""
    digest: str

    @property
    def time(self) -> int:
        return self.times[0]


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A painted reference frame."""

    time: int
    digest: str


@dataclass(frozen=True, slots=True)
class Shot:
    """The input of a request; pictures are fetched one at a time so that long shots fit in memory."""

    width: int
    height: int
    drawings: tuple[Drawing, ...]
    """Ascending by first time."""
    keyframes: tuple[Keyframe, ...]
    """Ascending by time. A keyframe's drawing is the one shown (held) at its time."""
    load: Callable[[str], Pixels]
    """Digest to RGBA picture; raises `KeycelError` where the stored picture is damaged."""
    sketches: tuple[Keyframe, ...] = ()
    """Key sketches of the task "inbetween", ascending by time; such a shot has no drawings."""
    reference: str = ""
    """Digest of a reference picture; empty for none."""


@dataclass(frozen=True, slots=True)
class Request:
    """One serialisable piece of work: everything that matters to the result is inside."""

    shot: Shot
    targets: tuple[int, ...]
    """Frame numbers wanted, each the first time of a drawing of the shot; of the task "inbetween" any from
    the first to the last key sketch."""
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    seed: int = 0
    """Job seed; an engine derives each frame's own seed from it and the drawing's digest."""
    palette: tuple[Rgba, ...] = ()
    """The only legal colours; empty: the colours found in the keyframes."""
    redraw: frozenset[int] = frozenset()
    """Targets for which `seed` may change the answer (regenerate). Others stay as seed 0 gives them."""


@dataclass(frozen=True, slots=True)
class RegionReport:
    """One closed region of a result frame."""

    box: tuple[int, int, int, int]
    """left, top, right, bottom in pixels; right and bottom exclusive."""
    area: int
    """Pixels, without the overlap under the lines."""
    color: Rgba
    palette_entry: int | None
    """Index into the result's palette; None: left unpainted."""
    confidence: float
    """0..1; an estimate of the probability that the colour is right."""
    reason: str = ""
    """Why it is unsure, in plain words; empty when it is not."""
    runs: tuple[tuple[int, int, int], ...] = ()
    """Its shape if it is unsure: row, first column, column after the last; top to bottom, left to right.
    Empty when it is not, or when the engine does not know."""


@dataclass(frozen=True, slots=True)
class FrameResult:
    """One coloured frame. `time` is a member of the request's targets."""

    time: int
    flats: Pixels
    """RGBA flats without the lines; alpha is 0 or 255 in flat results."""
    palette: tuple[Rgba, ...]
    regions: tuple[RegionReport, ...]
    seconds: float
    line: Pixels | None = None
    """RGBA line art of the frame, where the engine draws it (task "inbetween")."""


class Engine(Protocol):
    """A loaded engine. Re-entrant: no state of a call is kept on the instance."""

    description: EngineDescription

    def estimate(
        self, width: int, height: int, drawings: int, keyframes: int, options: Mapping[str, OptionValue]
    ) -> Estimate: ...

    def load(self, device: str, precision: str) -> None:
        """Bring weights to `device` ("cpu", "cuda", ...). Engines without weights do nothing."""

    def run(
        self, request: Request, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Iterator[FrameResult]:
        """Yield each target once, in the order in which they become ready.

        Raises:
            Cancelled: soon after `cancelled()` turns true.
            KeycelError: bad input or exhausted resources.
        """
        ...
