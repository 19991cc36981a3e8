"""What is given up, in which order, when memory runs out: plain data and pure functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

_SCALES = (0.71, 0.5, 0.35, 0.25)
"""Each has half as many pixels as the one before."""


class Stage(Enum):
    """The part of the work that ran out of memory."""

    SAMPLE = "sampling"
    DECODE = "decoding"


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is asked of the device at once."""

    decode_chunk: int = 10
    """Latents decoded together."""
    offload: bool = False
    """Networks wait in main memory while they are not used."""
    window: int = 14
    """Frames of a segment."""
    scale: float = 1.0
    """Of pictures inside the networks."""
    least_scale: float = 0.25
    """Networks make nothing of smaller pictures."""
    tiled: bool | None = None
    """A picture is decoded in tiles; None where that is not possible."""
    processor: bool | None = None
    """Networks work on the processor instead; None where they do so anyway, or are too large for it."""


_Rung = Callable[[Effort], Effort | None]


def _smaller_chunk(effort: Effort) -> Effort | None:
    return replace(effort, decode_chunk=5) if effort.decode_chunk > 5 else None


def _offload(effort: Effort) -> Effort | None:
    return None if effort.offload else replace(effort, offload=True)


def _tiles(effort: Effort) -> Effort | None:
    return replace(effort, tiled=True) if effort.tiled is False else None


def _smaller_window(effort: Effort) -> Effort | None:
    return replace(effort, window=8) if effort.window > 8 else None


def _lower_resolution(effort: Effort) -> Effort | None:
    lower = next((scale for scale in _SCALES if effort.least_scale <= scale < effort.scale), None)
    return None if lower is None else replace(effort, scale=lower)


def _processor(effort: Effort) -> Effort | None:
    # it has other memory, so pictures are as large again as they were
    return replace(effort, processor=True, scale=1.0) if effort.processor is False else None


_LADDER: tuple[tuple[_Rung, frozenset[Stage]], ...] = (
    (_smaller_chunk, frozenset({Stage.DECODE})),
    (_tiles, frozenset({Stage.DECODE})),
    (_offload, frozenset(Stage)),
    (_smaller_window, frozenset({Stage.SAMPLE})),
    # latents that are there have their size: decoding cannot change it any more
    (_lower_resolution, frozenset({Stage.SAMPLE})),
    (_processor, frozenset({Stage.SAMPLE})),
)


def next_effort(effort: Effort, stage: Stage | None = None) -> Effort | None:
    """One rung down: smaller decode chunk or tiles, CPU off-load, shorter window, lower resolution,
    the processor.

    Rungs that cannot help `stage` are left out; None where it is not known which stage failed. Returns
    None where nothing is left to give up.
    """
    for rung, stages in _LADDER:
        if stage is None or stage in stages:
            lower = rung(effort)
            if lower is not None:
                return lower
    return None


def affordable(needed_bytes: Callable[[Effort], int], memory_bytes: int, effort: Effort) -> Effort:
    """What is left of `effort` where a device has so much memory; 0 where that is not known."""
    while memory_bytes and needed_bytes(effort) > memory_bytes:
        lower = next_effort(effort)
        if lower is None:
            break
        effort = lower
    return effort


def describe(before: Effort, after: Effort) -> str:
    """What a step down gave up, in plain words."""
    if after.decode_chunk != before.decode_chunk:
        return f"decoding {after.decode_chunk} frames at a time"
    if after.tiled != before.tiled:
        return "decoding the picture in tiles"
    if after.offload != before.offload:
        return "keeping networks in main memory while they are not used"
    if after.window != before.window:
        return f"working on {after.window} frames at a time"
    if after.processor != before.processor:
        return "working on the processor"
    return f"working at {100.0 * after.scale:.0f} percent of the size"


def note(stage: Stage, before: Effort, after: Effort) -> str:
    """What the user is told of a step down. One of `every_note`, so that it can be translated."""
    return f"Memory ran out while {stage.value}: {describe(before, after)}"


def every_note() -> tuple[str, ...]:
    """All notes that there are."""
    found: dict[str, None] = {}
    for stage in Stage:
        for effort in (Effort(), Effort(tiled=False), Effort(processor=False)):
            present = effort
            while (lower := next_effort(present, stage)) is not None:
                found[note(stage, present, lower)] = None
                present = lower
    return tuple(found)
