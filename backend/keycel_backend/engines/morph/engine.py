"""The `morph` engine: a line track between key sketches, coloured like any other drawings."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import cv2
import numpy as np

from keycel_backend.engines.base import (
    Cancelled,
    CancelledCallback,
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
from keycel_backend.engines.morph.between import color_between
from keycel_backend.engines.morph.colored_keys import color_keys
from keycel_backend.engines.morph.description import DESCRIPTION, EASING, estimate
from keycel_backend.engines.morph.line_track import Color, open_track, painted_keys, take_of
from keycel_backend.inbetweening.track import Track, empty_key
from keycel_backend.regions.learned import LearnedMatcher
from keycel_backend.regions.lines import read_line_art
from keycel_backend.regions.matching import Matcher


class MorphEngine:
    """Strokes of neighbouring key sketches are matched and moved; `flat` colours the keys."""

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
        self._matcher = self._matcher or LearnedMatcher()
        self._flat = self._flat or FlatEngine(self._matcher)
        easing = str(request.options.get(EASING.name, EASING.default))
        _check_keys(request.shot, cancelled)
        track = open_track(request, self._matcher, easing, cancelled)
        painted = painted_keys(request.shot)
        if not painted:
            yield from _lines_alone(request, track, progress)
            return
        options = {option.name: request.options.get(option.name, option.default) for option in FLAT.options}
        request = replace(request, options=options)
        yield from _colored(request, track, painted, self._flat.run, progress, cancelled)


def _colored(
    request: Request,
    track: Track,
    painted: tuple[Keyframe, ...],
    color: Color,
    progress: ProgressCallback,
    cancelled: CancelledCallback,
) -> Iterator[FrameResult]:
    """Keys first, then what lies between them."""

    def checkpoint() -> None:
        if cancelled():
            raise Cancelled

    work = len(request.shot.sketches) + len(request.targets)
    share = len(request.shot.sketches) / work
    keys = color_keys(request, painted, color, lambda done, doing: progress(share * done, doing), cancelled)
    for number, moment in enumerate(sorted(request.targets), len(request.shot.sketches)):
        checkpoint()
        progress(number / work, "Drawing in-betweens")
        if track.is_key(moment):
            shown = keys.results[track.key_at(moment)]
            yield replace(shown, time=moment, line=track.drawing(moment))
        else:
            yield color_between(request, track, keys, moment, checkpoint)
    progress(1.0, "Done")


def _check_keys(shot: Shot, cancelled: CancelledCallback) -> None:
    """Raises KeycelError (DOC_NO_LINES) before any work if one of the keys is empty."""
    for sketch in shot.sketches:
        if cancelled():
            raise Cancelled
        if read_line_art(shot.load(sketch.digest)).is_empty:
            raise empty_key(sketch.time)


def _lines_alone(request: Request, track: Track, progress: ProgressCallback) -> Iterator[FrameResult]:
    """Without any painted frame: line art, and nothing as its colour."""
    for number, moment in enumerate(sorted(request.targets)):
        progress(number / len(request.targets), "Drawing in-betweens")
        begun = time.monotonic()
        line = track.drawing(moment, take_of(request, moment))
        yield FrameResult(moment, np.zeros_like(line), (), (), time.monotonic() - begun, line)
