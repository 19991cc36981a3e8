"""Sketches as the networks were trained to see them: black and white, nothing between."""

from __future__ import annotations

import torch
from torch import Tensor

_PAPER = 200
"""Everything lighter than this is paper."""


def binarised(sketches: Tensor) -> Tensor:
    """uint8, 0 line to 255 paper, any shape: each value to the one or the other."""
    return torch.where(sketches > _PAPER, 255, 0).byte()
