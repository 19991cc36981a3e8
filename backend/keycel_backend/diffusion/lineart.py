"""Line drawings from painted pictures: the generator of "informative drawings" (Chan et al., CVPR 2022).

The engines were trained with its lines, so its conventions are kept: dark lines on white, uint8, no
threshold.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from keycel_backend.diffusion.checkpoints.files import open_tensors
from keycel_backend.diffusion.checkpoints.sources import (
    Origin,
    Source,
    check_names,
    check_shapes,
    read_component,
)

SIZE_MULTIPLE = 4
"""Sides of pictures must be multiples of this many pixels."""
_WIDTH = 64
_RESIDUAL_BLOCKS = 3


class LineExtractor(nn.Module):
    """Names of parameters as published (`model0` to `model4`), so that files load as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.model0 = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(3, _WIDTH, 7), *_norm(_WIDTH))
        self.model1 = nn.Sequential(*_down(_WIDTH), *_down(2 * _WIDTH))
        self.model2 = nn.Sequential(*(_ResidualBlock(4 * _WIDTH) for _ in range(_RESIDUAL_BLOCKS)))
        self.model3 = nn.Sequential(*_up(4 * _WIDTH), *_up(2 * _WIDTH))
        self.model4 = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(_WIDTH, 1, 7), nn.Sigmoid())
        self.requires_grad_(False).eval()

    def forward(self, pictures: Tensor) -> Tensor:
        """(frames, 3, height, width) RGB in 0..1 to (frames, 1, height, width): 0 line, 1 paper."""
        hidden_states = self.model2(self.model1(self.model0(pictures)))
        return cast("Tensor", self.model4(self.model3(hidden_states)))


class _ResidualBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            *_norm(channels),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, hidden_states: Tensor) -> Tensor:
        return hidden_states + self.conv_block(hidden_states)


def load_line_extractor(path: Path) -> LineExtractor:
    """From a published file (`sk_model.pth`) or the same as `.safetensors`, on the CPU.

    Raises:
        KeycelError: REG_NO_MODEL or REG_BAD_MODEL.
    """
    file = open_tensors(path)
    with torch.device("meta"):
        extractor = LineExtractor()
    origins = {name: Origin(file, Source(name)) for name in extractor.state_dict()}
    check_names(file, origins, lambda _: False)
    check_shapes(extractor, origins)
    extractor.load_state_dict(read_component(origins, torch.float32), assign=True)
    return extractor.requires_grad_(False)


@torch.no_grad()
def extract_lines(extractor: LineExtractor, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(height, width, 3) RGB to (height, width): dark lines on white. Sides multiples of `SIZE_MULTIPLE`."""
    weight = next(extractor.parameters())
    pixels = torch.as_tensor(picture).to(weight.device, weight.dtype)
    lines = extractor(pixels.permute(2, 0, 1)[None] / 255.0)[0, 0]
    return (lines * 255.0).clamp(0.0, 255.0).byte().cpu().numpy()


def _norm(channels: int) -> list[nn.Module]:
    return [nn.InstanceNorm2d(channels), nn.ReLU()]


def _down(channels: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1), *_norm(2 * channels)]


def _up(channels: int) -> list[nn.Module]:
    convolution = nn.ConvTranspose2d(channels, channels // 2, 3, stride=2, padding=1, output_padding=1)
    return [convolution, *_norm(channels // 2)]
