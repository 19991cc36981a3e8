"""Parts that both networks are made of."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn


def layers(*sizes: int) -> nn.Sequential:
    """Linear layers with ReLU between them."""
    parts: list[nn.Module] = []
    for index, (before, after) in enumerate(pairwise(sizes)):
        parts += [nn.Linear(before, after)] + ([nn.ReLU()] if index < len(sizes) - 2 else [])
    return nn.Sequential(*parts)


def sum_by_row(start: Tensor, rows: Tensor, values: Tensor) -> Tensor:
    """`start` with each of `values` added to its row. (`index_add` loses its sum on the way to ONNX.)"""
    index = rows.view(-1, *[1] * (values.dim() - 1)).expand_as(values)
    return start.scatter_add(0, index, values)
