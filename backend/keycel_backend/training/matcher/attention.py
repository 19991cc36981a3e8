"""What the regions of two drawings tell each other before they are compared.

Attention among the regions of a drawing and across to the other drawing, in turns, as in SuperGlue
(Sarlin et al. 2020, section 3.1): a region's description comes to depend on what else there is, here and
there, that could be meant.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from keycel_backend.training.matcher.layers import layers

_HEADS = 4


class _Listening(nn.Module):
    """One drawing's regions hear what those of a drawing, the same or the other one, say."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.ask = nn.Linear(size, size)
        self.answer = nn.Linear(size, 2 * size)
        self.update = layers(2 * size, 2 * size, size)
        self.calm = nn.LayerNorm(size)

    def forward(self, hearing: Tensor, saying: Tensor) -> Tensor:
        """(n, size). `hearing`: (n, size); `saying`: (m, size)."""
        size = hearing.shape[1] // _HEADS
        question = self.ask(hearing).view(-1, _HEADS, size).transpose(0, 1)
        key, value = self.answer(saying).view(-1, 2, _HEADS, size).permute(1, 2, 0, 3)
        logits = question @ key.transpose(1, 2) * size**-0.5
        heard = (logits.softmax(dim=2) @ value).transpose(0, 1).reshape(-1, hearing.shape[1])
        return self.calm(hearing + self.update(torch.cat([hearing, heard], dim=1)))


class Exchange(nn.Module):
    """Descriptions of the regions of two drawings, each aware of both drawings as a whole."""

    def __init__(self, size: int, turns: int) -> None:
        """`size`: of a description, a multiple of four; `turns`: of listening here and there."""
        super().__init__()
        self.here = nn.ModuleList([_Listening(size) for _ in range(turns)])
        self.there = nn.ModuleList([_Listening(size) for _ in range(turns)])

    def forward(self, target: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
        """(n, size) and (m, size), as they are given."""
        for here, there in zip(self.here, self.there, strict=True):
            target, source = here(target, target), here(source, source)
            target, source = there(target, source), there(source, target)
        return target, source
