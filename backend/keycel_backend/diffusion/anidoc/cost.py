"""What a clip costs with the full-size networks of AniDoc, before any work is done: pure numbers, no torch.

The constants were counted on the meta device (`diffusion/counting.py`); a test counts them anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from keycel_backend.diffusion.anidoc.windows import plan_windows
from keycel_backend.diffusion.fallback import Effort
from keycel_backend.diffusion.lvcd.cost import Cost, decode_bytes, decode_operations

OVERLAP = 4
"""Frames that windows share, as in `SamplingOptions`."""
_HALVES = 2
"""Without and with the reference."""
_PIXELS_PER_LATENT = 8
_SIZE_MULTIPLE = 64

_UNET_VALUES = 1_524_623_082
_CONTROLNET_VALUES = 682_022_257
_VAE_VALUES = 97_742_847
_IMAGE_ENCODER_VALUES = 632_076_800

_STEP_OPERATIONS = 3.6289e8
"""UNet and ControlNet, for each frame, half and latent position, without spatial attention."""
_ATTENTION_OPERATIONS = 10_101.0
"""Spatial attention, for each frame, half and pair of latent positions."""
_HINT_OPERATIONS = 3.6864e6
"""Embedding a condition, for each frame and latent position."""
_ENCODE_OPERATIONS = 2.701e8
"""Of the VAE's encoder, for each latent position."""

_STEP_VALUES = 11_301
"""Alive at once in a step, for each frame, half and latent position."""
_ENCODE_VALUES = 41_152
"""Alive at once, for each latent position."""
_RUNTIME_BYTES = 1 << 30
"""Allowance for a GPU's context and the workspaces of its kernels; not counted, and not measured either."""
_SINGLE = 4


@dataclass(frozen=True, slots=True)
class ClipSize:
    """Frames that are coloured together, and their size in pixels."""

    frames: int
    height: int
    width: int


def clip_cost(clip: ClipSize, effort: Effort, num_steps: int, value_bytes: int) -> Cost:
    """Of colouring a clip. `value_bytes`: of a number in all networks but the VAE."""
    positions = _latent_positions(clip, effort.scale)
    windows = len(plan_windows(clip.frames, effort.window, OVERLAP))
    operations = (
        windows * num_steps * step_operations(effort.window, positions)
        + windows * effort.window * _HINT_OPERATIONS * positions
        + _ENCODE_OPERATIONS * positions
        + clip.frames * decode_operations(positions)
    )
    return Cost(operations, _memory_bytes(clip, positions, effort, num_steps, value_bytes))


def step_operations(window: int, positions: int) -> float:
    """Of one step of ControlNet and UNet on latents with `positions` = height * width."""
    return _HALVES * window * positions * (_STEP_OPERATIONS + positions * _ATTENTION_OPERATIONS)


def step_bytes(window: int, positions: int, value_bytes: int) -> int:
    """Alive at once in a step, beside the weights."""
    return _STEP_VALUES * _HALVES * window * positions * value_bytes


def _memory_bytes(clip: ClipSize, positions: int, effort: Effort, num_steps: int, value_bytes: int) -> int:
    denoisers = (_UNET_VALUES + _CONTROLNET_VALUES) * value_bytes
    vae, encoder = _VAE_VALUES * _SINGLE, _IMAGE_ENCODER_VALUES * value_bytes
    kept = (clip.frames + (num_steps + 8) * effort.window) * 4 * positions * _SINGLE
    stages = (
        (encoder + vae, _ENCODE_VALUES * positions * _SINGLE),
        (denoisers, step_bytes(effort.window, positions, value_bytes)),
        (vae, decode_bytes(min(effort.decode_chunk, clip.frames), positions)),
    )
    together = denoisers + vae + encoder
    most = max((weights if effort.offload else together) + alive for weights, alive in stages)
    return most + kept + _RUNTIME_BYTES


def _latent_positions(clip: ClipSize, scale: float) -> int:
    sides = (-(-round(side * scale) // _SIZE_MULTIPLE) * _SIZE_MULTIPLE for side in (clip.height, clip.width))
    rows, columns = (max(_SIZE_MULTIPLE, side) // _PIXELS_PER_LATENT for side in sides)
    return rows * columns
