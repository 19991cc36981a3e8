"""Drawings between key sketches: a line track, coloured like any others. Shared by engines."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace

from keycel_backend.engines.base import (
    Cancelled,
    CancelledCallback,
    Drawing,
    FrameResult,
    Keyframe,
    ProgressCallback,
    Request,
    Shot,
)
from keycel_backend.inbetweening.track import Track
from keycel_backend.regions.arrays import Pixels
from keycel_backend.regions.matching import Matcher

LITTLE = 0.35
"""Keys with a smaller share of lines in common are hardly the same drawing: all between them is unsure."""
REASON = "The key sketches before and after have little in common."

Color = Callable[[Request, ProgressCallback, CancelledCallback], Iterator[FrameResult]]
"""Colours the targets of a request of the task "colorize"."""


def open_track(request: Request, matcher: Matcher, easing: str, cancelled: CancelledCallback) -> Track:
    """The line track of a request of the task "inbetween"."""

    def checkpoint() -> None:
        if cancelled():
            raise Cancelled

    keys = {sketch.time: sketch.digest for sketch in request.shot.sketches}
    return Track(keys, request.shot.load, matcher, easing, checkpoint)


def color_track(
    request: Request,
    track: Track,
    painted: tuple[Keyframe, ...],
    color: Color,
    progress: ProgressCallback,
    cancelled: CancelledCallback,
) -> Iterator[FrameResult]:
    """The targets with their lines. `painted`: of `painted_keys`; none where `color` needs none.

    The whole track takes part, so that it does not matter which frames are wanted. The request that
    `color` gets has the options of `request`, and its key sketches.
    """
    source: dict[str, tuple[int, int]] = {}
    times: dict[str, list[int]] = {}
    for moment in track.times:
        take = take_of(request, moment)
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
    wanted = {moment: track.digest(moment, take_of(request, moment)) for moment in request.targets}
    first = {name: times[name][0] for name in wanted.values()}
    redraw = frozenset(first[wanted[moment]] for moment in request.redraw)
    inner = replace(request, shot=shot, targets=tuple(sorted(set(first.values()))), redraw=redraw)
    for result in color(inner, progress, cancelled):
        for moment, name in wanted.items():
            if first[name] == result.time:
                line = track.drawing(moment, take_of(request, moment))
                yield judged(replace(result, time=moment, line=line), track)


def take_of(request: Request, moment: int) -> int:
    """Number of the take in which a frame is wanted; 0 is the best."""
    return request.seed if moment in request.redraw else 0


def painted_keys(shot: Shot) -> tuple[Keyframe, ...]:
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


def judged(result: FrameResult, track: Track) -> FrameResult:
    """Between keys that hardly match every region is unsure."""
    common = track.common(result.time)
    if common >= LITTLE:
        return result
    regions = tuple(
        replace(region, confidence=min(region.confidence, common), reason=region.reason or REASON)
        for region in result.regions
    )
    return replace(result, regions=regions)
