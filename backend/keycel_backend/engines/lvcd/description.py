"""Static facts about the `lvcd` engine; imports no torch."""

from __future__ import annotations

from collections.abc import Mapping

from keycel_backend.diffusion.device import Device, processor
from keycel_backend.diffusion.fallback import Effort, affordable
from keycel_backend.diffusion.lvcd.cost import Cost, shot_cost
from keycel_backend.engines.base import EngineDescription, Estimate, Option, OptionValue
from keycel_backend.engines.flat.description import GAP, LEAVE_UNSURE, OVERLAP
from keycel_backend.engines.lvcd.sizes import model_size

USUAL, FEW_STEPS = "usual", "few steps"
"""Values of `diffusion.svd.schedule.Schedule`, which needs torch."""

STEPS = Option(
    name="steps",
    title="Steps",
    help="How often the picture is refined. Fewer are faster and less exact; the authors use 25.",
    default=25,
    minimum=4,
    maximum=50,
)
SCHEDULE = Option(
    name="schedule",
    title="Noise schedule",
    help="How the noise falls from step to step. The usual one is the authors' and wants about 25 steps; "
    "the one for few steps is made for 4 to 10.",
    default=USUAL,
    choices=(USUAL, FEW_STEPS),
)
RESOLUTION = Option(
    name="resolution",
    title="Working size",
    help="Longer side, in pixels, of the pictures the network sees. It was trained at 576; more shows it "
    "smaller shapes and takes far more time and memory. Your canvas keeps its own size.",
    default=576,
    minimum=64,
    maximum=1536,
)
MOTION = Option(
    name="motion",
    title="Motion strength",
    help="How much movement the network expects between drawings: 1 hardly any, 255 wild. "
    "The authors use 160.",
    default=160,
    minimum=1,
    maximum=255,
)
GUIDANCE = Option(
    name="guidance",
    title="Guidance",
    help="How strongly late frames are pushed towards the keyframe. 1 is off; more takes twice the time.",
    default=1.0,
    minimum=1.0,
    maximum=4.0,
)
SOFT = Option(
    name="soft",
    title="Soft shading",
    help="Keep the engine's own shading instead of flat palette colours. Colours are then not the palette's.",
    default=False,
)

DESCRIPTION = EngineDescription(
    name="lvcd",
    title="LVCD (video diffusion)",
    version="2",
    tasks=("colorize",),
    options=(STEPS, SCHEDULE, RESOLUTION, MOTION, GUIDANCE, SOFT, GAP, OVERLAP, LEAVE_UNSURE),
    largest_side=16384,
    minimum_keyframes=1,
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
    guided = float(options.get(GUIDANCE.name, GUIDANCE.default)) != 1.0
    steps = int(options.get(STEPS.name, STEPS.default))
    parts = max(1, min(keyframes, drawings))
    longest = -(-drawings // parts) + 1

    def cost(effort: Effort) -> Cost:
        return shot_cost(longest, size[1], size[0], effort, steps, guided, device.value_bytes)

    effort = affordable(lambda one: cost(one).memory_bytes, device.memory_bytes, Effort())
    seconds = parts * cost(effort).operations / device.operations_per_second
    return Estimate(seconds, cost(effort).memory_bytes)
