"""Which drawings are wanted, which are painted, and the stretches between those. Numbers only."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from keycel_backend.engines.base import Keyframe, Request, Shot
from keycel_shared.errors import ErrorCode, KeycelError


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


def wanted_drawings(request: Request, painted: Collection[int], keyframes_needed: bool = True) -> set[int]:
    """Indices of the drawings asked for. `painted`: indices of the painted ones.

    Raises:
        KeycelError: DOC_NO_SUCH_FRAME where no drawing begins at a target; DOC_NO_KEYFRAME where something is
            wanted, nothing is painted, and keyframes are needed.
    """
    index_of_time = {drawing.time: index for index, drawing in enumerate(request.shot.drawings)}
    unknown = [frame for frame in request.targets if frame not in index_of_time]
    if unknown:
        raise KeycelError(
            ErrorCode.DOC_NO_SUCH_FRAME,
            f"No drawing begins at frame {unknown[0]}.",
            "Choose frames at which the line layer has a drawing.",
        )
    if request.targets and not painted and keyframes_needed:
        raise KeycelError(
            ErrorCode.DOC_NO_KEYFRAME,
            "There is no painted keyframe at or after the first drawing.",
            "Paint at least one drawing of the shot, then colour it again.",
        )
    return {index_of_time[frame] for frame in request.targets}


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
