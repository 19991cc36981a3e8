"""What the work would cost, asked before a single picture is read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from keycel_plugin.flow.animate import animation_request
from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.inbetween import inbetween_request, planned_inbetweens
from keycel_plugin.host.ports import ShotDocument
from keycel_plugin.state.choice import Estimate
from keycel_plugin.state.records import AnimationRecord, Choice
from keycel_shared.messages import JobRequest, PictureAt


async def estimate(
    document: ShotDocument, choice: Choice, times: tuple[int, ...] | None, backend: Backend
) -> Estimate | None:
    """The cost of colouring the drawings shown at `times` (None: all).

    Which pictures are equal, blank or coloured already is not known yet, so this is an upper bound.
    None if the choice is not complete or the backend cannot be asked.

    Raises:
        KeycelError: DOC_* if the document or a chosen layer is gone.
    """
    if not choice.line_layer or not choice.color_layer:
        return None
    drawings = document.keyframe_times(choice.line_layer)
    shown = drawings if times is None else _shown_at(times, drawings)
    if not shown:
        return None
    width, height = document.size
    request = JobRequest(
        engine=choice.engine,
        task="colorize",
        width=width,
        height=height,
        drawings=_unread(drawings),
        keyframes=_unread(document.keyframe_times(choice.color_layer)),
        targets=tuple(shown),
        options=dict(choice.options),
        palette=choice.palette,
    )
    return await _asked(request, backend)


async def estimate_animation(
    document: ShotDocument, choice: Choice, made: AnimationRecord, backend: Backend
) -> Estimate | None:
    """The cost of an animation from the line layer of `choice`; None as for `estimate`.

    `made`: what is to be made; its layer and its start do not matter.
    """
    if not choice.line_layer or not document.is_open():
        return None
    return await _asked(animation_request(document, made, made.times(), 0), backend)


async def estimate_inbetweens(
    document: ShotDocument, choice: Choice, times: tuple[int, ...] | None, backend: Backend
) -> Estimate | None:
    """The cost of drawing the frames between key sketches, those of `times` only (None: all).

    An upper bound like `estimate`. None also where no frame lies between sketches.

    Raises:
        KeycelError: DOC_* if the document or a chosen layer is gone.
    """
    if not choice.line_layer or not choice.color_layer:
        return None
    plan = planned_inbetweens(document, choice, times)
    if not plan.times or plan.keys[-1] - plan.keys[0] < len(plan.keys):
        return None
    painted = _unread(document.keyframe_times(choice.color_layer))
    request = inbetween_request(document, plan.choice, _unread(plan.keys), painted, plan.times)
    return await _asked(request, backend)


async def _asked(request: JobRequest, backend: Backend) -> Estimate | None:
    answer = await backend.plan(request)
    if answer is None:
        return None
    return Estimate(answer.frames, answer.stored, answer.seconds, answer.memory_bytes)


def _shown_at(times: Iterable[int], drawings: tuple[int, ...]) -> list[int]:
    """Each drawing shown at one of `times`, holds resolved, once."""
    places = {bisect_right(drawings, time) - 1 for time in times}
    return [drawings[place] for place in sorted(places) if place >= 0]


def _unread(times: Iterable[int]) -> tuple[PictureAt, ...]:
    return tuple(PictureAt(time, "") for time in times)
