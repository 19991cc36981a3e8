"""Which drawings are painted, and the stretches of unpainted drawings between them. Numbers only."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from keycel_backend.engines.base import Keyframe, Shot


@dataclass(frozen=True, slots=True)
class Stretch:
    """Unpainted drawings in order, and the painted drawings on either side (at least one of them)."""

    left: int | None
    between: tuple[int, ...]
    right: int | None


def painted_drawings(shot: Shot) -> dict[int, Keyframe]:
    """Keyframe of every painted drawing (by index into `shot.drawings`).

    A keyframe paints the drawing shown at its time. Of several on one drawing the one at the drawing's
    own first time counts, else the earliest. Keyframes before the first drawing paint nothing.
    """
    exposures = sorted((time, index) for index, drawing in enumerate(shot.drawings) for time in drawing.times)
    times = [time for time, _ in exposures]
    painted: dict[int, Keyframe] = {}
    for keyframe in sorted(shot.keyframes, key=lambda keyframe: keyframe.time):
        place = bisect_right(times, keyframe.time) - 1
        if place < 0:
            continue
        index = exposures[place][1]
        if index not in painted or keyframe.time == shot.drawings[index].time:
            painted[index] = keyframe
    return painted


def stretches(drawings: int, painted: Sequence[int]) -> list[Stretch]:
    """All non-empty stretches, in order of time. `painted`: indices, at least one."""
    marks = sorted(painted)
    found = [Stretch(None, tuple(range(marks[0])), marks[0])]
    found += [Stretch(a, tuple(range(a + 1, b)), b) for a, b in pairwise(marks)]
    found.append(Stretch(marks[-1], tuple(range(marks[-1] + 1, drawings)), None))
    return [stretch for stretch in found if stretch.between]


def farther_keyframes(part: Stretch, painted: Sequence[int]) -> list[int]:
    """The next painted drawing beyond either end of a stretch, the nearer one first."""
    first, last = part.between[0], part.between[-1]
    before = [index for index in painted if index < first and index != part.left]
    after = [index for index in painted if index > last and index != part.right]
    found = ([(first - max(before), max(before))] if before else []) + (
        [(min(after) - last, min(after))] if after else []
    )
    return [index for _, index in sorted(found)]
