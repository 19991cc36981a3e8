"""The options of a request, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keycel_backend.diffusion.colorizediffusion.modes import Mode
from keycel_backend.diffusion.colorizediffusion.preparation import SketchPreparation
from keycel_backend.diffusion.colorizediffusion.sampling import SamplingOptions
from keycel_backend.diffusion.colorizediffusion.schedules import Sampler
from keycel_backend.engines.base import OptionValue
from keycel_backend.engines.colorizediffusion.description import (
    COLORS,
    DETAIL,
    MARGIN,
    MERGE,
    MODE,
    PREPARATION,
    REFERENCE_GUIDANCE,
    RESOLUTION,
    SAMPLER,
    SKETCH_GUIDANCE,
    SKETCH_SCALE,
    STEPS,
)
from keycel_backend.engines.flat.description import GAP, LEAVE_UNSURE, OVERLAP
from keycel_backend.engines.lvcd.description import SOFT
from keycel_backend.engines.options import choice, number


@dataclass(frozen=True, slots=True)
class Settings:
    mode: Mode
    sampling: SamplingOptions
    resolution: int
    detail: int
    merge: float
    preparation: SketchPreparation | None
    """None for our own reading of the lines."""
    margin: float
    colors: int
    soft: bool
    gap: float
    overlap: int
    leave_unsure: bool

    @classmethod
    def of(cls, options: Mapping[str, OptionValue]) -> Settings:
        """Raises `KeycelError` DOC_BAD_OPTION for a value that an option does not allow."""
        sampler = Sampler(choice(options, SAMPLER))
        preparation = choice(options, PREPARATION)
        return cls(
            mode=Mode(choice(options, MODE)),
            sampling=SamplingOptions(
                sampler=sampler,
                karras=sampler is Sampler.DPM_PP_2M,  # what its authors recommend for it
                num_steps=int(number(options, STEPS)),
                reference_guidance=number(options, REFERENCE_GUIDANCE),
                sketch_guidance=number(options, SKETCH_GUIDANCE),
                sketch_scale=number(options, SKETCH_SCALE),
            ),
            resolution=int(number(options, RESOLUTION)),
            detail=int(number(options, DETAIL)),
            merge=number(options, MERGE),
            preparation=None if preparation == "lines" else SketchPreparation(preparation),
            margin=number(options, MARGIN),
            colors=int(number(options, COLORS)),
            soft=bool(options.get(SOFT.name, SOFT.default)),
            gap=number(options, GAP),
            overlap=int(number(options, OVERLAP)),
            leave_unsure=bool(options.get(LEAVE_UNSURE.name, LEAVE_UNSURE.default)),
        )
