"""Colours drawings between key sketches whose lines are those of the line track."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from keycel_backend.engines.base import CancelledCallback, FrameResult, ProgressCallback, Request
from keycel_backend.engines.morph.description import EASING
from keycel_backend.engines.morph.line_track import Color, color_track, open_track, painted_keys
from keycel_backend.regions.learned import LearnedMatcher
from keycel_shared.errors import ErrorCode, KeycelError


def color_between(
    request: Request,
    color: Color,
    progress: ProgressCallback,
    cancelled: CancelledCallback,
    reference_is_a_key: bool = True,
) -> Iterator[FrameResult]:
    """The targets with their lines.

    Args:
        reference_is_a_key: whether a reference picture is the first key in colour; else it is any picture of
            the character, for `color` to look at.
    Raises:
        KeycelError: DOC_NO_KEYFRAME where no key sketch is painted and there is no reference.
    """
    painted = painted_keys(request.shot if reference_is_a_key else replace(request.shot, reference=""))
    if not painted and not request.shot.reference:
        raise KeycelError(
            ErrorCode.DOC_NO_KEYFRAME,
            "No key sketch is painted and there is no reference picture.",
            "Paint a key sketch, or use the engine morph, which draws lines alone.",
        )
    easing = str(request.options.get(EASING.name, EASING.default))
    track = open_track(request, LearnedMatcher(), easing, cancelled)
    yield from color_track(request, track, painted, color, progress, cancelled)
