"""The training loop: shots drawn in seeded order, one network update for each batch of shots."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from keycel_backend.training.matcher.accuracy import Accuracy, accuracy
from keycel_backend.training.matcher.batches import Truths, Verdict, verdict
from keycel_backend.training.matcher.describer import Describer
from keycel_backend.training.matcher.examples import ShotExamples
from keycel_backend.training.matcher.judge import TURNS, Judge
from keycel_backend.training.matcher.store import load

_RATE = 1e-3
_WARM_UP = 0.03
"""Share of the training in which the rate rises."""
_EARLY_ROUNDS = 0.2
"""Weight of the first look's and the first rounds' answers beside the last one's."""
_LEAST = 1e-4
"""Probability below which an error costs no more: labels of procedural shots are not perfect either."""
_READ_AHEAD = 6
_PAIRS_AT_ONCE = 8
"""Of each shot, drawn anew every time it comes up: more shots for the same time."""
_REPORTS = 12


@dataclass(frozen=True, slots=True)
class Plan:
    seed: int
    steps: int | None
    """Updates: exactly repeatable on the same machine if all shots are there. None: as many as fit into
    `minutes`."""
    minutes: float
    batch: int
    """Shots for each update."""
    device: str
    with_pictures: bool = True
    """False: the describer sees no line picture (for comparison)."""
    rounds: int = 4
    """Exchanges between neighbours; 0: every region is judged alone (for comparison)."""
    turns: int = TURNS
    """Of attention between the two drawings; 0: for comparison."""
    color_say: float = 1.0
    """Weight of finding the right colour beside finding the right region; 0: for comparison."""


@dataclass(frozen=True, slots=True)
class Progress:
    step: int
    seconds: float
    loss: float
    """Mean of the training loss since the last report."""
    shots: int
    """With pairs, that were ready to learn from by now."""
    held_out: Accuracy


Report = Callable[[Progress, Describer, Judge], None]


def learn(
    train: Sequence[Path], held_out: Sequence[ShotExamples], plan: Plan, report: Report
) -> tuple[Describer, Judge]:
    """Trained networks. `train`: stored shots; what is not there yet joins when it and all before it are.

    At least one with pairs has to be there. `report` is called about `_REPORTS` times, the last time
    at the end, with figures on the shots kept aside.
    """
    torch.manual_seed(plan.seed)
    describer = Describer(plan.with_pictures).to(plan.device)
    judge = Judge(plan.rounds, plan.turns).to(plan.device)
    parameters = [*describer.parameters(), *judge.parameters()]
    optimizer = torch.optim.AdamW(parameters, _RATE, weight_decay=0.01)
    begun, last_report, step, ready = time.monotonic(), 0.0, 0, 0
    losses: list[float] = []

    def passed() -> float:
        return (time.monotonic() - begun) / (60.0 * plan.minutes) if plan.steps is None else step / plan.steps

    def tell() -> None:
        describer.eval()
        judge.eval()
        found = accuracy(held_out, describer, judge, plan.device)
        loss = float(np.mean(losses or [math.nan]))
        report(Progress(step, time.monotonic() - begun, loss, ready, found), describer, judge)
        losses.clear()

    for shots, available in _batches(train, plan):
        ready = available
        describer.train()
        judge.train()
        for group in optimizer.param_groups:
            group["lr"] = _rate(passed())
        loss = _loss(verdict(shots, describer, judge, plan.device), plan.color_say)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        step += 1
        if passed() >= 1.0:
            break
        if passed() >= last_report + 1.0 / _REPORTS:
            last_report = passed()
            tell()
    tell()
    return describer, judge


def _rate(passed: float) -> float:
    if passed < _WARM_UP:
        return _RATE * (passed + 1e-3) / _WARM_UP
    return _RATE * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * passed)))


def _loss(found: Verdict, color_say: float) -> Tensor:
    """Negative log of the probability of the right region and of the right colour.

    Both are summed over all candidates that have it; the last round counts most.
    """

    def cost(truths: Truths) -> Tensor:
        """(...) mean over regions"""
        region = -truths.hit.clamp(min=_LEAST).log()
        color = -truths.color_hit.clamp(min=_LEAST).log() * found.has_color
        return ((region + color_say * color) * found.weight).sum(dim=-1) / found.weight.sum()

    per_round = cost(found.rounds)
    early = cost(found.first) + (per_round[1:-1].mean() if len(per_round) > 2 else 0.0)
    return per_round[-1] + _EARLY_ROUNDS * early


def _batches(paths: Sequence[Path], plan: Plan) -> Iterator[tuple[list[ShotExamples], int]]:
    """Endless batches, and how many shots they are drawn from: any that is ready may come next.

    Files are read ahead by threads.
    """
    random = np.random.default_rng(plan.seed)
    to_come, usable = deque(paths), list[Path]()
    with ThreadPoolExecutor(2) as pool:
        coming: deque[Future[ShotExamples]] = deque()
        while True:
            while to_come and to_come[0].exists():
                path = to_come.popleft()
                usable += [path] if path.stat().st_size else []
            while len(coming) < _READ_AHEAD + plan.batch:
                path = usable[int(random.integers(len(usable)))]
                coming.append(pool.submit(_read, path, random.spawn(1)[0]))
            yield [coming.popleft().result() for _ in range(plan.batch)], len(usable)


def _read(path: Path, random: np.random.Generator) -> ShotExamples:
    return load(path, lambda count: random.permutation(count)[:_PAIRS_AT_ONCE])
