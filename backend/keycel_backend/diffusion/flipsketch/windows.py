"""How a long animation is cut into clips that follow each other: plain numbers, no torch."""

from __future__ import annotations


def plan_windows(frames: int, longest: int) -> tuple[int, ...]:
    """Lengths of the clips of an animation of `frames` frames, each at most `longest`; both 2 or more.

    A clip begins with the last frame of the one before, so that frame counts in both. Lengths differ by one
    at most: no clip is so short that little can happen in it.
    """
    moves = frames - 1
    clips = -(-moves // (longest - 1))
    return tuple(moves // clips + (number < moves % clips) + 1 for number in range(clips))
