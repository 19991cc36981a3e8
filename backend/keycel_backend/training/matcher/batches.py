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
from keycel_backend.training.matcher.examples import Pair, ShotExamples
from keycel_backend.training.matcher.network import Describer, Judge

_STACKED = (
    *("valid", "cues", "traits", "place", "landing", "growth"),
    *("links", "reach", "touching", "target_area", "source_area"),
)
_PER_REGION = ("points", "outline", "context", "shape")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the networks say of a batch of n target regions, and what is true of them."""

    history: Tensor
    """(rounds, n, K + 1) log-beliefs."""
    right: Tensor
    """(n, K)"""
    new: Tensor
    """(n,)"""
    weight: Tensor
    """(n,)"""

    @property
    def hit(self) -> Tensor:
        """(rounds, n) probability given to what is right, 0..1."""
        belief = self.history.exp()
        return (belief[..., :-1] * self.right).sum(dim=2) + belief[..., -1] * self.new


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
    stacked = {
        name: _tensor(np.concatenate([getattr(pair.cues, name) for pair in pairs]), device)
        for name in _STACKED
    }
    before = np.cumsum([0, *(len(pair.cues.target_area) for pair in pairs)])
    behind = np.cumsum([0, *(len(pair.cues.source_area) for pair in pairs)])
    candidates = [pair.cues.candidates + first for pair, first in zip(pairs, behind, strict=False)]
    edges = [pair.cues.edges + first for pair, first in zip(pairs, before, strict=False)]
    history = judge(
        candidates=_tensor(np.concatenate(candidates), device),
        edges=_tensor(np.concatenate(edges), device),
        target_code=torch.cat(target_codes),
        source_code=torch.cat(source_codes),
        **stacked,
    )
    truths = [pair.truth for pair in pairs]
    return Verdict(
        history,
        _tensor(np.concatenate([truth.right for truth in truths]), device),
        _tensor(np.concatenate([truth.new for truth in truths]), device),
        _tensor(np.concatenate([truth.weight for truth in truths]), device),
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
