"""Carries out one order: builds the engine's request, stores what it yields, isolates bad frames."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keycel_backend.engines.base import (
    Cancelled,
    Drawing,
    Engine,
    FrameResult,
    Keyframe,
    OptionValue,
    Request,
    Shot,
)
from keycel_backend.supervisor.blob_files import BlobFiles
from keycel_backend.supervisor.orders import FrameMade, FrameMissed, Progressed, Report, Run
from keycel_shared.errors import ErrorCode, ErrorValue, KeycelError
from keycel_shared.messages import JobRequest, PictureAt

from .pictures import load_picture, report_bytes, store_bytes, store_picture

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels

log = logging.getLogger(__name__)

UNSURE = 0.5
"""Regions with less confidence count as unsure."""

POINTLESS = frozenset({ErrorCode.RES_DISK_FULL, ErrorCode.OUT_NOT_WRITABLE})
"""Failures that no other choice of frames would avoid."""


class Execution:
    """One order on its way. Every target ends as one `FrameMade` or `FrameMissed`, unless cancelled."""

    def __init__(
        self,
        order: Run,
        files: BlobFiles,
        report: Callable[[Report], None],
        cancelled: Callable[[], bool],
    ) -> None:
        self._order = order
        self._files = files
        self._report = report
        self._cancelled = cancelled
        self._open = dict.fromkeys(order.targets)
        self._shot = _shot(order.request, self._load)

    def run(self, engine: Engine) -> None:
        """Run the engine over all targets.

        One that fails on some frame is tried again on halves of what is left, down to single
        frames, so that one bad drawing costs one frame. The number of tries is bounded (enough to
        single out one frame): where everything fails, that is known soon.
        """
        spare_tries = 2 * math.ceil(math.log2(len(self._open) + 1)) + 2
        groups = [list(self._open)]
        while groups:
            targets = [target for target in groups.pop() if target in self._open]
            if not targets:
                continue
            failure = self._try(engine, targets)
            if self._cancelled():
                return
            left = [target for target in targets if target in self._open]
            if failure is None or not left:
                continue
            if spare_tries == 0 or failure.code in POINTLESS:
                self.give_up(failure)
            elif len(left) == 1:
                self._miss(left[0], failure)
            else:
                spare_tries -= 1
                middle = len(left) // 2
                groups += [left[middle:], left[:middle]]

    def give_up(self, error: ErrorValue) -> None:
        """All targets that are still open fail for this reason."""
        for target in list(self._open):
            self._miss(target, error)

    def _try(self, engine: Engine, targets: Sequence[int]) -> ErrorValue | None:
        """Run once; why it ended early, or None."""
        try:
            for result in engine.run(self._request(targets), self._progress, self._cancelled):
                self._keep(result)
                if self._cancelled():
                    break
        except Cancelled:
            if not self._cancelled():
                log.error("the engine says cancelled, but nobody cancelled it")
                return as_error_value(RuntimeError("cancelled without reason"))
        except Exception as error:
            if not isinstance(error, KeycelError):
                log.exception("job %s, frames %s", self._order.job, list(targets)[:20])
            return as_error_value(error)
        return None

    def _request(self, targets: Sequence[int]) -> Request:
        request = self._order.request
        options: dict[str, OptionValue] = {
            name: value for name, value in request.options.items() if value is not None
        }
        return Request(
            shot=self._shot,
            targets=tuple(targets),
            options=options,
            seed=request.seed,
            palette=request.palette,
            redraw=frozenset(targets) if request.redraw else frozenset(),
        )

    def _keep(self, result: FrameResult) -> None:
        if result.time not in self._open:
            raise RuntimeError(f"the engine gave frame {result.time}, which is not wanted (any more)")
        request = self._order.request
        made = FrameMade(
            job=self._order.job,
            time=result.time,
            digest=store_picture(self._files, self._whole(result)),
            report=store_bytes(self._files, report_bytes(result)),
            # Follows from the request alone; an engine has no say in it.
            seed=request.seed if request.redraw else 0,
            seconds=result.seconds,
            unsure=sum(region.confidence < UNSURE for region in result.regions),
        )
        del self._open[result.time]
        self._report(made)

    def _whole(self, result: FrameResult) -> Pixels:
        """The frame's pictures, one beneath the other: colour, and line art where the engine draws it."""
        pictures = [result.flats] if result.line is None else [result.flats, result.line]
        for picture in pictures:
            if picture.shape != (self._shot.height, self._shot.width, 4) or picture.dtype != np.uint8:
                raise RuntimeError(f"the engine gave a picture of shape {picture.shape}, {picture.dtype}")
        return np.concatenate(pictures)

    def _miss(self, target: int, error: ErrorValue) -> None:
        del self._open[target]
        self._report(FrameMissed(self._order.job, target, error))

    def _progress(self, share: float, phase: str) -> None:
        self._report(Progressed(self._order.job, float(share), phase))

    def _load(self, digest: str) -> Pixels:
        return load_picture(self._files, digest, self._order.request.width, self._order.request.height)


def _shot(request: JobRequest, load: Callable[[str], Pixels]) -> Shot:
    """The engine's view: every unique drawing once, with all the times at which it is drawn."""
    times: dict[str, list[int]] = {}
    for drawing in sorted(request.drawings, key=lambda drawing: drawing.time):
        times.setdefault(drawing.digest, []).append(drawing.time)
    return Shot(
        width=request.width,
        height=request.height,
        drawings=tuple(Drawing(tuple(found), digest) for digest, found in times.items()),
        keyframes=_by_time(request.keyframes),
        load=load,
        sketches=_by_time(request.sketches),
        reference=request.reference,
    )


def _by_time(pictures: Sequence[PictureAt]) -> tuple[Keyframe, ...]:
    ascending = sorted(pictures, key=lambda picture: picture.time)
    return tuple(Keyframe(picture.time, picture.digest) for picture in ascending)


def as_error_value(error: Exception) -> ErrorValue:
    """What the user is told of an exception; its traceback is in the log only."""
    if isinstance(error, KeycelError):
        return error.value
    if isinstance(error, MemoryError):
        return ErrorValue(
            ErrorCode.RES_OUT_OF_MEMORY,
            "There is not enough memory for this frame.",
            "Close other programs or use a smaller canvas, then press the button again.",
            str(error),
            retryable=True,
        )
    return ErrorValue(
        ErrorCode.RUN_FAILED,
        "The engine failed on this frame.",
        "The other frames are not affected; if it stays like this, please report it with the log.",
        f"{type(error).__name__}: {error}",
    )
