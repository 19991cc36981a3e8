"""Adaptive Weighted Loss: more weight for key sketches' frames and for what is on lines.

The abstract of arXiv 2606.19958 says what the loss strengthens, not how. There are two readings of "adaptive"
here, to be compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor


class Reading(Enum):
    """What the weights adapt to."""

    BALANCE = "balance"
    """To the loss itself: each kind of place weighs by the inverse of its running mean."""
    NOISE = "noise"
    """To the noise: lines count more the less noise there is, since in much noise nobody sees them."""
    FIXED = "fixed"
    """To nothing, for comparison."""


KINDS = ("paint", "lines", "paint of keys", "lines of keys")


@dataclass(frozen=True, slots=True)
class Weighting:
    reading: Reading = Reading.BALANCE
    key: float = 1.0
    """How much more a frame with a key sketch counts."""
    line: float = 2.0
    """How much more a line counts."""
    memory: float = 0.98
    """Of the running means, for each update."""


@dataclass(frozen=True, slots=True)
class WeightedError:
    total: Tensor
    """() what is minimised."""
    parts: Tensor
    """(4,) mean error of each of `KINDS`, not weighted; nan where there is none."""


class AdaptiveWeightedLoss:
    """Remembers running means; `state` goes into checkpoints."""

    def __init__(self, weighting: Weighting) -> None:
        self.weighting = weighting
        self.state = torch.full((len(KINDS),), torch.nan)
        """(4,) running mean of each of `KINDS`."""

    def __call__(
        self, denoised: Tensor, target: Tensor, sigma: Tensor, lines: Tensor, is_key: Tensor, counted: Tensor
    ) -> WeightedError:
        """Error of an estimate.

        Args:
            denoised, target: (batch, frames, channels, height, width) estimated and true latents.
            sigma: (batch,) noise level of the estimate.
            lines: (batch, frames, height, width) 0..1, share of line.
            is_key, counted: (frames,) bool; frames not counted have no part in this.
        """
        # 1. EDM's weight of noise levels: the network's own output has unit error at each
        level = ((sigma**2 + 1.0) / sigma**2)[:, None, None, None]
        error = level * (denoised - target).square().mean(dim=2)
        used = counted[None, :, None, None].to(error.dtype).expand_as(error)
        # 2. means of the four kinds of places
        key = is_key[None, :, None, None].to(error.dtype).expand_as(error)
        kinds = (
            torch.stack([(1 - key) * (1 - lines), (1 - key) * lines, key * (1 - lines), key * lines]) * used
        )
        mass = kinds.flatten(1).sum(dim=1)
        parts = (kinds * error.detach()).flatten(1).sum(dim=1) / mass
        # 3. weights
        weight = self._weights(kinds, parts, sigma, lines, key) * used
        return WeightedError((weight * error).sum() / weight.sum().clamp(min=1e-6), parts)

    def _weights(self, kinds: Tensor, parts: Tensor, sigma: Tensor, lines: Tensor, key: Tensor) -> Tensor:
        plan = self.weighting
        line = torch.full_like(sigma, plan.line)[:, None, None, None]
        if plan.reading is Reading.NOISE:
            line = line / (1.0 + sigma[:, None, None, None])
        weight = (1.0 + plan.key * key) * (1.0 + line * lines)
        if plan.reading is not Reading.BALANCE:
            return weight
        self._remember(parts)
        known = torch.isfinite(self.state)
        scale = torch.where(known, self.state[known].mean() / self.state, torch.ones_like(self.state))
        return weight * (kinds * scale[:, None, None, None, None]).sum(dim=0)

    def _remember(self, parts: Tensor) -> None:
        parts = parts.to(self.state.device)
        seen, known = torch.isfinite(parts), torch.isfinite(self.state)
        moved = torch.where(known, torch.lerp(parts, self.state, self.weighting.memory), parts)
        self.state = torch.where(seen, moved, self.state)
