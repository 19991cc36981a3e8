"""Trains the region matcher: makes procedural shots, learns from them, writes networks, curve and card.

    python -m keycel_backend.training.matcher --out DIR --seed 0 --minutes 60

Shots made before in DIR/shots are used again; the others are made beside the learning, which begins with the
first of them. After every report DIR holds the networks so far. See docs/training.md.
"""

from __future__ import annotations

import argparse
import math
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

import cv2
import torch

from keycel_backend.training.matcher.card import Origin, write_card
from keycel_backend.training.matcher.curve import draw_curve
from keycel_backend.training.matcher.describer import Describer
from keycel_backend.training.matcher.examples import ShotExamples
from keycel_backend.training.matcher.export import export
from keycel_backend.training.matcher.judge import TURNS, Judge
from keycel_backend.training.matcher.learning import Plan, Progress, learn
from keycel_backend.training.matcher.making import HELD_OUT_SEED, ShotMaker, seeds_of, shot_path
from keycel_backend.training.matcher.store import load

_BEGIN_WITH = 0.1
"""Share of the shots that a training of so many minutes begins with; more join as they get ready."""


def main() -> None:
    given = _arguments()
    cv2.setNumThreads(1)
    torch.set_num_threads(given.threads)
    plan = _plan(given)
    seeds = seeds_of(given.seed, given.shots)
    aside = range(HELD_OUT_SEED, HELD_OUT_SEED + given.held_out)
    folder = given.out / "shots"
    progress: list[Progress] = []

    def report(one: Progress, describer: Describer, judge: Judge) -> None:
        progress.append(one)
        _say(one)
        _write(given.out, describer, judge, held_out[0], progress)
        origin = _origin(given, plan, seeds, len(held_out))
        write_card(given.out / "README.md", origin, describer, judge, progress)

    with ShotMaker(folder, [*aside, *seeds], given.workers) as maker:
        maker.wait(aside)
        paths = [shot_path(folder, seed) for seed in aside]
        held_out = [load(path) for path in paths if path.stat().st_size > 0]
        maker.wait(seeds if plan.steps is not None else seeds[: math.ceil(_BEGIN_WITH * len(seeds))])
        learn([shot_path(folder, seed) for seed in seeds], held_out, plan, report)


def _say(one: Progress) -> None:
    learned, hand = one.held_out.learned, one.held_out.hand
    print(
        f"update {one.step}, {one.seconds / 60:.1f} min, {one.shots} shots: loss {one.loss:.3f}; kept aside: "
        f"loss {one.held_out.loss:.3f}, colour {learned.color:.3f} (hand-made {hand.color:.3f}), "
        f"next drawing {learned.color_next:.3f} ({hand.color_next:.3f}), "
        f"weighted {learned.color_weighted:.3f} ({hand.color_weighted:.3f}), "
        f"region {learned.region:.3f} ({hand.region:.3f}), "
        f"colour in pool {one.held_out.in_pool:.3f}, in candidates {one.held_out.in_candidates:.3f}",
        flush=True,
    )


def _write(
    out: Path, describer: Describer, judge: Judge, example: ShotExamples, progress: Sequence[Progress]
) -> None:
    torch.save({"describer": describer.state_dict(), "judge": judge.state_dict()}, out / "networks.pt")
    export(describer, judge, example, out)
    draw_curve(progress, out / "curve.png")


def _plan(given: argparse.Namespace) -> Plan:
    return Plan(
        seed=given.seed,
        steps=given.steps,
        minutes=given.minutes,
        batch=given.batch,
        device=given.device or ("cuda" if torch.cuda.is_available() else "cpu"),
        with_pictures=not given.without_pictures,
        rounds=0 if given.without_neighbours else 4,
        turns=0 if given.without_attention else TURNS,
        color_say=0.0 if given.without_colors else 1.0,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="keycel_backend.training.matcher", description="Trains the region matcher."
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for shots, networks, curve and card")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=60.0, help="of learning")
    parser.add_argument("--steps", type=int, help="updates, instead of minutes: repeatable exactly")
    parser.add_argument("--shots", type=int, default=1000)
    parser.add_argument("--held-out", type=int, default=16, help="shots kept aside to measure on")
    parser.add_argument("--batch", type=int, default=1, help="shots for each update")
    parser.add_argument(
        "--workers", type=int, default=max(1, (os.cpu_count() or 2) - 1), help="processes that make shots"
    )
    parser.add_argument("--threads", type=int, default=1, help="of torch on the CPU")
    parser.add_argument("--device", help="cuda or cpu; a GPU if there is one")
    comparing = parser.add_argument_group("to compare, leave out")
    comparing.add_argument("--without-pictures", action="store_true", help="the line pictures")
    comparing.add_argument("--without-neighbours", action="store_true", help="what neighbours say")
    comparing.add_argument("--without-attention", action="store_true", help="between the drawings")
    comparing.add_argument("--without-colors", action="store_true", help="that the right colour counts")
    return parser.parse_args()


def _origin(given: argparse.Namespace, plan: Plan, seeds: range, held_out: int) -> Origin:
    """Where the networks come from, with the options that make them what they are."""
    limit = ["--steps", str(plan.steps)] if plan.steps else ["--minutes", f"{plan.minutes:g}"]
    options = ["--seed", str(plan.seed), "--shots", str(given.shots), "--batch", str(plan.batch), *limit]
    options += [
        option
        for option, left_out in (
            ("--without-pictures", not plan.with_pictures),
            ("--without-neighbours", plan.rounds == 0),
            ("--without-attention", plan.turns == 0),
            ("--without-colors", plan.color_say == 0),
        )
        if left_out
    ]
    command = f"python -m keycel_backend.training.matcher --out DIR {shlex.join(options)}"
    return Origin(command, plan, seeds, held_out)


if __name__ == "__main__":
    main()
