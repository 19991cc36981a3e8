"""The options of a request that are this engine's own, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keycel_backend.diffusion.svd.schedule import Schedule
from keycel_backend.engines.base import OptionValue
from keycel_backend.engines.lvcd.description import GUIDANCE, MOTION, RESOLUTION, SCHEDULE, SOFT, STEPS
from keycel_backend.engines.options import choice, number


@dataclass(frozen=True, slots=True)
class Settings:
    steps: int
    schedule: Schedule
    resolution: int
    motion: int
    guidance: float
    soft: bool

    @classmethod
    def of(cls, options: Mapping[str, OptionValue]) -> Settings:
        """Raises `KeycelError` DOC_BAD_OPTION for a value that an option does not allow."""
        return cls(
            steps=int(number(options, STEPS)),
            schedule=Schedule(choice(options, SCHEDULE)),
            resolution=int(number(options, RESOLUTION)),
            motion=int(number(options, MOTION)),
            guidance=number(options, GUIDANCE),
            soft=bool(options.get(SOFT.name, SOFT.default)),
        )
