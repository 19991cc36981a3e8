"""Frame lists as artists write them: `3-12,17`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from keycel_backend.io.source import ShotSource
from keycel_shared.errors import ErrorCode, KeycelError

_PART = re.compile(r"(\d+)(?:-(\d+))?")
_LARGEST = 10_000_000


def parse_frames(text: str) -> tuple[int, ...]:
    """Ascending frame numbers without repeats.

    Raises:
        KeycelError: DOC_BAD_OPTION if the text is no frame list.
    """
    numbers: set[int] = set()
    for part in text.split(","):
        matched = _PART.fullmatch(part.strip())
        first = int(matched[1]) if matched else 1
        last = int(matched[2] or matched[1]) if matched else 0
        if first > last or last > _LARGEST:
            raise KeycelError(
                ErrorCode.DOC_BAD_OPTION,
                f"{text!r} is no list of frames.",
                "Write frame numbers and ranges with commas between them, such as 3-12,17.",
            )
        numbers.update(range(first, last + 1))
    return tuple(sorted(numbers))


def drawings_shown(shot: ShotSource, frames: Sequence[int] | None) -> tuple[int, ...]:
    """Frame numbers of the drawings on screen at `frames` (holds resolved); all drawings for None.

    Raises:
        KeycelError: DOC_NO_SUCH_FRAME if no drawing is on screen at any of them.
    """
    if frames is None:
        return tuple(shot.drawings)
    shown = {shot.drawing_at(frame) for frame in frames if frame < shot.end}
    drawings = tuple(sorted(time for time in shown if time is not None))
    if not drawings:
        first, last = next(iter(shot.drawings)), shot.end - 1
        raise KeycelError(
            ErrorCode.DOC_NO_SUCH_FRAME,
            "No drawing is on screen at any of the asked frames.",
            f"Choose frames between {first} and {last}.",
        )
    return drawings
