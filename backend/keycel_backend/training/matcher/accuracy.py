"""How often the right colour and region are found, on shots kept aside, beside the hand-made matcher."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from keycel_backend.regions.arrays import Floats, Integers, Mask
from keycel_backend.regions.learned_cues import HAND_CUE, HAND_TRAIT
from keycel_backend.training.matcher.batches import verdict
from keycel_backend.training.matcher.describer import Describer
from keycel_backend.training.matcher.examples import ShotExamples
from keycel_backend.training.matcher.judge import Judge

_BINS = 10


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares 0..1 of target regions."""

    color: float
    """Likeliest colour is right, of regions whose colour the source has; by count."""
    color_next: float
    """The same between drawings that follow each other."""
    color_weighted: float
    """The same as `color`, by the regions' weight in training: large regions count more."""
    region: float
    """Likeliest answer, a source region or "new", is right: at least half of that region shows the same."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    loss: float
    """Mean negative log of the probability given to what is right."""
    learned: Shares
    hand: Shares
    in_pool: float
    """Share of regions, of those whose colour the source has, with that colour in the pool; and"""
    in_candidates: float
    """among the candidates left after the first look."""
    reliability: tuple[tuple[float, float, int], ...]
    """For each tenth of stated probability: mean stated, share right, number of regions."""


def accuracy(shots: Iterable[ShotExamples], describer: Describer, judge: Judge, device: str) -> Accuracy:
    """Figures over all target regions of all pairs of `shots`; at least one."""
    columns: dict[str, list[NDArray[Any]]] = {}
    with torch.no_grad():
        for shot in shots:
            for name, values in _of_shot(shot, describer, judge, device).items():
                columns.setdefault(name, []).append(values)
    found = {name: np.concatenate(parts) for name, parts in columns.items()}
    has = found["has_color"] > 0
    return Accuracy(
        loss=float(np.average(-np.log(found["probability"]), weights=found["weight"])),
        learned=_shares(found, has, "learned"),
        hand=_shares(found, has, "hand"),
        in_pool=float(found["in_pool"][has].mean()),
        in_candidates=float(found["in_candidates"][has].mean()),
        reliability=_reliability(found["stated"], found["learned_region"]),
    )


def _of_shot(shot: ShotExamples, describer: Describer, judge: Judge, device: str) -> dict[str, NDArray[Any]]:
    found = verdict([shot], describer, judge, device)
    belief = found.rounds.belief[-1].cpu().numpy()
    right, new = found.rounds.right.cpu().numpy(), found.rounds.new.cpu().numpy()[:, None]
    color = found.color.cpu().numpy()
    pairs = shot.pairs
    hand = np.concatenate(
        [
            np.concatenate([one.cues.cues[..., HAND_CUE], one.cues.traits[:, HAND_TRAIT, None]], axis=1)
            for one in pairs
        ]
    )
    hand_right = np.concatenate([found.first.right.cpu().numpy(), new], axis=1)
    source_color = np.concatenate([one.truth.source_color for one in pairs])
    after = [np.full(len(one.cues.target_area), abs(one.target - one.source) == 1) for one in pairs]
    return {
        "probability": found.rounds.hit[-1].clamp(1e-4, 1.0).cpu().numpy(),
        "weight": found.weight.cpu().numpy(),
        "has_color": found.has_color.cpu().numpy(),
        "next": np.concatenate(after),
        "stated": belief.max(axis=1),
        "learned_region": _is_right(belief, np.concatenate([right, new], axis=1)),
        "hand_region": _is_right(hand, hand_right),
        "learned_color": likeliest_color(belief[:, :-1], found.candidate_color.cpu().numpy()) == color,
        "hand_color": likeliest_color(hand[:, :-1], source_color) == color,
        "in_pool": (source_color == color[:, None]).any(axis=1),
        "in_candidates": (found.rounds.same_color > 0).any(dim=1).cpu().numpy(),
    }


def likeliest_color(belief: Floats, colors: Integers) -> Integers:
    """(n,) colour number with the largest sum of `belief` (n, k) over candidates of `colors` (n, k)."""
    total = ((colors[:, :, None] == colors[:, None]) * belief[:, None]).sum(axis=2)
    total = np.where(colors < 0, -1.0, total)
    return np.take_along_axis(colors, total.argmax(axis=1)[:, None], axis=1)[:, 0]


def _shares(found: dict[str, NDArray[Any]], has: Mask, who: str) -> Shares:
    right = found[f"{who}_color"][has]
    after = found["next"][has] > 0
    return Shares(
        color=float(right.mean()),
        color_next=float(right[after].mean()) if after.any() else float("nan"),
        color_weighted=float(np.average(right, weights=found["weight"][has])),
        region=float(found[f"{who}_region"].mean()),
    )


def _is_right(belief: Floats, right: Floats) -> Floats:
    return (right[np.arange(len(belief)), belief.argmax(axis=1)] >= 0.5).astype(np.float64)


def _reliability(stated: Floats, is_right: Floats) -> tuple[tuple[float, float, int], ...]:
    bins: NDArray[np.int64] = np.minimum((stated * _BINS).astype(np.int64), _BINS - 1)
    return tuple(
        (float(stated[bins == one].mean()), float(is_right[bins == one].mean()), int((bins == one).sum()))
        for one in range(_BINS)
        if (bins == one).any()
    )
