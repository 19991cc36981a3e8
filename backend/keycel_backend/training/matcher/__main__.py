"""Trains the region matcher: makes procedural shots, learns from them, writes networks, curve and card.

    python -m keycel_backend.training.matcher --out DIR --seed 0 --minutes 20

Shots made before in DIR/shots are used again. On a machine with a GPU it is used, and
`--shots 8000 --batch 8` is worth its time.
"""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path

import cv2
import torch

from keycel_backend.training.matcher.card import write_card
from keycel_backend.training.matcher.curve import draw_curve
from keycel_backend.training.matcher.export import export
from keycel_backend.training.matcher.learning import Plan, Progress, learn
from keycel_backend.training.matcher.making import HELD_OUT_SEED, make_shots, seeds_of
from keycel_backend.training.matcher.store import load


def main() -> None:
    given = _arguments()
    cv2.setNumThreads(1)
    torch.set_num_threads(given.threads)
    device = given.device or ("cuda" if torch.cuda.is_available() else "cpu")
    plan = Plan(given.seed, given.steps, given.minutes, given.batch, device, not given.without_pictures)
    seeds = seeds_of(given.seed, given.shots)
    aside = range(HELD_OUT_SEED, HELD_OUT_SEED + given.held_out)
    paths = [make_shots(given.out / "shots", wanted, given.workers, _say_made) for wanted in (aside, seeds)]
    held_out, train = paths
    progress: list[Progress] = []

    def report(one: Progress) -> None:
        progress.append(one)
        found = one.held_out
        print(
            f"update {one.step}, {one.seconds / 60:.1f} min: loss {one.loss:.3f}; kept aside: "
            f"loss {found.loss:.3f}, right {found.count:.3f} (hand-made {found.hand_count:.3f})",
            flush=True,
        )

    describer, judge, _ = learn(train, held_out, plan, report)
    torch.save({"describer": describer.state_dict(), "judge": judge.state_dict()}, given.out / "networks.pt")
    export(describer, judge, load(held_out[0]), given.out)
    draw_curve(progress, given.out / "curve.png")
    sizes = [sum(value.numel() for value in network.parameters()) for network in (describer, judge)]
    write_card(
        given.out / "README.md",
        f"python -m keycel_backend.training.matcher --out DIR {shlex.join(_named(given, plan))}",
        plan,
        len(train),
        len(held_out),
        seeds.start,
        (sizes[0], sizes[1]),
        progress,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="keycel_backend.training.matcher", description="Trains the region matcher."
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for shots, networks, curve and card")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=20.0, help="of learning, after the shots are made")
    parser.add_argument("--steps", type=int, help="updates, instead of minutes: repeatable exactly")
    parser.add_argument("--shots", type=int, default=400)
    parser.add_argument("--held-out", type=int, default=24, help="shots kept aside to measure on")
    parser.add_argument("--batch", type=int, default=1, help="shots for each update")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that make shots")
    parser.add_argument("--threads", type=int, default=2, help="of torch on the CPU")
    parser.add_argument("--device", help="cuda or cpu; a GPU if there is one")
    parser.add_argument(
        "--without-pictures", action="store_true", help="leave the line pictures out, to compare"
    )
    return parser.parse_args()


def _named(given: argparse.Namespace, plan: Plan) -> list[str]:
    """The options that make the networks what they are."""
    options = ["--seed", str(plan.seed), "--shots", str(given.shots), "--batch", str(plan.batch)]
    limit = ["--steps", str(plan.steps)] if plan.steps else ["--minutes", f"{plan.minutes:g}"]
    return options + limit + ([] if plan.with_pictures else ["--without-pictures"])


def _say_made(ready: int, total: int) -> None:
    if ready % 20 == 0 or ready == total:
        print(f"shots {ready} of {total}", flush=True)


if __name__ == "__main__":
    main()
