"""How often the right region is found, on shots kept aside, beside the hand-made matcher."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from keycel_backend.regions.arrays import Floats
from keycel_backend.regions.learned_cues import HAND_CUE, HAND_TRAIT
from keycel_backend.training.matcher.batches import verdict
from keycel_backend.training.matcher.examples import ShotExamples
from keycel_backend.training.matcher.network import Describer, Judge

_BINS = 10


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Shares 0..1 of target regions; by count, and by their weight in training."""

    loss: float
    """Mean negative log of the probability given to what is right."""
    count: float
    weighted: float
    hand_count: float
    hand_weighted: float
    reliability: tuple[tuple[float, float, int], ...]
    """For each tenth of stated probability: mean stated, share right, number of regions."""


def accuracy(shots: Iterable[ShotExamples], describer: Describer, judge: Judge, device: str) -> Accuracy:
    """An answer is right if at least half of the source region it names shows the target's surface."""
    columns: list[list[Floats]] = []
    with torch.no_grad():
        for shot in shots:
            found = verdict([shot], describer, judge, device)
            belief = found.history[-1].exp().cpu().numpy()
            hand = np.concatenate([_hand(pair.cues.cues, pair.cues.traits) for pair in shot.pairs])
            right = np.concatenate([found.right.cpu().numpy(), found.new.cpu().numpy()[:, None]], axis=1)
            probability = found.hit[-1].clamp(1e-4, 1.0).cpu().numpy()
            weight = found.weight.cpu().numpy()
            columns.append(
                [probability, weight, _is_right(belief, right), _is_right(hand, right), belief.max(axis=1)]
            )
    probability, weight, is_right, hand_right, stated = (
        np.concatenate(parts) for parts in zip(*columns, strict=True)
    )
    return Accuracy(
        loss=float(np.average(-np.log(probability), weights=weight)),
        count=float(is_right.mean()),
        weighted=float(np.average(is_right, weights=weight)),
        hand_count=float(hand_right.mean()),
        hand_weighted=float(np.average(hand_right, weights=weight)),
        reliability=_reliability(stated, is_right),
    )


def _hand(cues: Floats, traits: Floats) -> Floats:
    return np.concatenate([cues[..., HAND_CUE], traits[:, HAND_TRAIT, None]], axis=1)


def _is_right(belief: Floats, right: Floats) -> Floats:
    return (right[np.arange(len(belief)), belief.argmax(axis=1)] >= 0.5).astype(np.float64)


def _reliability(stated: Floats, is_right: Floats) -> tuple[tuple[float, float, int], ...]:
    bins: NDArray[np.int64] = np.minimum((stated * _BINS).astype(np.int64), _BINS - 1)
    return tuple(
        (float(stated[bins == one].mean()), float(is_right[bins == one].mean()), int((bins == one).sum()))
        for one in range(_BINS)
        if (bins == one).any()
    )
