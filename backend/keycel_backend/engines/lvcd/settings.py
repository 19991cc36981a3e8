"""The options of a request, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keycel_backend.engines.base import Option, OptionValue
from keycel_backend.engines.flat.description import GAP, LEAVE_UNSURE, OVERLAP
from keycel_backend.engines.lvcd.description import GUIDANCE, MOTION, RESOLUTION, SOFT, STEPS
from keycel_shared.errors import ErrorCode, KeycelError


@dataclass(frozen=True, slots=True)
class Settings:
    steps: int
    resolution: int
    motion: int
    guidance: float
    soft: bool
    gap: float
    overlap: int
    leave_unsure: bool

    @classmethod
    def of(cls, options: Mapping[str, OptionValue]) -> Settings:
        """Raises `KeycelError` DOC_BAD_OPTION for a value that an option does not allow."""
        return cls(
            steps=int(_number(options, STEPS)),
            resolution=int(_number(options, RESOLUTION)),
            motion=int(_number(options, MOTION)),
            guidance=_number(options, GUIDANCE),
            soft=bool(options.get(SOFT.name, SOFT.default)),
            gap=_number(options, GAP),
            overlap=int(_number(options, OVERLAP)),
            leave_unsure=bool(options.get(LEAVE_UNSURE.name, LEAVE_UNSURE.default)),
        )


def _number(options: Mapping[str, OptionValue], option: Option) -> float:
    value = options.get(option.name, option.default)
    low, high = option.minimum or 0.0, option.maximum or float("inf")
    if isinstance(value, (bool, str)) or not low <= value <= high:
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION,
            f'The option "{option.name}" cannot be {value!r}.',
            f"Give a number from {low:g} to {high:g}.",
        )
    return float(value)
