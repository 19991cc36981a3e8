"""Static facts about the `cel` engine; imports no torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from keycel_backend.engines.base import EngineDescription, Estimate, Option, OptionValue
from keycel_backend.engines.flat.description import GAP, LEAVE_UNSURE, OVERLAP
from keycel_backend.engines.lvcd.description import SOFT
from keycel_backend.engines.morph.description import EASING, line_seconds

STEPS = Option(
    name="steps",
    title="Steps",
    help="How often the picture is refined. The networks that come with Keycel gain little from more.",
    default=2,
    minimum=1,
    maximum=25,
)

_STEP_SECONDS = 0.35
"""Of one frame on one core of a usual processor; and where only key sketches are seen, at a smaller size."""
_SPARSE_STEP_SECONDS = 0.11
_CORES = 4
"""More do not help networks of this size."""
_SHARE_OF_A_CORE = 0.5
"""What each core after the first adds: an assumption."""
_REGION_SECONDS = 0.17e-6
"""Of one pixel of the canvas."""
_NETWORK_BYTES = 900 << 20
"""Torch and the networks at work."""
_PIXEL_BYTES = 90

DESCRIPTION = EngineDescription(
    name="cel",
    title="Cel (small video diffusion, experimental)",
    version="3",
    tasks=("colorize", "inbetween"),
    options=(STEPS, SOFT, EASING, GAP, OVERLAP, LEAVE_UNSURE),
    minimum_keyframes=1,
)


def estimate(
    width: int, height: int, drawings: int, keyframes: int, options: Mapping[str, OptionValue]
) -> Estimate:
    """Cost of colouring `drawings` drawings on the processor."""
    del keyframes
    return _cost(width, height, drawings, options, _STEP_SECONDS)


def estimate_sparse(
    width: int, height: int, drawings: int, keyframes: int, options: Mapping[str, OptionValue]
) -> Estimate:
    """Cost of drawing `drawings` frames between key sketches, and colouring them from these alone."""
    del keyframes
    colors = _cost(width, height, drawings, options, _SPARSE_STEP_SECONDS)
    return replace(colors, seconds=colors.seconds + line_seconds(width, height, drawings))


def _cost(
    width: int, height: int, drawings: int, options: Mapping[str, OptionValue], step_seconds: float
) -> Estimate:
    steps = float(options.get(STEPS.name, STEPS.default))
    helpers = min(_CORES, os.cpu_count() or 1) - 1
    painting = drawings * steps * step_seconds / (1.0 + _SHARE_OF_A_CORE * helpers)
    regions = drawings * width * height * _REGION_SECONDS
    return Estimate(painting + regions, _NETWORK_BYTES + _PIXEL_BYTES * width * height)
