"""Examples as tensors: the pairs of one or several shots stacked into one large pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from keycel_backend.regions.learned_views import DrawingView
from keycel_backend.training.matcher.describer import Describer
from keycel_backend.training.matcher.examples import Pair, ShotExamples
from keycel_backend.training.matcher.judge import Judge

_STACKED = (
    *("valid", "cues", "traits", "place", "landing", "growth"),
    *("links", "reach", "target_area", "source_area"),
)
_PER_REGION = ("points", "outline", "context", "shape")


@dataclass(frozen=True, slots=True)
class Truths:
    """What is true of n target regions, and their beliefs in `columns` candidates and in "new"."""

    belief: Tensor
    """(..., n, columns + 1)"""
    right: Tensor
    """(n, columns)"""
    same_color: Tensor
    """(n, columns) 1 where the candidate has the region's colour."""
    new: Tensor
    """(n,)"""

    @property
    def hit(self) -> Tensor:
        """(..., n) belief in what is right, 0..1."""
        return (self.belief[..., :-1] * self.right).sum(dim=-1) + self.belief[..., -1] * self.new

    @property
    def color_hit(self) -> Tensor:
        """(..., n) share of the right colour in what is believed of candidates, 0..1."""
        known = self.belief[..., :-1]
        return (known * self.same_color).sum(dim=-1) / (known.sum(dim=-1) + 1e-6)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the networks say of a batch of n target regions, and what is true of them."""

    first: Truths
    """Of the whole pool, at first look."""
    rounds: Truths
    """Of the candidates left, after each round; beliefs are (rounds + 1, n, CANDIDATES + 1)."""
    color: Tensor
    """(n,) and"""
    candidate_color: Tensor
    """(n, CANDIDATES) colour numbers."""
    has_color: Tensor
    """(n,)"""
    weight: Tensor
    """(n,)"""


def verdict(shots: Sequence[ShotExamples], describer: Describer, judge: Judge, device: str) -> Verdict:
    """Runs both networks on all pairs of `shots`; at least one pair."""
    pairs: list[Pair] = []
    target_codes: list[Tensor] = []
    source_codes: list[Tensor] = []
    for shot in shots:
        sizes = [len(one.shape) for one in shot.views]
        codes = describer(*describer_inputs(shot.views, device)).split(sizes)
        pairs += shot.pairs
        target_codes += [codes[pair.target] for pair in shot.pairs]
        source_codes += [codes[pair.source] for pair in shot.pairs]
    before = [len(pair.cues.target_area) for pair in pairs]
    behind = np.cumsum([0, *(len(pair.cues.source_area) for pair in pairs)])
    first = np.cumsum([0, *before])
    stacked: dict[str, NDArray[Any]] = {
        name: np.concatenate([getattr(pair.cues, name) for pair in pairs]) for name in _STACKED
    }
    contact = np.zeros((behind[-1], behind[-1]), np.float32)
    for pair, begin, end in zip(pairs, behind, behind[1:], strict=False):
        contact[begin:end, begin:end] = pair.cues.source_contact
    stacked |= {
        "candidates": np.concatenate(
            [pair.cues.candidates + start for pair, start in zip(pairs, behind, strict=False)]
        ),
        "edges": np.concatenate([pair.cues.edges + start for pair, start in zip(pairs, first, strict=False)]),
        "source_contact": contact,
        "pair": np.repeat(np.arange(len(pairs)), before),
    }
    aware = [judge.exchange(*codes) for codes in zip(target_codes, source_codes, strict=True)]
    judged = judge(
        **{name: _tensor(array, device) for name, array in stacked.items()},
        target_code=torch.cat(target_codes),
        source_code=torch.cat(source_codes),
        target_aware=torch.cat([target for target, _ in aware]),
        source_aware=torch.cat([source for _, source in aware]),
    )
    truth = {
        name: _tensor(np.concatenate([getattr(pair.truth, name) for pair in pairs]), device)
        for name in ("right", "new", "color", "source_color", "has_color", "weight")
    }
    right, new = truth["right"], truth["new"]
    same = (truth["source_color"] == truth["color"][:, None]).to(right.dtype)
    chosen = judged.chosen
    return Verdict(
        Truths(judged.first.exp(), right, same, new),
        Truths(judged.history.exp(), right.gather(1, chosen), same.gather(1, chosen), new),
        truth["color"],
        truth["source_color"].gather(1, chosen),
        truth["has_color"],
        truth["weight"],
    )


def describer_inputs(views: Sequence[DrawingView], device: str) -> list[Tensor]:
    """Arguments of `Describer.forward` for drawings of one size, at least one."""
    sizes = [len(one.shape) for one in views]
    first = np.cumsum([0, *sizes])
    lines = _tensor(np.stack([one.lines for one in views]), device)[:, None].float() / 255.0
    arrays = [
        np.repeat(np.arange(len(views)), sizes),
        *(np.concatenate([getattr(one, name) for one in views]) for name in _PER_REGION),
        np.concatenate([one.edges + start for one, start in zip(views, first, strict=False)]),
        np.concatenate([one.contact for one in views]),
    ]
    return [lines, *(_tensor(array, device) for array in arrays)]


def _tensor(array: NDArray[Any], device: str) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(device, non_blocking=True)
