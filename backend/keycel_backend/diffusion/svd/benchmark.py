"""What the timings of LVCD and AniDoc share: both colour long shots stretch by stretch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from keycel_backend.diffusion.svd.controlnet import SketchControlNet
from keycel_backend.diffusion.svd.unet import Residuals
from keycel_backend.diffusion.timing import Speed


@dataclass(frozen=True, slots=True)
class StretchSpeed(Speed):
    """Of a segment or window in the middle of a long shot: what is done once for a shot is not in it."""

    height: int
    width: int
    steps: int
    new_frames: int
    """Those that the stretch before has not coloured."""

    @property
    def seconds_per_frame(self) -> float:
        return self.seconds / self.new_frames

    @property
    def seconds_per_step(self) -> float:
        return sum(part.seconds for part in self.parts if part.name in ("ControlNet", "UNet"))


def no_residuals(controlnet: SketchControlNet, layers: int, sample: Tensor) -> Residuals:
    """As of a ControlNet that has nothing to say.

    Args:
        layers: `layers_per_block` of its configuration.
        sample: (batch, frames, channels, height, width) of latents that it would see.
    """
    frames, (rows, columns) = sample.shape[:2].numel(), sample.shape[-2:]
    down: list[Tensor] = []
    for index, convolution in enumerate(controlnet.controlnet_down_blocks):
        assert isinstance(convolution, nn.Conv2d)
        halvings = index // (layers + 1)
        size = (rows >> halvings, columns >> halvings)
        down.append(
            torch.zeros(frames, convolution.out_channels, *size, device=sample.device, dtype=sample.dtype)
        )
    return Residuals(down, torch.zeros_like(down[-1]))
