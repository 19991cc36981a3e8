"""Static facts about the `flipsketch` engine; imports no torch."""

from __future__ import annotations

from collections.abc import Mapping

from keycel_backend.diffusion.device import Device, processor
from keycel_backend.diffusion.fallback import Effort
from keycel_backend.diffusion.flipsketch.cost import animation_cost
from keycel_backend.diffusion.flipsketch.options import SamplingOptions
from keycel_backend.engines.base import EngineDescription, Estimate, Option, OptionValue
from keycel_backend.engines.lvcd.sizes import model_size

PROMPT = Option(
    name="prompt",
    title="What happens",
    help='A short English sentence about the drawing, such as "a cat walks to the left".',
    default="",
)
FRAMES = Option(
    name="frames",
    title="Drawings",
    help="How many drawings the animation has, your own included.",
    default=10,
    minimum=2,
    maximum=240,
)
EXPOSURE = Option(
    name="exposure",
    title="Exposure",
    help="For how many frames each drawing is shown: 1 on ones, 2 on twos.",
    default=1,
    minimum=1,
    maximum=24,
)
DRAFT, FAITHFUL = "draft", "faithful"
MODE = Option(
    name="mode",
    title="Mode",
    help="Draft is quick. Faithful also tunes the drawings to yours, and takes about four times as long.",
    default=DRAFT,
    choices=(DRAFT, FAITHFUL),
)
FIDELITY = Option(
    name="fidelity",
    title="Fidelity",
    help="How closely late drawings keep to yours: 0 moves freely, 1 stays close.",
    default=0.5,
    minimum=0.0,
    maximum=1.0,
)
STEPS = Option(
    name="steps",
    title="Steps",
    help="How often the pictures are refined. Fewer are faster and less exact; the authors use 25.",
    default=25,
    minimum=4,
    maximum=50,
)
GUIDANCE = Option(
    name="guidance",
    title="Guidance",
    help="How strongly the sentence is followed; the authors use 9.",
    default=9.0,
    minimum=1.0,
    maximum=20.0,
)
AVOID = Option(
    name="avoid",
    title="Avoid",
    help="What should not be seen, in English. Empty is fastest.",
    default="",
)
RESOLUTION = Option(
    name="resolution",
    title="Working size",
    help="Longer side, in pixels, of the pictures the network sees. It was trained at 256; more shows it "
    "finer lines, takes more time and memory, and may move less well. Your canvas keeps its own size.",
    default=256,
    minimum=64,
    maximum=768,
)
WINDOW = Option(
    name="window",
    title="Drawings at once",
    help="Longer animations are drawn in several clips, each from the last drawing of the one before. "
    "The authors use 10.",
    default=10,
    minimum=2,
    maximum=32,
)


DESCRIPTION = EngineDescription(
    name="flipsketch",
    title="FlipSketch (animates a drawing from a sentence)",
    version="1",
    tasks=("animate",),
    options=(
        PROMPT,
        FRAMES,
        EXPOSURE,
        MODE,
        FIDELITY,
        STEPS,
        GUIDANCE,
        AVOID,
        RESOLUTION,
        WINDOW,
    ),
    largest_side=16384,
    minimum_keyframes=0,
    licence="GPL-3.0-or-later; the weights are for non-commercial use only (keycel models list)",
)


def estimate(
    width: int,
    height: int,
    drawings: int,
    keyframes: int,
    options: Mapping[str, OptionValue],
    device: Device | None = None,
) -> Estimate:
    """Cost of an animation with the published networks; `device`: None for the processor."""
    device = device or processor()
    del drawings, keyframes  # one drawing, and nothing is painted
    told = {option.name: options.get(option.name, option.default) for option in DESCRIPTION.options}
    size = model_size(width, height, int(told[RESOLUTION.name]))
    sampling = SamplingOptions.of(
        int(told[STEPS.name]),
        float(told[FIDELITY.name]),
        float(told[GUIDANCE.name]),
        told[MODE.name] == FAITHFUL,
    )
    effort = Effort(window=int(told[WINDOW.name]))
    avoiding = bool(str(told[AVOID.name]).strip())
    cost = animation_cost(
        int(told[FRAMES.name]), size[1], size[0], sampling, avoiding, effort, device.value_bytes
    )
    return Estimate(cost.operations / device.operations_per_second, cost.memory_bytes)
