"""What engines share that paint stretches of drawings by video diffusion."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import cv2
import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_temporal_decoder import AutoencoderKLTemporalDecoder
from torch import Tensor

from keycel_backend.diffusion.attempts import FallbackCallback, with_fallback
from keycel_backend.diffusion.fallback import Effort, Stage
from keycel_backend.diffusion.placement import Networks, place
from keycel_backend.diffusion.preview import RoughDecoder
from keycel_backend.diffusion.svd.autoencoder import decode_chunk
from keycel_backend.diffusion.tiny_decoder import load_tiny_decoder
from keycel_backend.engines.base import PREVIEW_SIDE, Request
from keycel_backend.models.catalogue import TAESD
from keycel_backend.regions.arrays import Bytes, Pixels
from keycel_shared.errors import ErrorCode, KeycelError

KEPT_BYTES = 1 << 30
_DECODERS = ("vae",)


@dataclass(frozen=True, slots=True)
class Listener:
    """All may raise (`Cancelled`), which ends the work."""

    on_step: Callable[[int], None]
    """Called after every step with its number, from 0."""
    on_fallback: FallbackCallback
    on_estimate: Callable[[int, Callable[[], Bytes]], None]
    """Called after every step with a frame of the stretch, and what gives a rough picture of it,
    (height, width, 3) RGB, of the networks' size or smaller."""
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


def installed_tiny_decoder(device: torch.device) -> RoughDecoder | None:
    """The small decoder for previews if the user has installed it.

    Raises:
        KeycelError: REG_BAD_MODEL.
    """
    return load_tiny_decoder(TAESD.folder, device) if TAESD.installed else None


def show_estimate(request: Request, index: int, rough: Callable[[], Bytes]) -> None:
    """Show what a drawing looks like so far, if anybody wants to see it just now.

    `rough` gives (height, width, 3) RGB of any size; it is asked only then.
    """
    show_estimate_at(request, request.shot.drawings[index].time, rough)


def show_estimate_at(request: Request, time: int, rough: Callable[[], Bytes]) -> None:
    """The same for the drawing that begins at `time`, which may be one that the engine draws."""
    previews, shot = request.previews, request.shot
    if previews is not None and previews.wanted():
        previews.show(time, preview_picture(rough(), shot.width, shot.height))


def preview_picture(rough: Bytes, width: int, height: int) -> Pixels:
    """Opaque RGBA of the canvas' shape, no side longer than `PREVIEW_SIDE`; `rough` (h, w, 3) RGB."""
    scale = PREVIEW_SIDE / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    picture = cv2.resize(rough, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    return np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])


class _WithDecoder(Networks, Protocol):
    @property
    def vae(self) -> AutoencoderKLTemporalDecoder: ...


def decoded_chunk(
    networks: _WithDecoder,
    latents: Tensor,
    device: torch.device,
    effort: Effort,
    listener: Listener,
    to_bytes: Callable[[Tensor], Bytes],
) -> tuple[Bytes | None, Effort]:
    """Pictures of latents that are decoded together, and what memory has allowed.

    Args:
        latents: (frames, 4, height, width) scaled.
        to_bytes: (frames, 3, 8 height, 8 width) in about -1..1 to (frames, height, width, 3) RGB.
    Returns:
        None for the pictures where memory calls for smaller chunks.
    Raises:
        KeycelError: RES_OUT_OF_MEMORY, or what `to_bytes` raises.
    """
    chunk = effort.decode_chunk

    def work(effort: Effort) -> Bytes | None:
        if effort.decode_chunk != chunk:
            return None
        place(networks, _DECODERS, device, effort.offload)
        with torch.no_grad():
            return to_bytes(decode_chunk(networks.vae, latents))

    return with_fallback(effort, Stage.DECODE, work, listener.on_fallback)


def check_decoded(pictures: Tensor) -> None:
    """Raises `KeycelError` RUN_FAILED, so that no black frame is taken for a result."""
    if not torch.isfinite(pictures).all():
        raise KeycelError(
            ErrorCode.RUN_FAILED,
            "The decoder gave numbers that are not finite.",
            "Install the model again: its weights may be damaged.",
        )
