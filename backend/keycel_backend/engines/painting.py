"""What engines share that paint stretches of drawings by video diffusion."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor

from keycel_backend.diffusion.attempts import FallbackCallback
from keycel_shared.errors import ErrorCode, KeycelError

KEPT_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Listener:
    """All may raise (`Cancelled`), which ends the work."""

    on_step: Callable[[int], None]
    """Called after every step with its number, from 0."""
    on_fallback: FallbackCallback
    checkpoint: Callable[[], None] = lambda: None
    """Called now and then while there are no steps."""


class Painter(Protocol):
    @property
    def kept_bytes(self) -> int:
        """Size of what would be sampled again if this painter were thrown away."""
        ...


AnyPainter = TypeVar("AnyPainter", bound=Painter)


class RecentPainters(Generic[AnyPainter]):
    """The last stretch that was painted, so that another take of a frame does not sample it again."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._limit = kept_bytes
        self._kept: dict[Hashable, AnyPainter] = {}

    def take(self, identity: Hashable) -> AnyPainter | None:
        """Hands it out to one user at a time."""
        return self._kept.pop(identity, None)

    def keep(self, identity: Hashable, painter: AnyPainter) -> None:
        self._kept.clear()
        if painter.kept_bytes <= self._limit:
            self._kept[identity] = painter


def check_decoded(pictures: Tensor) -> None:
    """Raises `KeycelError` RUN_FAILED, so that no black frame is taken for a result."""
    if not torch.isfinite(pictures).all():
        raise KeycelError(
            ErrorCode.RUN_FAILED,
            "The decoder gave numbers that are not finite.",
            "Install the model again: its weights may be damaged.",
        )
