"""Key sketches get their colours first, from each other; what lies between them has references on both sides.

Along the line track a colour that was lost in one bad in-between would be lost in the next key, too, and in
everything after it.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import zstandard

from keycel_backend.engines.base import (
    CancelledCallback,
    Drawing,
    FrameResult,
    Keyframe,
    ProgressCallback,
    RegionReport,
    Request,
    Rgba,
    Shot,
)
from keycel_backend.engines.flat.description import LEAVE_UNSURE
from keycel_backend.engines.morph.line_track import Color
from keycel_backend.regions.arrays import Pixels

REASON = "This part is already unsure on the key sketches."
_UNSURE = 0.5


@dataclass(frozen=True)
class ColoredKeys:
    """Key sketches with their colours."""

    shot: Shot
    """The request's, which now loads the colours of keys, too."""
    keyframes: tuple[Keyframe, ...]
    """Every key: as the artist has painted it, or as it was coloured."""
    results: Mapping[int, FrameResult]
    """What is to be delivered, by frame number, of keys that the artist has not painted."""
    _found: Mapping[int, FrameResult]
    """The same with unsure regions coloured, too."""

    def judged(self, result: FrameResult) -> FrameResult:
        """Nothing between keys is surer than the same colour is on them. Painted keys stay as they are."""
        if any(keyframe.time == result.time for keyframe in self.keyframes):
            return result
        regions = tuple(self._region(region, result.time) for region in result.regions)
        return replace(result, regions=regions)

    def _region(self, region: RegionReport, time: int) -> RegionReport:
        trust = self._trust(region.color, time)
        reason = region.reason or (REASON if trust < _UNSURE else "")
        return replace(region, confidence=region.confidence * trust, reason=reason)

    def _trust(self, color: Rgba, time: int) -> float:
        """How sure a colour is on the keys around `time`, 0..1; the mean of those that have it."""
        times = [keyframe.time for keyframe in self.keyframes]
        after = bisect_right(times, time)
        around = times[max(after - 1, 0) : after + 1]
        sides = [1.0 if key not in self._found else self._sureness(key, color) for key in around]
        known = [side for side in sides if side is not None]
        return sum(known) / len(known) if known else 0.0

    def _sureness(self, key: int, color: Rgba) -> float | None:
        """Mean by area; None if the key does not have the colour."""
        same = [region for region in self._found[key].regions if region.color == color]
        area = sum(region.area for region in same)
        return sum(region.area * region.confidence for region in same) / area if area else None


def color_keys(
    request: Request,
    painted: tuple[Keyframe, ...],
    color: Color,
    progress: ProgressCallback,
    cancelled: CancelledCallback,
) -> ColoredKeys:
    """`request`: of the task "inbetween"; `painted`: at least one, as `painted_keys` gives them."""
    shot = request.shot
    times: dict[str, list[int]] = {}
    for sketch in shot.sketches:
        times.setdefault(sketch.digest, []).append(sketch.time)
    known = {keyframe.time for keyframe in painted}
    drawings = tuple(Drawing(tuple(found), digest) for digest, found in times.items())
    targets = tuple(drawing.time for drawing in drawings if not known.intersection(drawing.times))
    inner = replace(
        request,
        shot=replace(shot, drawings=drawings, keyframes=painted, sketches=()),
        targets=targets,
        redraw=frozenset(),
    )
    sure = replace(inner, options={**request.options, LEAVE_UNSURE.name: False})
    found = {result.time: result for result in color(sure, progress, cancelled)}
    delivered = found
    if request.options[LEAVE_UNSURE.name]:
        delivered = {result.time: result for result in color(inner, progress, cancelled)}
    names, load = _loading(found, shot.load)
    added = [Keyframe(time, name) for time, name in names.items()]
    every = {drawing.time: drawing.times for drawing in drawings}
    return ColoredKeys(
        replace(shot, load=load),
        tuple(sorted((*painted, *added), key=lambda keyframe: keyframe.time)),
        {
            moment: replace(result, time=moment)
            for time, result in delivered.items()
            for moment in every[time]
        },
        found,
    )


def _loading(
    found: Mapping[int, FrameResult], load: Callable[[str], Pixels]
) -> tuple[dict[int, str], Callable[[str], Pixels]]:
    """Names of the flats by frame number, and what loads them, too. Packed: a shot may have many keys."""
    packed: dict[str, bytes] = {}
    names: dict[int, str] = {}
    for time, result in found.items():
        raw = result.flats.tobytes()
        names[time] = hashlib.sha256(raw).hexdigest()
        packed[names[time]] = zstandard.compress(raw, 1)
    shapes = {names[time]: result.flats.shape for time, result in found.items()}

    def loaded(name: str) -> Pixels:
        if name not in packed:
            return load(name)
        flat = np.frombuffer(zstandard.decompress(packed[name]), np.uint8)
        return flat.reshape(shapes[name]).copy()

    return names, loaded
