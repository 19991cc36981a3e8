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
    version="3",
    tasks=("inbetween",),
    options=(EASING, GAP, OVERLAP, LEAVE_UNSURE),
    largest_side=16384,
    minimum_keyframes=0,
)


def estimate(
    width: int, height: int, drawings: int, keyframes: int, options: Mapping[str, OptionValue]
) -> Estimate:
    """Cost of `drawings` frames, key sketches among them; without colours where nothing is painted.

    Carrying paint costs a frame about as much as matching its regions would.
    """
    lines = line_seconds(width, height, drawings)
    colors = estimate_flat(width, height, drawings, keyframes, options)
    seconds = lines + (colors.seconds if keyframes else 0.0)
    return Estimate(seconds, colors.memory_bytes + 60 * width * height)


def line_seconds(width: int, height: int, drawings: int) -> float:
    """What the line track costs, however it is coloured."""
    return drawings * (0.25 + 0.25e-6 * width * height)
