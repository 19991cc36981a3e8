"""Rough pictures from latents, without the decoder: for previews while sampling goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

import torch
import torch.nn.functional as functional
from torch import Tensor


class RoughDecoder(Protocol):
    """What shows latents quickly."""

    def picture(self, latent: Tensor) -> Tensor:
        """(channels, height, width), scaled as in sampling, to (rows, columns, 3) uint8 RGB, on the CPU."""
        ...


_RIDGE = 1e-3
"""Of the fit, for each latent value: keeps it calm where a picture has few colours."""


@dataclass(frozen=True, slots=True)
class LatentColors:
    """The colour that a latent position means, as a linear function of its channels."""

    weights: Tensor
    """(channels + 1, 3), the last row for 1; colours in -1..1."""

    @classmethod
    def fitted(cls, latent: Tensor, picture: Tensor) -> LatentColors:
        """To one picture whose latent is known: least squares over its positions.

        Args:
            latent: (channels, height, width), scaled as in sampling.
            picture: (3, 8 height, 8 width) in -1..1.
        """
        small = functional.interpolate(picture[None].float().cpu(), latent.shape[1:], mode="area")[0]
        given = _with_one(latent)
        ridge = _RIDGE * len(given) * torch.eye(given.shape[1])
        ridge[-1, -1] = 0.0
        square = given.T @ given + ridge
        inverse = torch.linalg.inv(square)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return cls(cast("Tensor", inverse) @ (given.T @ small.flatten(1).T))

    def picture(self, latent: Tensor) -> Tensor:
        """(channels, height, width) to (height, width, 3) uint8 RGB, on the CPU."""
        colors = _with_one(latent) @ self.weights
        return ((colors + 1.0) / 2.0 * 255.0).clamp(0.0, 255.0).byte().reshape(*latent.shape[1:], 3)


class FittedWhenNeeded:
    """Colours that are fitted as soon as somebody wants to see something: mostly nobody does."""

    def __init__(self, known: Callable[[], tuple[Tensor, Tensor]]) -> None:
        """`known`: gives a latent and its picture, see `LatentColors.fitted`."""
        self._known = known
        self._colors: LatentColors | None = None

    def picture(self, latent: Tensor) -> Tensor:
        """See `LatentColors.picture`."""
        if self._colors is None:
            self._colors = LatentColors.fitted(*self._known())
        return self._colors.picture(latent)


def _with_one(latent: Tensor) -> Tensor:
    """(positions, channels + 1) on the CPU."""
    positions = latent.flatten(1).T.float().cpu()
    return torch.cat([positions, torch.ones_like(positions[:, :1])], dim=1)
