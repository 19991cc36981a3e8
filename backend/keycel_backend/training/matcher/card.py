"""The model card: what the networks are, how they came about, and what they reach."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import torch

from keycel_backend.training.matcher.learning import Plan, Progress
from keycel_backend.training.matcher.making import PAIRS

_TEXT = """# Region matcher

Finds which region of one line drawing is which region of another (`regions/learned.py`). Two networks:
`describer.onnx` ({describer} parameters) looks at each drawing, `judge.onnx` ({judge}) at each pair.

- **Data**: {shots} procedural shots, {pairs} pairs of drawings each (`training/shots`, seeds from
  {first_seed} on). No drawing by a person and no downloaded weights were used.
- **Command**: `{command}`
- **Training**: {steps} updates of {batch} shot(s), {minutes:.1f} minutes on {device}
  (torch {torch}, Python {python}), AdamW, one cosine; seed {seed}.
- **Licence**: that of the project.

## On {held_out} procedural shots kept aside

Share of regions whose likeliest answer (a source region, or "new") is right; pairs of drawings as in
training: half of them neighbours in time, the others any distance apart.

| | by count | by weight (large regions count more) |
|---|---|---|
| hand-made matcher | {hand_count:.3f} | {hand_weighted:.3f} |
| learned matcher | {count:.3f} | {weighted:.3f} |

Reliability of the stated probability:

| stated | right | regions |
|---|---|---|
{reliability}

![training curve](curve.png)
"""


def write_card(
    path: Path,
    command: str,
    plan: Plan,
    shots: int,
    held_out: int,
    first_seed: int,
    sizes: tuple[int, int],
    progress: Sequence[Progress],
) -> None:
    """`sizes`: parameters of describer and judge; `progress`: at least one report, the last one counts."""
    last = progress[-1]
    found = last.held_out
    device = torch.cuda.get_device_name() if plan.device.startswith("cuda") else "CPU"
    text = _TEXT.format(
        describer=f"{sizes[0]:,}",
        judge=f"{sizes[1]:,}",
        shots=shots,
        pairs=PAIRS,
        first_seed=first_seed,
        command=command,
        steps=last.step,
        batch=plan.batch,
        minutes=last.seconds / 60,
        device=device,
        torch=version("torch"),
        python=platform.python_version(),
        seed=plan.seed,
        held_out=held_out,
        hand_count=found.hand_count,
        hand_weighted=found.hand_weighted,
        count=found.count,
        weighted=found.weighted,
        reliability="\n".join(
            f"| {stated:.2f} | {right:.2f} | {number} |" for stated, right, number in found.reliability
        ),
    )
    path.write_text(text, encoding="utf-8")
