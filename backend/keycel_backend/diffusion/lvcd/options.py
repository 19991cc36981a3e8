"""Settings of LVCD's sampling; the defaults are those of the authors."""

from __future__ import annotations

from dataclasses import dataclass, field

from keycel_backend.diffusion.lvcd.slots import SlotLayout
from keycel_backend.diffusion.svd.schedule import Schedule


@dataclass(frozen=True, slots=True)
class SamplingOptions:
    layout: SlotLayout = field(default_factory=SlotLayout)
    num_steps: int = 25
    """1 or more."""
    schedule: Schedule = Schedule.USUAL
    guidance: tuple[float, float] = (1.0, 1.0)
    """Scale at the first and at the last slot, linear between; 1 everywhere costs nothing."""
    prev_attention_steps: int = 25
    """Prev-Reference Attention is used in steps before this one."""
    blend_steps: int = 25
    """Overlapped frames are blended in steps before this one, also where `num_steps` is larger."""
    seed: int = 1234
    fps_id: int = 6
    motion_bucket_id: int = 160
    cond_aug: float = 0.0
    """Strength of the noise on the conditioning image."""
