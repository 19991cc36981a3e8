"""The model card: what the networks are, how they came about, and what they reach."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch
from torch import nn

from keycel_backend.training.matcher.accuracy import Shares
from keycel_backend.training.matcher.learning import Plan, Progress
from keycel_backend.training.matcher.making import PAIRS

_TEXT = """# Region matcher

Finds which region of one line drawing is which region of another (`regions/learned.py`). Two networks:
`describer.onnx` ({describer} parameters) looks at each drawing, `judge.onnx` ({judge}) at each pair.

- **Data**: {shots} procedural shots (as many as got ready), {pairs} pairs of drawings each (`training/shots`,
  seeds from {first_seed} on). No drawing by a person and no downloaded weights were used.
- **Command**: `{command}`
- **Training**: {steps} updates of {batch} shot(s), {minutes:.1f} minutes on {device}
  (torch {torch}, Python {python}), AdamW, one cosine; seed {seed}.
- **Licence**: that of the project.

## On {held_out} procedural shots kept aside

Shares of regions. Colour: the likeliest colour, summed over the matched regions, is right (of regions whose
colour the other drawing has). Region: the likeliest answer, a region or "new", is right. Two of
three pairs are at most three drawings apart, the others any distance.

| | colour | colour, next drawing | colour, large regions count more | region |
|---|---|---|---|---|
| hand-made matcher | {hand} |
| learned matcher | {learned} |

The right colour is among the 40 regions looked at for {in_pool:.3f} of the regions, and
among the 10 candidates left after the first look for {in_candidates:.3f}.

Reliability of the stated probability of a region:

| stated | right | regions |
|---|---|---|
{reliability}

![training curve](curve.png)
"""


@dataclass(frozen=True, slots=True)
class Origin:
    command: str
    plan: Plan
    seeds: range
    """Of the shots trained on."""
    held_out: int
    """Number of shots kept aside."""


def write_card(
    path: Path, origin: Origin, describer: nn.Module, judge: nn.Module, progress: Sequence[Progress]
) -> None:
    """`progress`: at least one report, the last one counts."""
    last = progress[-1]
    found = last.held_out
    plan = origin.plan
    device = torch.cuda.get_device_name() if plan.device.startswith("cuda") else "CPU"
    text = _TEXT.format(
        describer=_parameters(describer),
        judge=_parameters(judge),
        shots=last.shots,
        pairs=PAIRS,
        first_seed=origin.seeds.start,
        command=origin.command,
        steps=last.step,
        batch=plan.batch,
        minutes=last.seconds / 60,
        device=device,
        torch=version("torch"),
        python=platform.python_version(),
        seed=plan.seed,
        held_out=origin.held_out,
        hand=_row(found.hand),
        learned=_row(found.learned),
        in_pool=found.in_pool,
        in_candidates=found.in_candidates,
        reliability="\n".join(
            f"| {stated:.2f} | {right:.2f} | {number} |" for stated, right, number in found.reliability
        ),
    )
    path.write_text(text, encoding="utf-8")


def _row(shares: Shares) -> str:
    columns = (shares.color, shares.color_next, shares.color_weighted, shares.region)
    return " | ".join(f"{share:.3f}" for share in columns)


def _parameters(network: nn.Module) -> str:
    return f"{sum(value.numel() for value in network.parameters()):,}"
