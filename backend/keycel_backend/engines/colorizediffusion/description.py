"""Static facts about the `colorizediffusion` engine; imports no torch."""

from __future__ import annotations

from collections.abc import Mapping

from keycel_backend.diffusion.colorizediffusion.cost import calls_of, detail_operations, reference_cost
from keycel_backend.diffusion.device import Device, processor
from keycel_backend.engines.base import EngineDescription, Estimate, Option, OptionValue
from keycel_backend.engines.flat.description import GAP, LEAVE_UNSURE, OVERLAP
from keycel_backend.engines.lvcd.description import SOFT
from keycel_backend.engines.lvcd.sizes import model_size

MODE = Option(
    name="mode",
    title="Foreground and background",
    help="vanilla: the whole image colours the whole drawing. background: the drawing's background follows "
    "the image's. split: figure follows figure, background follows background. foreground, both: as in the "
    "authors' program.",
    default="vanilla",
    choices=("vanilla", "background", "split", "foreground", "both"),
)
STEPS = Option(
    name="steps",
    title="Steps",
    help="How often the picture is refined. Fewer are faster and less exact; the authors use 20.",
    default=20,
    minimum=4,
    maximum=100,
)
RESOLUTION = Option(
    name="resolution",
    title="Working size",
    help="Longer side, in pixels, of the picture the network sees. It was trained at 512; more shows it "
    "smaller shapes and takes far more time and memory. Your canvas keeps its own size.",
    default=512,
    minimum=64,
    maximum=2048,
)
DETAIL = Option(
    name="detail",
    title="Size of details",
    help="Longer side, in pixels, of a second pass that draws the same colours again along your lines, in "
    "tiles of the working size. Up to your canvas; 0 for none. Takes time, but no more memory.",
    default=0,
    minimum=0,
    maximum=4096,
)
REFERENCE_GUIDANCE = Option(
    name="reference_guidance",
    title="Guidance of the image",
    help="How strongly colours are pushed towards the image. 1 is off; the authors use 4.",
    default=4.0,
    minimum=1.0,
    maximum=15.0,
)
SKETCH_GUIDANCE = Option(
    name="sketch_guidance",
    title="Guidance of the lines",
    help="How strongly shapes are pushed towards the lines. 1 is off; more takes up to half as long again.",
    default=1.0,
    minimum=1.0,
    maximum=5.0,
)
SKETCH_SCALE = Option(
    name="sketch_scale",
    title="Strength of the lines",
    help="How much the network looks at the lines; 1 as trained.",
    default=1.0,
    minimum=0.0,
    maximum=2.0,
)
MERGE = Option(
    name="merge",
    title="Background in the foreground",
    help="How much of the background's colours is mixed into the figure, 0 to 1; only where both are "
    "kept apart.",
    default=0.0,
    minimum=0.0,
    maximum=1.0,
)
SAMPLER = Option(
    name="sampler",
    title="Sampler",
    help="How the picture comes out of noise; the authors use dpm-solver. heun takes twice as long.",
    default="dpm-solver",
    choices=("dpm-solver", "ddim", "pndm", "lms", "euler", "euler a", "heun", "dpm++ 2m"),
)
PREPARATION = Option(
    name="preparation",
    title="Reading of the lines",
    help="lines: Keycel's own reading, for all kinds of drawings. invert: dark lines on light paper as "
    "they are. invert-webui: evens out paper of uneven brightness. none: lines are bright on dark already.",
    default="lines",
    choices=("lines", "invert", "invert-webui", "none"),
)
MARGIN = Option(
    name="margin",
    title="White beside the image",
    help="Makes the image this many times as wide with white, so that it counts less.",
    default=1.0,
    minimum=1.0,
    maximum=2.0,
)
COLORS = Option(
    name="colors",
    title="Most colours",
    help="How many colours are taken from the image, at most, where no palette is given. An image painted "
    "in few flat colours gives exactly these.",
    default=24,
    minimum=2,
    maximum=256,
)


def detail_size(width: int, height: int, resolution: int, detail: int) -> tuple[int, int] | None:
    """(width, height) of the second pass for a canvas; None where it would show no more than the first."""
    large = model_size(width, height, detail)
    return large if detail and max(large) > max(model_size(width, height, resolution)) else None


DESCRIPTION = EngineDescription(
    name="colorizediffusion",
    title="ColorizeDiffusion (colours after an image)",
    version="1",
    tasks=("reference",),
    options=(
        MODE,
        STEPS,
        RESOLUTION,
        DETAIL,
        REFERENCE_GUIDANCE,
        SKETCH_GUIDANCE,
        SKETCH_SCALE,
        MERGE,
        SAMPLER,
        PREPARATION,
        MARGIN,
        COLORS,
        SOFT,
        GAP,
        OVERLAP,
        LEAVE_UNSURE,
    ),
    largest_side=16384,
    minimum_keyframes=0,
    licence="GPL-3.0-or-later; the weights are for non-commercial use (keycel models list)",
)


def estimate(
    width: int,
    height: int,
    drawings: int,
    keyframes: int,
    options: Mapping[str, OptionValue],
    device: Device | None = None,
) -> Estimate:
    """Cost of colouring `drawings` drawings with the published networks; `device`: None for the processor."""
    device = device or processor()
    del keyframes  # there are none
    longest = int(options.get(RESOLUTION.name, RESOLUTION.default))
    size = model_size(width, height, longest)
    large = detail_size(width, height, longest, int(options.get(DETAIL.name, DETAIL.default)))
    num_steps = int(options.get(STEPS.name, STEPS.default))
    split = options.get(MODE.name, MODE.default) != "vanilla"
    guided = [
        float(options.get(option.name, option.default)) != 1.0
        for option in (REFERENCE_GUIDANCE, SKETCH_GUIDANCE)
    ]
    cost = reference_cost(
        drawings,
        size[1],
        size[0],
        calls_of(str(options.get(SAMPLER.name, SAMPLER.default)), num_steps),
        1 + sum(guided),
        split,
        device.value_bytes,
    )
    operations = cost.operations
    if large is not None:
        again = detail_operations((large[1], large[0]), (size[1], size[0]), num_steps, 1 + sum(guided), split)
        operations += drawings * again
    return Estimate(operations / device.operations_per_second, cost.memory_bytes)
