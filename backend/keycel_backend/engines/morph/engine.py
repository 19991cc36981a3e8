"""The `morph` engine: a line track between key sketches, coloured like any other drawings."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import replace

import cv2
import numpy as np

from keycel_backend.engines.base import (
    Cancelled,
    CancelledCallback,
    Drawing,
    EngineDescription,
    Estimate,
    FrameResult,
    Keyframe,
    OptionValue,
    ProgressCallback,
    Request,
    Shot,
)
from keycel_backend.engines.flat.description import DESCRIPTION as FLAT
from keycel_backend.engines.flat.engine import FlatEngine
from keycel_backend.engines.morph.description import DESCRIPTION, EASING, estimate
from keycel_backend.inbetweening.track import Track
from keycel_backend.regions.arrays import Pixels
from keycel_backend.regions.learned import LearnedMatcher
from keycel_backend.regions.matching import Matcher

LITTLE = 0.35
"""Keys with a smaller share of lines in common are hardly the same drawing: all between them is unsure."""
REASON = "The key sketches before and after have little in common."


class MorphEngine:
    """Strokes of neighbouring key sketches are matched and moved; `flat` colours the drawings."""

    description: EngineDescription = DESCRIPTION

    def __init__(self, matcher: Matcher | None = None) -> None:
        """`matcher`: another one than the learned matcher that comes with the program."""
        self._matcher = matcher
        self._flat: FlatEngine | None = None

    def estimate(
        self, width: int, height: int, drawings: int, keyframes: int, options: Mapping[str, OptionValue]
    ) -> Estimate:
        return estimate(width, height, drawings, keyframes, options)

    def load(self, device: str, precision: str) -> None:
        """Loads the matcher's networks. Raises KeycelError (REG_NO_MODEL) if they cannot be read."""
        del precision
        cv2.setNumThreads(2)
        self._matcher = self._matcher or LearnedMatcher(device=device)

    def run(
        self, request: Request, progress: ProgressCallback, cancelled: CancelledCallback
    ) -> Iterator[FrameResult]:
        def checkpoint() -> None:
            if cancelled():
                raise Cancelled

        self._matcher = self._matcher or LearnedMatcher()
        self._flat = self._flat or FlatEngine(self._matcher)
        keys = {sketch.time: sketch.digest for sketch in request.shot.sketches}
        easing = str(request.options.get(EASING.name, EASING.default))
        track = Track(keys, request.shot.load, self._matcher, easing, checkpoint)
        painted = _painted(request.shot)
        if not painted:
            yield from _lines_alone(request, track, progress)
            return
        for result in self._colored(request, track, painted, progress, cancelled):
            take = _take(request, result.time)
            yield _judged(replace(result, line=track.drawing(result.time, take)), track)

    def _colored(
        self,
        request: Request,
        track: Track,
        painted: tuple[Keyframe, ...],
        progress: ProgressCallback,
        cancelled: CancelledCallback,
    ) -> Iterator[FrameResult]:
        """The targets in colour. The whole track takes part, so that it does not matter which are wanted."""
        assert self._flat is not None
        source: dict[str, tuple[int, int]] = {}
        times: dict[str, list[int]] = {}
        for moment in track.times:
            take = _take(request, moment)
            name = track.digest(moment, take)
            source.setdefault(name, (moment, take))
            times.setdefault(name, []).append(moment)

        def load(name: str) -> Pixels:
            return track.drawing(*source[name]) if name in source else request.shot.load(name)

        shot = replace(
            request.shot,
            drawings=tuple(Drawing(tuple(found), name) for name, found in times.items()),
            keyframes=painted,
            load=load,
        )
        wanted = {moment: track.digest(moment, _take(request, moment)) for moment in request.targets}
        first = {name: times[name][0] for name in wanted.values()}
        options = {option.name: request.options.get(option.name, option.default) for option in FLAT.options}
        redraw = frozenset(first[wanted[moment]] for moment in request.redraw)
        inner = replace(
            request, shot=shot, targets=tuple(sorted(set(first.values()))), options=options, redraw=redraw
        )
        for result in self._flat.run(inner, progress, cancelled):
            for moment, name in wanted.items():
                if first[name] == result.time:
                    yield replace(result, time=moment)


def _take(request: Request, moment: int) -> int:
    return request.seed if moment in request.redraw else 0


def _painted(shot: Shot) -> tuple[Keyframe, ...]:
    """Painted key sketches. A painted frame between two keys belongs to the one before it, as that is on
    screen then; the reference picture is the first key in colour, unless that is painted."""
    times = [sketch.time for sketch in shot.sketches]
    found: dict[int, Keyframe] = {}
    for keyframe in shot.keyframes:
        place = bisect_right(times, keyframe.time) - 1
        if place >= 0 and (times[place] not in found or keyframe.time == times[place]):
            found[times[place]] = Keyframe(times[place], keyframe.digest)
    if shot.reference and times[0] not in found:
        found[times[0]] = Keyframe(times[0], shot.reference)
    return tuple(found[moment] for moment in sorted(found))


def _lines_alone(request: Request, track: Track, progress: ProgressCallback) -> Iterator[FrameResult]:
    """Without any painted frame: line art, and nothing as its colour."""
    for number, moment in enumerate(sorted(request.targets)):
        progress(number / len(request.targets), "Drawing in-betweens")
        begun = time.monotonic()
        line = track.drawing(moment, _take(request, moment))
        yield FrameResult(moment, np.zeros_like(line), (), (), time.monotonic() - begun, line)


def _judged(result: FrameResult, track: Track) -> FrameResult:
    """Between keys that hardly match every region is unsure."""
    common = track.common(result.time)
    if common >= LITTLE:
        return result
    regions = tuple(
        replace(region, confidence=min(region.confidence, common), reason=region.reason or REASON)
        for region in result.regions
    )
    return replace(result, regions=regions)
