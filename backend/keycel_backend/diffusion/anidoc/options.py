"""Settings of AniDoc's sampling; the defaults are those of the authors."""

from __future__ import annotations

from dataclasses import dataclass, field

from keycel_backend.diffusion.svd.autoencoder import DecodeChunks

TIME_IDS = (6.0, 128.0, 0.02)
"""Frames per second, motion bucket, noise on the picture: constants, whatever the official script is told."""


def decode_chunks(size: int) -> DecodeChunks:
    """Chunks that share no frames, as the release decodes."""
    return DecodeChunks(size=size, overlap=0, anchors=0)


def _published_chunks() -> DecodeChunks:
    return decode_chunks(8)


@dataclass(frozen=True, slots=True)
class SamplingOptions:
    window: int = 14
    """Frames that the networks see together; 1 or more. They were trained with 14."""
    overlap: int = 4
    """Frames that a window shares with the one before it, at least; less than `window`. Ours: the
    release colours one window only."""
    num_steps: int = 25
    """1 or more."""
    guidance: tuple[float, float] = (1.0, 3.0)
    """Scale at the first and at the last frame of a window, linear between."""
    control_scale: float = 1.0
    """Factor of what the ControlNet says."""
    noise_aug_strength: float = 0.02
    """Of the noise on the reference picture before it is encoded."""
    seed: int = 42
    chunks: DecodeChunks = field(default_factory=_published_chunks)
