"""How every engine that paints regions begins: what is wanted, the painted drawings, their own frames."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from keycel_backend.engines.base import FrameResult, Keyframe, ProgressCallback, Request
from keycel_backend.engines.flat.description import GAP, LEAVE_UNSURE, OVERLAP
from keycel_backend.engines.flat.drawings import Checkpoint
from keycel_backend.engines.flat.finish import Paint, own_frame
from keycel_backend.engines.flat.references import References
from keycel_backend.engines.flat.timeline import painted_drawings, wanted_drawings
from keycel_backend.engines.options import number


@dataclass(frozen=True, slots=True)
class Opening:
    """A request that has been looked at, with its keyframes read."""

    request: Request
    painted: dict[int, Keyframe]
    """Keyframe of every painted drawing, by index into the shot's drawings."""
    wanted: frozenset[int]
    """Indices of the drawings asked for."""
    gap: float
    """Pixels; 0: chosen for each drawing."""
    references: References
    paint: Paint

    def own_frames(self, checkpoint: Checkpoint) -> Iterator[FrameResult]:
        """The frames of wanted drawings that are painted already, in order of time."""
        for index in sorted(self.wanted & self.painted.keys()):
            began = time.monotonic()
            reference = self.references[index]
            checkpoint()
            drawing = self.request.shot.drawings[index]
            yield own_frame(drawing.time, reference, self.paint, time.monotonic() - began)


def open_request(request: Request, progress: ProgressCallback, checkpoint: Checkpoint) -> Opening | None:
    """Reads the keyframes of a request; None where nothing is wanted.

    The options `gap`, `overlap` and `leave_unsure` are those of `engines/flat/description.py`.

    Raises:
        KeycelError: DOC_BAD_OPTION, DOC_NO_SUCH_FRAME or DOC_NO_KEYFRAME.
        Cancelled: by `checkpoint`.
    """
    gap, overlap = number(request.options, GAP), int(number(request.options, OVERLAP))
    leave_unsure = bool(request.options.get(LEAVE_UNSURE.name, LEAVE_UNSURE.default))
    painted = painted_drawings(request.shot)
    wanted = wanted_drawings(request, painted)
    if not wanted:
        return None
    progress(0.0, "Reading keyframes")
    references = References(request, painted, gap, checkpoint)
    paint = Paint(references.palette, references.paper, overlap, leave_unsure)
    return Opening(request, painted, frozenset(wanted), gap, references, paint)


class StepCounter:
    """Tells how far an engine has come, in steps of equal weight."""

    def __init__(self, progress: ProgressCallback) -> None:
        self._progress = progress
        self._done = 0
        self.work = 1
        """Steps of the whole request, 1 or more; more may be taken."""

    def step(self, doing: str) -> None:
        """One more is done."""
        self._done += 1
        self.say(doing)

    def say(self, doing: str) -> None:
        """Tells something else at the same place."""
        self._progress(min(self._done / self.work, 1.0), doing)
