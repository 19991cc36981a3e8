"""How a shot is cut into windows that are sampled one after another: plain data, pure functions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """Frames that the networks see together."""

    number: int
    start: int
    """First frame."""
    frames: tuple[int, ...]
    """Frame for each slot; where a shot is shorter than a window, its last frame is repeated."""
    held: int
    """Leading slots whose frames the window before has sampled; they follow what they followed there."""

    def slot_of(self, frame: int) -> int | None:
        """Where this window samples a frame, None where it does not or only follows."""
        slot = frame - self.start
        return slot if self.held <= slot < len(self.frames) else None


def plan_windows(frames: int, length: int, overlap: int) -> tuple[Window, ...]:
    """Windows of `length` that cover `frames` (1 or more), each sharing `overlap` or more with the last.

    The last one is moved back so that it ends with the shot: the networks were trained on full windows.
    """
    windows = [Window(0, 0, tuple(min(slot, frames - 1) for slot in range(length)), 0)]
    while (end := windows[-1].start + length) < frames:
        start = min(end - overlap, frames - length)
        windows.append(Window(len(windows), start, tuple(range(start, start + length)), end - start))
    return tuple(windows)


def window_of(windows: tuple[Window, ...], frame: int) -> Window:
    """The window that samples a frame."""
    return next(window for window in windows if window.slot_of(frame) is not None)
