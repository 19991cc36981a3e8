"""Static facts about the `morph` engine; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping

from keycel_backend.engines.base import EngineDescription, Estimate, Option, OptionValue
from keycel_backend.engines.flat.description import GAP, LEAVE_UNSURE, OVERLAP
from keycel_backend.engines.flat.description import estimate as estimate_flat
from keycel_backend.inbetweening.easing import EASINGS, EVEN

EASING = Option(
    name="easing",
    title="Spacing",
    help="How in-betweens are spaced between two key sketches.",
    default=EVEN,
    choices=EASINGS,
)

DESCRIPTION = EngineDescription(
    name="morph",
    title="Moving strokes",
    version="2",
    tasks=("inbetween",),
    options=(EASING, GAP, OVERLAP, LEAVE_UNSURE),
    largest_side=16384,
    minimum_keyframes=0,
)


def estimate(
    width: int, height: int, drawings: int, keyframes: int, options: Mapping[str, OptionValue]
) -> Estimate:
    """Cost of `drawings` frames, key sketches among them; without colours where nothing is painted."""
    pixels = width * height
    lines = drawings * (0.5 + 0.4e-6 * pixels)
    colors = estimate_flat(width, height, drawings, keyframes, options)
    seconds = lines + (colors.seconds if keyframes else 0.0)
    return Estimate(seconds, colors.memory_bytes + 60 * pixels)
