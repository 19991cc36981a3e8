"""The sketch encoder: from the picture of a drawing to hints that are added inside the UNet."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from keycel_backend.diffusion.colorizediffusion.configuration import DenoiserConfiguration

_STEM = ((16, 1), (16, 1), (32, 2), (32, 1), (96, 2), (96, 1), (256, 2))
"""Channels and stride of the convolutions before the first level."""


class SketchEncoder(nn.Module):
    """Names of parameters as published, so that weights load as they are."""

    def __init__(self, configuration: DenoiserConfiguration) -> None:
        super().__init__()
        widths = configuration.block_out_channels
        stem: list[nn.Module] = []
        channels = 3
        for width, stride in (*_STEM, (widths[0], 1)):
            stem += [nn.SiLU()] if stem else []
            stem.append(nn.Conv2d(channels, width, 3, stride=stride, padding=1))
            channels = width
        self.model = nn.Sequential(*stem)
        self.zero_layer = _hint(widths[0])
        last = len(widths) - 1
        pairs = list(pairwise((widths[0], *widths)))
        self.output_blocks = nn.ModuleList(
            nn.Sequential(
                nn.SiLU(),
                nn.Conv2d(narrow, wide, 3, stride=1 if level == last else 2, padding=1),
                nn.SiLU(),
                nn.Conv2d(wide, wide, 3, padding=1),
            )
            for level, (narrow, wide) in enumerate(pairs)
        )
        self.zero_blocks = nn.ModuleList(_hint(wide) for _, wide in pairs)
        self.requires_grad_(False).eval()

    def forward(self, sketches: Tensor) -> list[Tensor]:
        """One hint for each place in the UNet, finest first.

        Args:
            sketches: (batch, 3, height, width), paper -1 and ink 1; sides multiples of the networks'
                `size_multiple`.
        Returns:
            (batch, channels, height / 8, width / 8), the same at 1/16, 1/32 and twice at 1/64.
        """
        hidden_states = self.model(sketches)
        hints = [self.zero_layer(hidden_states)]
        for block, hint in zip(self.output_blocks, self.zero_blocks, strict=True):
            hidden_states = block(hidden_states)
            hints.append(hint(hidden_states))
        return hints


def _hint(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, channels, 1))
