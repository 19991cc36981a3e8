"""The options of a request, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keycel_backend.diffusion.anidoc.condition import Correspondences
from keycel_backend.engines.anidoc.description import (
    GUIDANCE,
    MATCHER,
    POINTS,
    RESOLUTION,
    SPARSE,
    STEPS,
    TRACKER,
)
from keycel_backend.engines.base import OptionValue
from keycel_backend.engines.lvcd.description import SOFT
from keycel_backend.engines.options import choice, number


@dataclass(frozen=True, slots=True)
class Settings:
    steps: int
    resolution: int
    guidance: float
    points: Correspondences | None
    """None: the networks are shown no points."""
    matcher: str
    tracker: str
    sparse: bool
    soft: bool

    @classmethod
    def of(cls, options: Mapping[str, OptionValue]) -> Settings:
        """Raises `KeycelError` DOC_BAD_OPTION for a value that an option does not allow."""
        points = choice(options, POINTS)
        return cls(
            steps=int(number(options, STEPS)),
            resolution=int(number(options, RESOLUTION)),
            guidance=number(options, GUIDANCE),
            points=None if points == "none" else Correspondences(points),
            matcher=choice(options, MATCHER),
            tracker=choice(options, TRACKER),
            sparse=bool(options.get(SPARSE.name, SPARSE.default)),
            soft=bool(options.get(SOFT.name, SOFT.default)),
        )
