"""Where tokens are, in space and time, for networks that would not know otherwise."""

from __future__ import annotations

import torch
from torch import Tensor

_PERIODS_IN_TIME = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""In frames."""
_WAVES_IN_SPACE = (0.5, 1.0, 2.0, 4.0)
"""Over the canvas."""
PLACE_CHANNELS = 2 * len(_PERIODS_IN_TIME) + 4 * len(_WAVES_IN_SPACE)


def embed_places(frame_index: Tensor, height: int, width: int) -> Tensor:
    """(frames, height * width, `PLACE_CHANNELS`) Fourier features of time and place on the canvas.

    Args:
        frame_index: (frames,) place in time.
        height, width: of the grid of tokens.
    """
    device = frame_index.device
    periods = torch.tensor(_PERIODS_IN_TIME, device=device)
    waves = torch.tensor(_WAVES_IN_SPACE, device=device)
    rows = (torch.arange(height, device=device) + 0.5) / height
    columns = (torch.arange(width, device=device) + 0.5) / width
    in_time = _waves(frame_index.float()[:, None] / periods)
    in_rows = _waves(rows[:, None] * waves)[:, None].expand(-1, width, -1)
    in_columns = _waves(columns[:, None] * waves)[None].expand(height, -1, -1)
    in_space = torch.cat([in_rows, in_columns], dim=-1).flatten(0, 1)
    frames, tokens = len(frame_index), height * width
    return torch.cat([in_time[:, None].expand(-1, tokens, -1), in_space[None].expand(frames, -1, -1)], dim=-1)


def distance_bias(heads: int, queries: tuple[int, int], keys: tuple[int, int], step: float) -> Tensor:
    """(heads, queries, keys) to add to attention logits: the farther on the canvas, the less.

    Each head is four times as near-sighted as the one before (after ALiBi, arXiv 2108.12409, in two
    dimensions); the last one hardly looks beyond its own token.

    Args:
        queries, keys: (height, width) of the grids of tokens, which cover the same canvas.
        step: latents along a side of a query's token.
    """
    here, there = _centres(queries), _centres(keys)
    scale = torch.tensor([queries[0] * step, queries[1] * step])
    distance = torch.cdist(here * scale, there * scale)
    slopes = torch.tensor([2.0 ** (1 - 2 * (heads - 1 - head)) for head in range(heads)])
    return -slopes[:, None, None] * distance


def _centres(grid: tuple[int, int]) -> Tensor:
    """(tokens, 2) in shares of the canvas."""
    height, width = grid
    rows, columns = (torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width
    return torch.stack(torch.meshgrid(rows, columns, indexing="ij"), dim=-1).flatten(0, 1)


def _waves(turns: Tensor) -> Tensor:
    angle = 2.0 * torch.pi * turns
    return torch.cat([angle.sin(), angle.cos()], dim=-1)
