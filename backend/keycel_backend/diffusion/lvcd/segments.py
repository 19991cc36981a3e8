"""How a shot is cut into segments that are sampled one after another: plain data, pure functions."""

from __future__ import annotations

from dataclasses import dataclass

from keycel_backend.diffusion.lvcd.slots import SlotLayout


@dataclass(frozen=True, slots=True)
class Segment:
    """Frame 0 of a shot is the reference, painted by the artist; segments colour the others."""

    number: int
    frames: tuple[int, ...]
    """Frame of the shot for each video slot."""
    sketches: tuple[int, ...]
    """Frame of the shot whose sketch each slot is given; past the end the last one is repeated."""

    @property
    def filled_up(self) -> bool:
        """Whether it reaches past the end of the shot."""
        return self.frames[-1] > self.sketches[-1]


def plan_segments(frames: int, layout: SlotLayout) -> tuple[Segment, ...]:
    """Segments that cover frames 1 to `frames` - 1 of a shot; at least one, whatever `frames` is.

    Where the official code runs (video + 1 frames or more), its segments come out unchanged; it leaves
    out what is left over at the end and cannot do less than a segment. Here a last segment is
    filled up with repeats of the last sketch, and what they give is left out.
    """
    number = 1 + max(0, -(-(frames - 1 - layout.video) // layout.stride))
    return tuple(_segment(one, frames, layout) for one in range(number))


def _segment(number: int, frames: int, layout: SlotLayout) -> Segment:
    start = number * layout.stride + 1
    video = tuple(range(start, start + layout.video))
    overlap = video[: layout.overlap] if number else (0,) * layout.overlap
    sketches = tuple(min(frame, frames - 1) for frame in (0, *overlap, *video))
    return Segment(number, video, sketches)


def carried_slots(layout: SlotLayout) -> tuple[int, ...]:
    """For each slot of the next segment the slot of this one whose initial noise it takes over."""
    slots = range(layout.total)
    last = tuple(slots[layout.last_video])
    return (0, *last, *last, *slots[layout.references : layout.references + layout.stride])
