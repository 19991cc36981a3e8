"""What a shot is to the rest of the backend, whichever file it came from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from keycel_backend.engines.base import OptionValue, Rgba

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels


class PictureSource(Protocol):
    """A picture that is decoded only when asked for."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height), known without decoding."""
        ...

    def load(self) -> Pixels:
        """RGBA uint8, shape (height, width, 4), straight alpha.

        Raises:
            KeycelError: DOC_UNREADABLE_PICTURE or DOC_UNREADABLE_KRA where the stored data is damaged.
        """
        ...

    def is_blank(self) -> bool:
        """True where every pixel is fully transparent. Raises like `load`."""
        ...

    def describe(self) -> str:
        """Where the picture is, for error messages: a path, or document, layer and time."""
        ...


@dataclass(frozen=True)
class ShotSource:
    """A checked shot: at least one drawing, and one painted keyframe or a reference, all of one size.

    A fully transparent picture on the line layer is no drawing: it ends the exposure of the one
    before it (`gaps`). A fully transparent picture on the colour layer is not a painted keyframe.
    """

    name: str
    width: int
    height: int
    fps: float
    end: int
    """First frame number after the shot."""
    drawings: Mapping[int, PictureSource]
    """By frame number, ascending. A missing number holds the drawing before it."""
    keyframes: Mapping[int, PictureSource]
    """Painted frames by frame number, ascending; each at a time at which a drawing is shown."""
    gaps: tuple[int, ...] = ()
    """Frame numbers at which nothing begins to be shown, ascending."""
    sketches: Mapping[int, PictureSource] = field(default_factory=dict[int, PictureSource])
    reference: PictureSource | None = None
    """A picture, of any size, of what the shot shows."""
    palette: tuple[Rgba, ...] = ()
    """Legal colours stated by the artist; empty: those of the keyframes."""
    options: Mapping[str, OptionValue] = field(default_factory=dict[str, OptionValue])
    """Engine options stored with the shot."""
    notes: tuple[str, ...] = ()
    """Plain sentences about what was left out or simplified; to be shown to the artist."""

    def drawing_at(self, time: int) -> int | None:
        """Frame number of the drawing shown (held) at `time`; None before the first and in gaps."""
        return shown_at(time, tuple(self.drawings), self.gaps)

    def exposure(self, time: int) -> int:
        """Number of frames for which the drawing that begins at `time` stays on screen."""
        starts = sorted((*self.drawings, *self.gaps))
        following = bisect_right(starts, time)
        until = starts[following] if following < len(starts) else max(self.end, time + 1)
        return until - time


def shown_at(time: int, drawings: tuple[int, ...], gaps: tuple[int, ...]) -> int | None:
    """The last of `drawings` not after `time`, unless a gap begins in between. Both ascending."""
    drawn = bisect_right(drawings, time)
    if drawn == 0:
        return None
    ended = bisect_right(gaps, time)
    if ended and gaps[ended - 1] > drawings[drawn - 1]:
        return None
    return drawings[drawn - 1]
