"""Checks what only requests for in-betweens have: key sketches, and frames between them."""

from __future__ import annotations

from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import JobRequest

INBETWEEN = "inbetween"
"""The task."""


def wanted_inbetweens(request: JobRequest) -> tuple[int, ...]:
    """Frame numbers that a request is for, ascending: its targets, or all from the first key to the last.

    Raises:
        KeycelError: DOC_NO_LINES for fewer than two key sketches, DOC_NO_SUCH_FRAME for a frame beyond them.
    """
    times = sorted(sketch.time for sketch in request.sketches)
    if len(times) < 2:
        raise KeycelError(
            ErrorCode.DOC_NO_LINES,
            "In-betweens lie between key sketches, and there is only one."
            if times
            else "There are no key sketches.",
            "Draw at least two key sketches, each at its own frame.",
        )
    if not request.targets:
        return tuple(range(times[0], times[-1] + 1))
    outside = [target for target in request.targets if not times[0] <= target <= times[-1]]
    if outside:
        raise KeycelError(
            ErrorCode.DOC_NO_SUCH_FRAME,
            f"Frame {outside[0]} does not lie between key sketches.",
            f"Choose frames from {times[0]} to {times[-1]}, or draw another key sketch.",
        )
    return tuple(sorted(set(request.targets)))
