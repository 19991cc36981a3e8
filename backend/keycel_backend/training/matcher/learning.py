"""The training loop: shots in seeded order, one network update for each batch of shots."""

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
from keycel_backend.training.matcher.batches import Verdict, verdict
from keycel_backend.training.matcher.examples import ShotExamples
from keycel_backend.training.matcher.network import Describer, Judge
from keycel_backend.training.matcher.store import load

_RATE = 2e-3
_WARM_UP = 0.03
"""Share of the training in which the rate rises."""
_EARLY_ROUNDS = 0.2
"""Weight of the first rounds' answers beside the last one's."""
_LEAST = 1e-4
"""Probability below which an error costs no more: labels of procedural shots are not perfect either."""
_READ_AHEAD = 6
_PAIRS_AT_ONCE = 6
"""Of each shot, drawn anew every time it comes up: more shots for the same time."""


@dataclass(frozen=True, slots=True)
class Plan:
    seed: int
    steps: int | None
    """Updates: exactly repeatable on the same machine. None: as many as fit into `minutes`."""
    minutes: float
    batch: int
    """Shots for each update."""
    device: str
    with_pictures: bool = True
    """False: the describer sees no line picture (for comparison)."""


@dataclass(frozen=True, slots=True)
class Progress:
    step: int
    seconds: float
    loss: float
    """Mean of the training loss since the last report."""
    held_out: Accuracy


def learn(
    train: Sequence[Path], held_out: Sequence[Path], plan: Plan, report: Callable[[Progress], None]
) -> tuple[Describer, Judge, int]:
    """Trained networks and the number of updates made. `train`, `held_out`: stored shots, at least one each.

    `report` is called about ten times with figures on the shots kept aside.
    """
    torch.manual_seed(plan.seed)
    describer = Describer(plan.with_pictures).to(plan.device)
    judge = Judge().to(plan.device)
    parameters = [*describer.parameters(), *judge.parameters()]
    optimizer = torch.optim.AdamW(parameters, _RATE, weight_decay=0.01)
    aside = [load(path) for path in held_out]
    begun, last_report, step = time.monotonic(), 0.0, 0
    losses: list[float] = []
    for shots in _batches(train, plan):
        elapsed = (time.monotonic() - begun) / (60.0 * plan.minutes)
        passed = elapsed if plan.steps is None else step / plan.steps
        if passed >= 1.0:
            break
        for group in optimizer.param_groups:
            group["lr"] = _rate(passed)
        loss = _loss(verdict(shots, describer, judge, plan.device))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        step += 1
        if passed >= last_report + 0.1:
            last_report = passed
            found = accuracy(aside, describer, judge, plan.device)
            report(Progress(step, time.monotonic() - begun, float(np.mean(losses)), found))
            losses.clear()
    found = accuracy(aside, describer, judge, plan.device)
    report(Progress(step, time.monotonic() - begun, float(np.mean(losses or [math.nan])), found))
    return describer, judge, step


def _rate(passed: float) -> float:
    if passed < _WARM_UP:
        return _RATE * (passed + 1e-3) / _WARM_UP
    return _RATE * (0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * passed)))


def _loss(found: Verdict) -> Tensor:
    """Negative log of the probability summed over all source regions that show the same surface."""
    cost = -torch.log(found.hit.clamp(min=_LEAST))
    per_round = (cost * found.weight).sum(dim=1) / found.weight.sum()
    return per_round[-1] + _EARLY_ROUNDS * per_round[:-1].mean()


def _batches(paths: Sequence[Path], plan: Plan) -> Iterator[list[ShotExamples]]:
    """Endless; every shot once before any comes again. Files are read ahead by threads."""
    random = np.random.default_rng(plan.seed)
    order = _endless(paths, random.spawn(1)[0])
    with ThreadPoolExecutor(2) as pool:
        coming: deque[Future[ShotExamples]] = deque()
        while True:
            while len(coming) < _READ_AHEAD + plan.batch:
                coming.append(pool.submit(load, next(order)))
            yield [_some_pairs(coming.popleft().result(), random) for _ in range(plan.batch)]


def _some_pairs(shot: ShotExamples, random: np.random.Generator) -> ShotExamples:
    chosen = random.permutation(len(shot.pairs))[:_PAIRS_AT_ONCE]
    return ShotExamples(shot.views, tuple(shot.pairs[index] for index in chosen))


def _endless(paths: Sequence[Path], random: np.random.Generator) -> Iterator[Path]:
    while True:
        for index in random.permutation(len(paths)):
            yield paths[index]
