"""The training loop: one update for each batch, every batch a pure function of seed and step."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor

from keycel_backend.diffusion.sketchkey.denoiser import Conditions, denoise, prepare, read_keys
from keycel_backend.diffusion.sketchkey.networks import SketchKeyNetworks
from keycel_backend.training.sketchkey.averaging import RunningMean
from keycel_backend.training.sketchkey.clips import Clips, Stage, draw_pattern, make_clips
from keycel_backend.training.sketchkey.examples import CelExample, load
from keycel_backend.training.sketchkey.loss import AdaptiveWeightedLoss, Weighting

_WARM_UP = 0.03
"""Share of the training in which the rate rises."""
_GATE_HASTE = 20.0
"""Gates learn faster by this factor: while they are closed, what lies behind them learns nothing."""
_TOKEN_HASTE = 0.1
"""What the token branch has learned alone, from more keys at a time, is only adapted later."""
_OPEN = 2.0
"""A gate through which nearly all passes: tanh is 0.96."""
_READ_AHEAD = 4
_TRIES = 40
"""Shots looked at to find one of the same size as the first of a batch."""


@dataclass(frozen=True, slots=True)
class Plan:
    stage: Stage
    seed: int
    steps: int
    """Updates in all."""
    batch: int = 1
    """Sequences of an update."""
    frames: int = 5
    """Of a sequence, with the painted one."""
    side: int = 96
    """Of pictures, as for `PictureSize.of`."""
    rate: float = 1e-3
    memory: float = 0.995
    """Of the running mean of weights."""
    weighting: Weighting = field(default_factory=Weighting)
    noise: tuple[float, float] = (1.0, 1.6)
    """Mean and deviation of the logarithm of noise levels; these are those of Stable Video Diffusion (arXiv
    2311.15127). A short training learns more where it will be sampled."""
    sketch_attention: bool = True
    """False leaves the token branch out, for comparison."""
    device: str = "cpu"
    reports: int = 6


@dataclass(slots=True)
class State:
    """All that a training has to remember."""

    networks: SketchKeyNetworks
    mean: RunningMean
    optimizer: torch.optim.AdamW
    loss: AdaptiveWeightedLoss
    step: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list[float])
    """Since the last report."""

    @classmethod
    def begin(cls, networks: SketchKeyNetworks, plan: Plan) -> State:
        """`networks` are trained from what they are; the token branch alone from an open gate."""
        networks.to(plan.device).requires_grad_(True).train()
        if plan.stage is Stage.KEYS:
            # left to itself it closes while there is nothing to read yet, and reading is learned slowly then
            networks.key_reading.gate.requires_grad_(False).fill_(_OPEN)
        gates = [attention.gate for attention in networks.cross_attentions()]
        tokens = [*networks.key_encoder.parameters(), *networks.key_reading.parameters()]
        hastes = {id(gate): _GATE_HASTE for gate in gates}
        if plan.stage is not Stage.KEYS:
            hastes |= {id(value): _TOKEN_HASTE for value in tokens}
        by_haste: dict[float, list[torch.nn.Parameter]] = {}
        for value in networks.parameters():
            by_haste.setdefault(hastes.get(id(value), 1.0), []).append(value)
        groups = [{"params": values, "haste": haste} for haste, values in by_haste.items()]
        optimizer = torch.optim.AdamW(groups, plan.rate, weight_decay=0.01)
        return cls(
            networks, RunningMean(networks, plan.memory), optimizer, AdaptiveWeightedLoss(plan.weighting)
        )


Report = Callable[[State], None]


def learn(state: State, shots: Sequence[Path], plan: Plan, report: Report) -> None:
    """Trains on until `plan.steps`. `report` is called `plan.reports` times in all, the last time at the end.

    `shots`: stored examples, all of them there. The same call gives the same weights, also where it goes
    on from a checkpoint.
    """
    every = max(1, plan.steps // plan.reports)
    for clips in _batches(shots, plan, state):
        begun = time.monotonic()
        state.losses.append(_update(state, clips, plan))
        state.step += 1
        state.seconds += time.monotonic() - begun
        if state.step % every == 0 or state.step == plan.steps:
            report(state)
            state.losses.clear()


def _update(state: State, clips: Clips, plan: Plan) -> float:
    for group in state.optimizer.param_groups:
        group["lr"] = plan.rate * group["haste"] * _share_of_rate(state.step / plan.steps)
    generator = torch.Generator().manual_seed(plan.seed * 1_000_003 + state.step)
    batch = len(clips.target)
    mean, deviation = plan.noise
    sigma = (torch.randn(batch, generator=generator) * deviation + mean).exp()
    noise = torch.randn(clips.target.shape, generator=generator)
    error = _error(state, clips, sigma, noise, plan)
    state.optimizer.zero_grad()
    error.backward()
    torch.nn.utils.clip_grad_norm_(state.networks.parameters(), 1.0)
    state.optimizer.step()
    state.mean.follow(state.networks, state.step)
    return float(error.detach())


def _error(state: State, clips: Clips, sigma: Tensor, noise: Tensor, plan: Plan) -> Tensor:
    """() what an update minimises: Adaptive Weighted Loss, and what the token branch says of the keys."""
    sequence = clips.sequence.to(plan.device)
    if plan.stage is Stage.KEYS:
        return _key_error(read_keys(state.networks, sequence)[1], clips)
    conditions = prepare(state.networks, sequence)
    found = state.loss(*estimate(state.networks, clips, sigma, noise, conditions)).total
    return found if conditions.key_colors is None else found + _key_error(conditions.key_colors, clips)


def _key_error(key_colors: Tensor, clips: Clips) -> Tensor:
    return functional.mse_loss(key_colors, clips.key_target.to(key_colors.device))


def estimate(
    networks: SketchKeyNetworks, clips: Clips, sigma: Tensor, noise: Tensor, conditions: Conditions
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """What the networks make of noisy clips, in the order in which `AdaptiveWeightedLoss` takes it."""
    device = conditions.origin.device
    target, sigma, noise = clips.target.to(device), sigma.to(device), noise.to(device)
    noisy = target + sigma[:, None, None, None, None] * noise
    denoised = denoise(networks, noisy, sigma, conditions)
    counted = ~clips.sequence.known.to(device)
    return denoised, target, sigma, clips.lines.to(device), clips.is_key.to(device), counted


def _share_of_rate(passed: float) -> float:
    if passed < _WARM_UP:
        return (passed + 1e-3) / _WARM_UP
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * passed))


def _batches(shots: Sequence[Path], plan: Plan, state: State) -> Iterator[Clips]:
    """Those of all steps that are left, read ahead by threads."""
    multiple = state.networks.configuration.size_multiple
    with ThreadPoolExecutor(2) as pool:
        coming: deque[Future[Clips]] = deque()
        for step in range(state.step, plan.steps):
            coming.append(pool.submit(batch_of, shots, plan, step, multiple))
            if len(coming) > _READ_AHEAD:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


def batch_of(shots: Sequence[Path], plan: Plan, step: int, multiple: int) -> Clips:
    """The batch of a step, whatever was drawn before."""
    random = np.random.default_rng([plan.seed, step])
    examples = [load(shots[int(random.integers(len(shots)))])]
    while len(examples) < plan.batch:
        examples.append(_like(examples[0], shots, random))
    least = min(len(example.lines) for example in examples)
    pattern = draw_pattern(random, plan.stage, plan.frames, least)
    if not plan.sketch_attention:
        pattern = replace(pattern, keys=())
    clips = make_clips(random, examples, pattern, plan.side, multiple)
    return clips if plan.sketch_attention else _with_keys_of_frames(clips)


def _like(first: CelExample, shots: Sequence[Path], random: np.random.Generator) -> CelExample:
    """Another shot of the same size, or the first again where none is found."""
    for _ in range(_TRIES):
        other = load(shots[int(random.integers(len(shots)))])
        if other.size == first.size:
            return other
    return first


def _with_keys_of_frames(clips: Clips) -> Clips:
    """Frames with a sketch stay keys for the loss where the token branch is told of none."""
    return replace(clips, is_key=clips.sequence.drawn)
