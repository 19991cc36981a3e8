"""The options of a request that are this engine's own, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keycel_backend.engines.base import OptionValue
from keycel_backend.engines.lvcd.description import GUIDANCE, MOTION, RESOLUTION, SOFT, STEPS
from keycel_backend.engines.options import number


@dataclass(frozen=True, slots=True)
class Settings:
    steps: int
    resolution: int
    motion: int
    guidance: float
    soft: bool

    @classmethod
    def of(cls, options: Mapping[str, OptionValue]) -> Settings:
        """Raises `KeycelError` DOC_BAD_OPTION for a value that an option does not allow."""
        return cls(
            steps=int(number(options, STEPS)),
            resolution=int(number(options, RESOLUTION)),
            motion=int(number(options, MOTION)),
            guidance=number(options, GUIDANCE),
            soft=bool(options.get(SOFT.name, SOFT.default)),
        )
