"""Projections with two low-rank adapters (LoRA, arXiv 2106.09685): for the foreground and the background."""

from __future__ import annotations

from enum import Enum
from typing import cast

from torch import Tensor, nn


class Adapter(Enum):
    """Which low-rank addition a projection uses."""

    NONE = "none"
    FOREGROUND = "fg"
    BACKGROUND = "bg"


class SplitLinear(nn.Linear):
    """W x, or W x + up(down(x)) with the adapter of the foreground or the background; no bias, scale 1."""

    def __init__(
        self, in_features: int, out_features: int, foreground_rank: int, background_rank: float
    ) -> None:
        super().__init__(in_features, out_features, bias=False)  # pyright: ignore[reportUnknownMemberType]
        rank = int(background_rank * min(in_features, out_features))
        self.lora_down_fg = nn.Linear(in_features, foreground_rank, bias=False)
        self.lora_up_fg = nn.Linear(foreground_rank, out_features, bias=False)
        self.lora_down_bg = nn.Linear(in_features, rank, bias=False)
        self.lora_up_bg = nn.Linear(rank, out_features, bias=False)

    def project(self, states: Tensor, adapter: Adapter) -> Tensor:
        """(..., in features) to (..., out features)."""
        projected = self(states)
        if adapter is Adapter.FOREGROUND:
            projected = projected + self.lora_up_fg(self.lora_down_fg(states))
        elif adapter is Adapter.BACKGROUND:
            projected = projected + self.lora_up_bg(self.lora_down_bg(states))
        return cast("Tensor", projected)
