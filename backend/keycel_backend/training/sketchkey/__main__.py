"""Trains the networks of `cel` and `sketchkey` on procedural shots. See docs/training-diffusion.md.

    python -m keycel_backend.training.sketchkey --out CEL --stage dense --steps 2000
    python -m keycel_backend.training.sketchkey --out KEYS --stage keys --steps 2000 --batch 4 --frames 3
    python -m keycel_backend.training.sketchkey --out DIR --stage sparse --steps 1000 \\
        --start CEL/networks.safetensors --tokens KEYS/networks.safetensors

After every report DIR holds the weights so far, a checkpoint, a sheet of painted sequences and the figures.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path

import cv2
import torch

from keycel_backend.diffusion.sketchkey.configuration import PRESETS
from keycel_backend.diffusion.sketchkey.networks import SketchKeyNetworks
from keycel_backend.diffusion.sketchkey.weights import load_networks, save_networks
from keycel_backend.training.sketchkey.checkpoint import resume_state, save_state
from keycel_backend.training.sketchkey.clips import Stage
from keycel_backend.training.sketchkey.examples import load
from keycel_backend.training.sketchkey.learning import Plan, State, learn
from keycel_backend.training.sketchkey.loss import Reading, Weighting
from keycel_backend.training.sketchkey.making import HELD_OUT_SEED, ExampleMaker, example_path, seeds_of
from keycel_backend.training.sketchkey.validation import judge

_PAINTED = 2
"""Sequences sampled for a report."""


def main() -> None:
    given = _arguments()
    cv2.setNumThreads(1)
    torch.set_num_threads(given.threads)
    plan = _plan(given)
    networks = _networks(given, plan)
    seeds = seeds_of(given.seed, given.shots)
    aside = range(HELD_OUT_SEED, HELD_OUT_SEED + given.held_out)
    stored = given.examples or given.out / "shots"
    given.out.mkdir(parents=True, exist_ok=True)
    multiple = networks.configuration.size_multiple
    with ExampleMaker(stored, [*aside, *seeds], plan.side, multiple, given.workers) as maker:
        maker.wait([*aside, *seeds])
    held_out = [load(example_path(stored, seed)) for seed in aside]
    checkpoint = given.out / "checkpoint.pt"
    resumed = given.resume and checkpoint.exists()
    state = resume_state(checkpoint, networks, plan) if resumed else State.begin(networks, plan)

    def report(now: State) -> None:
        verdict = judge(now.mean.networks, held_out, plan, _PAINTED, given.out / "sheet.png")
        loss = sum(now.losses) / max(1, len(now.losses))
        gates = [round(gate, 3) for gate in now.mean.networks.gates()]
        print(f"update {now.step}, {now.seconds / 60:.1f} min: loss {loss:.4f}; kept aside: ", end="")
        print(f"{verdict.sentence()}; gates {gates}", flush=True)
        line = {"step": now.step, "seconds": now.seconds, "loss": loss, "gates": gates, **asdict(verdict)}
        with (given.out / "progress.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        save_networks(now.mean.networks, given.out / "networks.safetensors")
        save_state(now, checkpoint)

    learn(state, [example_path(stored, seed) for seed in seeds], plan, report)


def _plan(given: argparse.Namespace) -> Plan:
    return Plan(
        stage=Stage(given.stage),
        seed=given.seed,
        steps=given.steps,
        batch=given.batch,
        frames=given.frames,
        side=given.side,
        rate=given.rate,
        noise=(given.noise[0], given.noise[1]),
        weighting=Weighting(Reading(given.weights)),
        sketch_attention=not given.without_sketch_attention,
        reports=given.reports,
        device=given.device or ("cuda" if torch.cuda.is_available() else "cpu"),
    )


def _networks(given: argparse.Namespace, plan: Plan) -> SketchKeyNetworks:
    if given.start is not None:
        networks = load_networks(given.start, torch.device(plan.device))
    else:
        torch.manual_seed(given.seed)
        networks = SketchKeyNetworks(PRESETS[given.preset])
    if given.tokens is not None:
        networks.take_tokens(load_networks(given.tokens, torch.device(plan.device)))
    return networks


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="keycel_backend.training.sketchkey")
    parser.add_argument("--out", type=Path, required=True, help="folder for weights, checkpoint and figures")
    parser.add_argument("--stage", choices=[stage.value for stage in Stage], required=True)
    parser.add_argument("--start", type=Path, help="weights to start from, instead of random ones")
    parser.add_argument("--tokens", type=Path, help="weights to take the token branch from")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in the folder")
    parser.add_argument("--preset", choices=[name for name in PRESETS if name != "full"], default="small")
    parser.add_argument("--steps", type=int, default=2000, help="updates in all")
    parser.add_argument("--batch", type=int, default=1, help="sequences of an update")
    parser.add_argument("--frames", type=int, default=5, help="of a sequence, with the painted one")
    parser.add_argument("--side", type=int, default=96, help="pictures have about side x side pixels")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument(
        "--weights", choices=[reading.value for reading in Reading], default=Reading.BALANCE.value
    )
    parser.add_argument(
        "--noise",
        type=float,
        nargs=2,
        default=[1.0, 1.6],
        metavar=("MEAN", "DEVIATION"),
        help="of the logarithm of noise levels",
    )
    parser.add_argument("--without-sketch-attention", action="store_true", help="for comparison")
    parser.add_argument("--reports", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shots", type=int, default=800)
    parser.add_argument("--held-out", type=int, default=16, help="shots kept aside to measure on")
    parser.add_argument("--examples", type=Path, help="folder of stored shots; inside --out unless told")
    parser.add_argument(
        "--workers", type=int, default=max(1, (os.cpu_count() or 2) - 1), help="processes that make shots"
    )
    parser.add_argument("--threads", type=int, default=1, help="of torch on the CPU")
    parser.add_argument("--device", help="cuda or cpu; a GPU if there is one")
    return parser.parse_args()


if __name__ == "__main__":
    main()
