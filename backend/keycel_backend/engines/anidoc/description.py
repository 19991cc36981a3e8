"""Static facts about the `anidoc` engine; imports no torch."""

from __future__ import annotations

from collections.abc import Mapping

from keycel_backend.diffusion.anidoc.cost import ClipSize, Cost, clip_cost
from keycel_backend.diffusion.device import Device, processor
from keycel_backend.diffusion.fallback import Effort, affordable
from keycel_backend.engines.base import EngineDescription, Estimate, Option, OptionValue
from keycel_backend.engines.flat.description import GAP, LEAVE_UNSURE, OVERLAP
from keycel_backend.engines.lvcd.description import SOFT
from keycel_backend.engines.lvcd.sizes import model_size
from keycel_backend.engines.morph.description import EASING

STEPS = Option(
    name="steps",
    title="Steps",
    help="How often the picture is refined. Fewer are faster and less exact; the authors use 25.",
    default=25,
    minimum=4,
    maximum=50,
)
RESOLUTION = Option(
    name="resolution",
    title="Working size",
    help="Longer side, in pixels, of the pictures the network sees. It was trained at 512; more shows it "
    "smaller shapes and takes far more time and memory. Your canvas keeps its own size.",
    default=512,
    minimum=64,
    maximum=1536,
)
GUIDANCE = Option(
    name="guidance",
    title="Guidance",
    help="How strongly the last frame of each window is pushed towards the reference picture; the first one "
    "is not. The authors use 3.",
    default=3.0,
    minimum=1.0,
    maximum=8.0,
)
POINTS = Option(
    name="points",
    title="Points",
    help="Which points of the reference picture the network is shown in the drawings: followed from drawing "
    "to drawing (the authors' way), as they are in the first drawing, only in the first drawing, or none.",
    default="tracked",
    choices=("tracked", "repeated", "first frame only", "none"),
)
MATCHER = Option(
    name="matcher",
    title="Point finder",
    help="What finds the reference picture's points in the first drawing. LightGlue has to be installed.",
    default="regions",
    choices=("regions", "lightglue"),
)
TRACKER = Option(
    name="tracker",
    title="Point follower",
    help="What follows the points through the drawings. CoTracker has to be installed.",
    default="regions",
    choices=("regions", "cotracker"),
)
SPARSE = Option(
    name="sparse",
    title="First and last drawing only (experimental)",
    help="Show the network only the first and the last drawing of each window and points that move between "
    "them on straight lines. This is our reading of the paper; the weights were not trained for it.",
    default=False,
)

DESCRIPTION = EngineDescription(
    name="anidoc",
    title="AniDoc (video diffusion from a reference picture)",
    version="2",
    tasks=("colorize", "inbetween"),
    options=(
        STEPS,
        RESOLUTION,
        GUIDANCE,
        POINTS,
        MATCHER,
        TRACKER,
        SPARSE,
        SOFT,
        EASING,
        GAP,
        OVERLAP,
        LEAVE_UNSURE,
    ),
    largest_side=16384,
    minimum_keyframes=0,
    licence="GPL-3.0-or-later; the weights have terms of their own (keycel models list)",
)


def estimate(
    width: int,
    height: int,
    drawings: int,
    keyframes: int,
    options: Mapping[str, OptionValue],
    device: Device | None = None,
) -> Estimate:
    """Cost of colouring `drawings` drawings with the published networks.

    `device`: None for the processor. Where its memory is known and too small, what the engine will give up
    is given up here as well.
    """
    device = device or processor()
    size = model_size(width, height, int(options.get(RESOLUTION.name, RESOLUTION.default)))
    steps = int(options.get(STEPS.name, STEPS.default))
    parts = max(1, min(keyframes, drawings))
    clip = ClipSize(max(1, -(-drawings // parts)), size[1], size[0])

    def cost(effort: Effort) -> Cost:
        return clip_cost(clip, effort, steps, device.value_bytes)

    effort = affordable(lambda one: cost(one).memory_bytes, device.memory_bytes, Effort(decode_chunk=8))
    seconds = parts * cost(effort).operations / device.operations_per_second
    return Estimate(seconds, cost(effort).memory_bytes)
