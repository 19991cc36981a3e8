"""The task "animate": its drawings do not exist yet, so its work is told by places, not by drawings."""

from __future__ import annotations

from keycel_backend.engines.base import EngineDescription
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import JobRequest

from .identity import frame_identity, shot_identity
from .units import Unit


def animation_units(request: JobRequest, engine: EngineDescription) -> tuple[Unit, ...]:
    """One for every wanted drawing of an animation, by its frame number; all of them without targets.

    The options `frames`, `exposure` and `prompt` of `request` are complete. Place 0 is the given drawing.

    Raises:
        KeycelError: DOC_BAD_OPTION without a sentence or with more than one drawing; DOC_NO_SUCH_FRAME for
            a target at which no drawing of the animation begins.
    """
    if len(request.drawings) != 1:
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION,
            f"{len(request.drawings)} drawings were given to animate.",
            "Choose one: it is what moves.",
        )
    if not str(request.options.get("prompt") or "").strip():
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION,
            "There is no sentence about what happens.",
            'Say what the drawing does, such as "a cat walks to the left".',
        )
    drawing = request.drawings[0]
    frames, exposure = (int(request.options.get(name) or 1) for name in ("frames", "exposure"))
    places = {drawing.time + place * exposure: place for place in range(frames)}
    unknown = sorted(set(request.targets) - places.keys())
    if unknown:
        raise KeycelError(
            ErrorCode.DOC_NO_SUCH_FRAME,
            f"The animation has no drawing at frame {unknown[0]}.",
            f"It has {frames}, from frame {drawing.time} on, every {exposure} frames.",
        )
    shot = shot_identity(request, engine.version)
    take = request.seed if request.redraw else None
    return tuple(
        Unit(time, (time,), frame_identity(shot, f"{drawing.digest}+{places[time]}", take))
        for time in sorted(request.targets or places)
    )
