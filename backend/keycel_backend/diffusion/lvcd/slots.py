"""Which frames one network call works on, and which of them each may look at: plain data, pure functions.

A call works on *slots*: first the reference slots (the reference frame, and once more each frame of the
overlap with the segment before), then the video slots. All go through the same layers together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

LOOK_BACK = 3
"""Prev-Reference Attention: frames after the overlap look at the slot this many before, not at themselves."""
AMPLIFICATION = 10.0
"""Overlapped frames see their reference this many times as strongly (alpha of the paper)."""


@dataclass(frozen=True, slots=True)
class SlotLayout:
    """Number of slots of each kind. The networks were trained with the defaults."""

    video: int = 14
    """Frames of a segment."""
    overlap: int = 4
    """Of them, those that repeat the end of the segment before; less than `video`."""

    @property
    def references(self) -> int:
        return self.overlap + 1

    @property
    def total(self) -> int:
        return self.references + self.video

    @property
    def stride(self) -> int:
        """New frames of every segment but the first."""
        return self.video - self.overlap

    @property
    def overlap_references(self) -> slice:
        return slice(1, self.references)

    @property
    def overlap_video(self) -> slice:
        return slice(self.references, self.references + self.overlap)

    @property
    def last_video(self) -> slice:
        """What the next segment overlaps with."""
        return slice(self.total - self.overlap, self.total)

    @property
    def all_video(self) -> slice:
        return slice(self.references, self.total)

    def frame_index(self) -> tuple[int, ...]:
        """Place in time of each slot: references have none."""
        return (0,) * self.references + tuple(range(self.video))


class AttentionMode(Enum):
    """How reference attention looks around."""

    FIRST_SEGMENT = "normal"
    NEXT_SEGMENT = "prevref"
    NEXT_SEGMENT_LATE = "prevref_late"
    """Steps from `prev_attention_steps` on: looks as in the first segment, but stays amplified."""


@dataclass(frozen=True, slots=True)
class AttentionPlan:
    """For each slot the two whose tokens it attends to in spatial self-attention."""

    own: tuple[int, ...]
    reference: tuple[int, ...]
    amplification: tuple[float, ...]
    """Of the tokens of `reference`; its logarithm is added to their logits."""


def attention_plan(layout: SlotLayout, mode: AttentionMode) -> AttentionPlan:
    """Reference Attention, Prev-Reference Attention and Overlapped Blending of one call."""
    slots = range(layout.total)
    overlap_video = slots[layout.overlap_video]
    if mode is AttentionMode.NEXT_SEGMENT:
        new = overlap_video.stop
        own = tuple(slot if slot < new else slot - LOOK_BACK for slot in slots)
        reference = tuple(_next_segment_reference(layout, slot) for slot in slots)
    else:
        own = tuple(slots)
        reference = tuple(slot if slot < layout.references else 0 for slot in slots)
    amplified = mode is not AttentionMode.FIRST_SEGMENT
    return AttentionPlan(
        own,
        reference,
        tuple(AMPLIFICATION if amplified and slot in overlap_video else 1.0 for slot in slots),
    )


def _next_segment_reference(layout: SlotLayout, slot: int) -> int:
    if slot < layout.references:
        return slot
    return slot - layout.overlap if slot < layout.overlap_video.stop else 0


@dataclass(frozen=True, slots=True)
class AttentionGroup:
    """Slots that attend in the same manner, so that one call of the attention kernel serves them."""

    slots: tuple[int, ...]
    own: tuple[int, ...]
    reference: tuple[int, ...] | None
    """None: both are the same tokens, and seeing them twice is seeing them once."""
    amplification: float


def attention_groups(plan: AttentionPlan, amplified: bool) -> tuple[AttentionGroup, ...]:
    """The slots of a plan in groups; `amplified` false leaves the amplification out.

    Slots with a mask are kept apart, since a mask forbids the fastest kernels.
    """
    grouped: dict[tuple[bool, float], list[int]] = {}
    for slot, (own, reference) in enumerate(zip(plan.own, plan.reference, strict=True)):
        amplification = plan.amplification[slot] if amplified else 1.0
        grouped.setdefault((own == reference and amplification == 1.0, amplification), []).append(slot)
    return tuple(
        AttentionGroup(
            tuple(slots),
            tuple(plan.own[slot] for slot in slots),
            None if same else tuple(plan.reference[slot] for slot in slots),
            amplification,
        )
        for (same, amplification), slots in grouped.items()
    )
