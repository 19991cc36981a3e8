"""The `flat` engine: runs a request stretch by stretch between painted keyframes."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator, Mapping

import cv2

from keycel_backend.engines.base import (
    Cancelled,
    CancelledCallback,
    EngineDescription,
    Estimate,
    FrameResult,
    OptionValue,
    ProgressCallback,
    Request,
)
from keycel_backend.engines.flat.description import DESCRIPTION, estimate
from keycel_backend.engines.flat.drawings import Analysed, Checkpoint, analyse
from keycel_backend.engines.flat.finish import Paint, finish
from keycel_backend.engines.flat.recent import RecentSweeps
from keycel_backend.engines.flat.references import Reference
from keycel_backend.engines.flat.sweep import Answer, sweep
from keycel_backend.engines.flat.timeline import Stretch, farther_keyframes, stretches
from keycel_backend.engines.opening import Opening, StepCounter, open_request
from keycel_backend.engines.seeds import frame_seed
from keycel_backend.regions.learned import LearnedMatcher
from keycel_backend.regions.matching import Matcher


class FlatEngine:
    """Line-bounded regions matched over time and painted in the keyframes' exact colours."""

    description: EngineDescription = DESCRIPTION

    def estimate(
        self, width: int, height: int, drawings: int, keyframes: int, options: Mapping[str, OptionValue]
    ) -> Estimate:
        return estimate(width, height, drawings, keyframes, options)

    def __init__(self, matcher: Matcher | None = None) -> None:
        """`matcher`: another one than the learned matcher that comes with the program."""
        self._matcher = matcher
        self._recent = RecentSweeps()

    def load(self, device: str, precision: str) -> None:
        """Loads the matcher's networks. A fixed number of threads makes motion estimates the same everywhere.

        Raises:
            KeycelError: REG_NO_MODEL if the networks cannot be read.
        """
        del precision
        cv2.setNumThreads(2)
        self._matcher = self._matcher or LearnedMatcher(device=device)

    def run(
        self, request: Request, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Iterator[FrameResult]:
        def checkpoint() -> None:
            if cancelled():
                raise Cancelled

        matcher = self._matcher or LearnedMatcher()
        self._matcher = matcher
        return _Run(request, progress, checkpoint, matcher, self._recent).frames()


class _Run:
    """One call of `run`: the request's settings and what has been done so far."""

    def __init__(
        self,
        request: Request,
        progress: ProgressCallback,
        checkpoint: Checkpoint,
        matcher: Matcher,
        recent: RecentSweeps,
    ) -> None:
        self._request = request
        self._shot = request.shot
        self._progress = progress
        self._checkpoint = checkpoint
        self._matcher = matcher
        self._recent = recent
        self._steps = StepCounter(progress)

    def frames(self) -> Iterator[FrameResult]:
        opening = open_request(self._request, self._progress, self._checkpoint)
        if opening is None:
            return
        todo = [
            part
            for part in stretches(len(self._shot.drawings), list(opening.painted))
            if opening.wanted & set(part.between)
        ]
        self._steps.work = sum(len(part.between) for part in todo) + len(opening.wanted)
        yield from opening.own_frames(lambda: self._steps.step("Keyframes"))
        for part in todo:
            yield from self._stretch(part, opening)
        self._progress(1.0, "Done")

    def _stretch(self, part: Stretch, opening: Opening) -> Iterator[FrameResult]:
        begun = time.monotonic()
        for answer in self._answers(part, opening):
            if answer.drawing in opening.wanted:
                result = self._finished(answer, opening.paint, begun)
                self._steps.step("Painting")
                yield result
            begun = time.monotonic()

    def _answers(self, part: Stretch, opening: Opening) -> Iterator[Answer]:
        references = opening.references

        def analysed(index: int) -> Analysed:
            found = analyse(self._shot, index, opening.gap, self._checkpoint)
            self._steps.step("Matching regions")
            return found

        if part.left is None:
            assert part.right is not None
            order, start, end = part.between[::-1], references[part.right], None
        else:
            end = None if part.right is None else references[part.right]
            order, start = part.between, references[part.left]

        def others() -> list[Reference]:
            return [references[index] for index in farther_keyframes(part, list(opening.painted))]

        return self._recent.follow(
            self._identity(part, opening),
            lambda: sweep(order, start, end, analysed, self._checkpoint, others, self._matcher),
        )

    def _identity(self, part: Stretch, opening: Opening) -> Hashable:
        """Everything that the answers of a stretch depend on."""
        return (
            part,
            opening.gap,
            self._request.palette,
            (self._shot.width, self._shot.height),
            tuple(drawing.digest for drawing in self._shot.drawings),
            tuple(sorted((index, keyframe.digest) for index, keyframe in opening.painted.items())),
        )

    def _finished(self, answer: Answer, paint: Paint, begun: float) -> FrameResult:
        drawing = self._shot.drawings[answer.drawing]
        redrawn = self._request.seed != 0 and drawing.time in self._request.redraw
        seed = frame_seed(self._request.seed, drawing.digest) if redrawn else 0
        self._checkpoint()
        result = finish(drawing.time, answer, paint, seed, time.monotonic() - begun)
        self._checkpoint()
        return result
