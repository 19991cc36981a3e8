"""What a shot costs with the full-size networks of LVCD, before any work is done: pure numbers, no torch.

The constants were counted on the meta device (`diffusion/counting.py`); a test counts them anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from keycel_backend.diffusion.fallback import Effort
from keycel_backend.diffusion.lvcd.segments import plan_segments
from keycel_backend.diffusion.lvcd.slots import SlotLayout

_PIXELS_PER_LATENT = 8
_SIZE_MULTIPLE = 64

_UNET_VALUES = 1_524_623_082
_CONTROLNET_VALUES = 682_021_537
_VAE_VALUES = 97_742_847
_FIRST_STAGE_ENCODER_VALUES = 34_163_592
_IMAGE_ENCODER_VALUES = 632_076_800

_STEP_OPERATIONS = 3.542e8
"""UNet and ControlNet, for each slot and latent position, without spatial attention."""
_ATTENTION_OPERATIONS = 10_213.0
"""Spatial attention, for each pair of slots that see each other and each pair of latent positions."""
_HINT_OPERATIONS = 3.594e6
"""Embedding a sketch, for each latent position."""
_ENCODE_OPERATIONS = 2.701e8
"""One encoder of the VAE, for each latent position."""
_DECODE_OPERATIONS = 7.345e8
"""For each frame and latent position, without the attention in the middle."""
_DECODE_ATTENTION_OPERATIONS = 2048.0
"""For each frame and pair of latent positions."""

_STEP_VALUES = 10_961
"""Alive at once in a step, for each slot and latent position."""
_ENCODE_VALUES = 41_152
"""Alive at once, for each latent position."""
_DECODE_VALUES = 65_540
"""Alive at once, for each frame of a chunk and latent position."""
_RUNTIME_BYTES = 1 << 30
"""Allowance for a GPU's context and the workspaces of its kernels; not counted, and not measured either."""
_SINGLE = 4


@dataclass(frozen=True, slots=True)
class Cost:
    operations: float
    """Floating point; a multiplication with an addition counts as two."""
    memory_bytes: int
    """Needed on the device."""


def shot_cost(
    frames: int, height: int, width: int, effort: Effort, num_steps: int, guided: bool, value_bytes: int
) -> Cost:
    """Of colouring `frames` pictures of this size in pixels.

    Args:
        guided: with a guidance scale that is not 1, which takes every step twice.
        value_bytes: of a number in UNet, ControlNet and CLIP: 2 in half precision, 4 in single.
    """
    positions = _latent_positions(height, width, effort.scale)
    layout = SlotLayout(effort.window)
    segments = len(plan_segments(frames, layout))
    calls = segments * num_steps * (2 if guided else 1)
    operations = (
        calls * step_operations(layout, positions, value_bytes)
        + segments * (layout.video + 1) * _HINT_OPERATIONS * positions
        + 2 * _ENCODE_OPERATIONS * positions
        + frames * decode_operations(positions)
    )
    return Cost(operations, _memory_bytes(frames, layout, positions, effort, num_steps, value_bytes))


def step_operations(layout: SlotLayout, positions: int, value_bytes: int) -> float:
    """Of one call of ControlNet and UNet on latents with `positions` = height * width."""
    # in single precision references look at their own tokens twice, as officially
    pairs = 2 * layout.total if value_bytes == _SINGLE else layout.references + 2 * layout.video
    return layout.total * positions * _STEP_OPERATIONS + pairs * positions**2 * _ATTENTION_OPERATIONS


def decode_operations(positions: int) -> float:
    """Of decoding one frame."""
    return positions * _DECODE_OPERATIONS + positions**2 * _DECODE_ATTENTION_OPERATIONS


def step_bytes(layout: SlotLayout, positions: int, value_bytes: int) -> int:
    """Alive at once in a call of ControlNet and UNet, beside the weights."""
    return _STEP_VALUES * layout.total * positions * value_bytes


def decode_bytes(chunk: int, positions: int) -> int:
    """Alive at once while `chunk` frames are decoded, beside the weights."""
    return _DECODE_VALUES * chunk * positions * _SINGLE


def _memory_bytes(
    frames: int, layout: SlotLayout, positions: int, effort: Effort, num_steps: int, value_bytes: int
) -> int:
    denoisers = (_UNET_VALUES + _CONTROLNET_VALUES) * value_bytes
    vae = _VAE_VALUES * _SINGLE
    encoders = _IMAGE_ENCODER_VALUES * value_bytes + _FIRST_STAGE_ENCODER_VALUES * _SINGLE
    latents = 4 * positions * _SINGLE
    kept = (frames + 2 * num_steps * layout.total + 8 * layout.total) * latents
    stages = (
        (encoders + vae, _ENCODE_VALUES * positions * _SINGLE),
        (denoisers, step_bytes(layout, positions, value_bytes)),
        (vae, decode_bytes(min(effort.decode_chunk, frames), positions)),
    )
    together = denoisers + vae + encoders
    most = max((weights if effort.offload else together) + alive for weights, alive in stages)
    return most + kept + _RUNTIME_BYTES


def _latent_positions(height: int, width: int, scale: float) -> int:
    sides = (-(-round(side * scale) // _SIZE_MULTIPLE) * _SIZE_MULTIPLE for side in (height, width))
    rows, columns = (max(_SIZE_MULTIPLE, side) // _PIXELS_PER_LATENT for side in sides)
    return rows * columns
