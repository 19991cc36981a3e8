"""The describer: what each region of one drawing looks like and what is around it.

A small convolutional network on the line picture, read at places inside each region, joined with
outline and surroundings and mixed with the neighbours.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from keycel_backend.regions.learned_views import SHAPE
from keycel_backend.training.matcher.layers import layers, sum_by_row

HEADS = 6
HEAD_SIZE = 16
CODE = HEADS * HEAD_SIZE
"""Length of a region's description."""
_OUTLINE, _CONTEXT = 196, 288
_FINE, _COARSE = 24, 56
_FORGOTTEN = 0.1
"""Share of what is seen that training leaves out at random: real drawings are a little different."""


def _convolution(before: int, after: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    layer = nn.Conv2d(before, after, 3, stride, dilation, dilation)
    return nn.Sequential(layer, nn.ReLU())


class LineNetwork(nn.Module):
    """Features of a line picture at a quarter and an eighth of its size; small, to be quick on a CPU."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Sequential(_convolution(1, _FINE // 2, 2), _convolution(_FINE // 2, _FINE, 2))
        self.coarse = nn.Sequential(
            _convolution(_FINE, _COARSE, 2),
            _convolution(_COARSE, _COARSE, dilation=2),
            _convolution(_COARSE, _COARSE, dilation=4),
        )

    def forward(self, lines: Tensor, drawing: Tensor, points: Tensor) -> Tensor:
        """(n, _FINE + _COARSE) mean over the points of each region. `lines`: (d, 1, height, width) 0..1."""
        fine = self.fine(lines)
        found = [_read(picture, drawing, points) for picture in (fine, self.coarse(fine))]
        return torch.cat(found, dim=1)


def _read(picture: Tensor, drawing: Tensor, points: Tensor) -> Tensor:
    height, width = picture.shape[2], picture.shape[3]
    x = ((points[..., 0] + 1.0) * (0.5 * width)).long().clamp(0, width - 1)
    y = ((points[..., 1] + 1.0) * (0.5 * height)).long().clamp(0, height - 1)
    cells = picture.permute(0, 2, 3, 1).reshape(-1, picture.shape[1])
    return cells[(drawing[:, None] * height + y) * width + x].mean(dim=1)


class Describer(nn.Module):
    """Describes each region of one drawing, or of several of the same size, by `HEADS` unit vectors."""

    def __init__(self, with_pictures: bool = True) -> None:
        super().__init__()
        self.pictures = LineNetwork() if with_pictures else None
        seen = _FINE + _COARSE if with_pictures else 0
        self.inner = layers(_OUTLINE + _CONTEXT + SHAPE + seen, 256, CODE)
        self.forget = nn.Dropout(_FORGOTTEN)
        self.mix = nn.ModuleList([layers(2 * CODE, 2 * CODE, CODE) for _ in range(2)])

    def forward(
        self,
        lines: Tensor,
        drawing: Tensor,
        points: Tensor,
        outline: Tensor,
        context: Tensor,
        shape: Tensor,
        edges: Tensor,
        contact: Tensor,
    ) -> Tensor:
        """(n, CODE). `drawing`: (n,) row of `lines` that a region is on; the rest as in `DrawingView`."""
        known = [outline, context, shape]
        if self.pictures is not None:
            known.append(self.pictures(lines, drawing, points))
        code: Tensor = self.inner(self.forget(torch.cat(known, dim=1)))
        both = torch.cat([edges, edges.flip(1)])
        say = torch.cat([contact, contact]) + 0.05
        total = sum_by_row(torch.zeros_like(code[:, 0]), both[:, 0], say) + 1e-3
        for mix in self.mix:
            heard = sum_by_row(torch.zeros_like(code), both[:, 0], code[both[:, 1]] * say[:, None])
            code = code + mix(torch.cat([code, heard / total[:, None]], dim=1))
        heads = code.view(-1, HEADS, HEAD_SIZE)
        return (heads / (heads.norm(dim=2, keepdim=True) + 1e-6)).reshape(-1, CODE)
