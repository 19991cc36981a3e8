"""How a long sequence is cut into windows that are painted one after the other: plain data, no torch."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

LONGEST = 8
"""New frames of a window."""
_FARTHEST_START = 4
"""The networks have been trained with as many frames between the painted one and the next they see."""


@dataclass(frozen=True, slots=True)
class Window:
    """Frames that are painted together. Frame 0 of a sequence is painted by the artist."""

    frames: tuple[int, ...]
    """Frame 0; then the last one of the window before, if there is one; then the new ones."""
    given: int
    """How many of them are there already."""

    @property
    def new(self) -> tuple[int, ...]:
        return self.frames[self.given :]

    def place(self, frame: int) -> int:
        """Place in time of any frame as the networks are told it: frame 0 never seems far away."""
        if frame == 0:
            return 0
        start = self.frames[1]
        return min(start, _FARTHEST_START) + frame - start


def plan_windows(frames: int, stops: Collection[int] = (), longest: int = LONGEST) -> tuple[Window, ...]:
    """Windows that cover frames 1 to `frames` - 1 of a sequence.

    `stops`: frames at which a window should end, as far as its length allows.
    """
    windows: list[Window] = []
    done = 0
    while done + 1 < frames:
        last = min(done + longest, frames - 1)
        ends = [stop for stop in stops if done < stop <= last]
        # the rest of the sequence is not worth a window of its own
        end = last if last == frames - 1 or not ends else max(ends)
        before = (0, done) if done else (0,)
        windows.append(Window((*before, *range(done + 1, end + 1)), len(before)))
        done = end
    return tuple(windows)
