"""Static facts about the `flat` engine; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping

from keycel_backend.engines.base import EngineDescription, Estimate, Option, OptionValue

GAP = Option(
    name="gap",
    title="Close gaps up to",
    help="Openings in the lines up to this many pixels do not let colour leak. "
    "0 follows canvas size and line width.",
    default=0,
    minimum=0,
    maximum=100,
)
OVERLAP = Option(
    name="overlap",
    title="Paint under lines",
    help="How many pixels colour runs on under the lines. "
    "0 lets it meet the next colour in the middle of the line.",
    default=0,
    minimum=0,
    maximum=100,
)
LEAVE_UNSURE = Option(
    name="leave_unsure",
    title="Leave unsure regions unpainted",
    help="Regions the engine is less than half sure of stay transparent instead of getting the best guess.",
    default=False,
)

DESCRIPTION = EngineDescription(
    name="flat",
    title="Flat colours",
    version="5",
    tasks=("colorize",),
    options=(GAP, OVERLAP, LEAVE_UNSURE),
    largest_side=16384,
    minimum_keyframes=1,
)


def estimate(
    width: int, height: int, drawings: int, keyframes: int, options: Mapping[str, OptionValue]
) -> Estimate:
    """Cost of colouring `drawings` drawings; pure Python, because the supervisor asks too."""
    del options  # none of them changes the cost noticeably
    pixels = width * height
    seconds = (drawings + keyframes) * (0.25 + 0.25e-6 * pixels)
    return Estimate(seconds, 300_000_000 + 60 * pixels + 400_000 * drawings)
