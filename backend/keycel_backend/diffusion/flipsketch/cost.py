"""What an animation costs with the full-size networks of FlipSketch, before any work is done: no torch.

The constants were counted on the meta device (`diffusion/counting.py`); a test counts them anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from keycel_backend.diffusion.fallback import Effort
from keycel_backend.diffusion.flipsketch.options import SamplingOptions
from keycel_backend.diffusion.flipsketch.windows import plan_windows

_PIXELS_PER_LATENT = 8
_SIZE_MULTIPLE = 64

_UNET_VALUES = 1_411_233_860
_VAE_VALUES = 83_653_863
_TEXT_ENCODER_VALUES = 340_387_840

_PASS_OPERATIONS = 2.916e8
"""A pass of the UNet, for each frame and latent position, without spatial attention."""
_ATTENTION_OPERATIONS = 6348.0
"""Spatial attention of a pass, for each frame and pair of latent positions."""
_BACKWARD_PASSES = 1.0
"""Of a gradient, beside its pass: the weights need none."""
_ENCODE_OPERATIONS = 2.70e8
"""Of the VAE, for each latent position."""
_DECODE_OPERATIONS = 6.10e8
"""For each frame and latent position."""

_PASS_VALUES = 10_650
"""Alive at once in a pass, for each frame and latent position."""
_RECORDED_VALUES = 6_150
"""Of a recording, for each frame and latent position."""
_GRADIENT_VALUES = 156_000
"""Alive at once for a gradient, for each frame and latent position."""
_DECODE_VALUES = 49_160
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


def animation_cost(
    frames: int,
    height: int,
    width: int,
    options: SamplingOptions,
    guided_by_text: bool,
    effort: Effort,
    value_bytes: int,
) -> Cost:
    """Of an animation of `frames` (2 or more) pictures of this size in pixels.

    Args:
        guided_by_text: away from a text that is not empty, which takes more passes.
        value_bytes: of a number in the UNet: 2 in half precision, 4 in single.
    """
    positions = latent_positions(height, width, effort.scale)
    windows = plan_windows(frames, effort.window)
    passes = sum(clip_passes(window, options, guided_by_text) for window in windows)
    operations = passes * pass_operations(positions)
    operations += len(windows) * _ENCODE_OPERATIONS * positions
    operations += (frames + len(windows) - 1) * _DECODE_OPERATIONS * positions
    longest = max(windows)
    sampling = (
        pass_bytes(longest, positions, value_bytes) + _RECORDED_VALUES * longest * positions * value_bytes
    )
    if options.aligned_steps:
        sampling = max(sampling, gradient_bytes(longest, positions, value_bytes))
    decoding = decode_bytes(min(effort.decode_chunk, longest), positions)
    return Cost(operations, _RUNTIME_BYTES + _weights(effort, value_bytes, sampling, decoding))


def clip_passes(frames: int, options: SamplingOptions, guided_by_text: bool) -> float:
    """Passes of the UNet over a single frame that a clip takes; a gradient counts as what it costs."""
    passes: float = options.inversion_steps * options.inversion_copies
    for number in range(options.num_steps):
        passes += 2 * frames
        if number < options.composed_steps:
            passes += max(1, frames - number) * (2 if guided_by_text else 1)
        if number < options.aligned_steps:
            passes += 1 + options.alignment_iterations * (1.0 + _BACKWARD_PASSES) * frames
    return passes


def latent_positions(height: int, width: int, scale: float) -> int:
    """Of a picture of this size in pixels, with its padding."""
    sides = [
        -(-max(1, round(side * scale)) // _SIZE_MULTIPLE) * _SIZE_MULTIPLE // _PIXELS_PER_LATENT
        for side in (height, width)
    ]
    return sides[0] * sides[1]


def pass_operations(positions: int) -> float:
    """Of a pass of the UNet, for each frame."""
    return positions * (_PASS_OPERATIONS + _ATTENTION_OPERATIONS * positions)


def pass_bytes(frames: int, positions: int, value_bytes: int) -> int:
    """Alive at once in a pass, without weights."""
    return _PASS_VALUES * frames * positions * value_bytes


def gradient_bytes(frames: int, positions: int, value_bytes: int) -> int:
    """Alive at once in a pass with its gradient, without weights."""
    return _GRADIENT_VALUES * frames * positions * value_bytes


def decode_operations(positions: int) -> float:
    """For each frame."""
    return _DECODE_OPERATIONS * positions


def decode_bytes(frames: int, positions: int) -> int:
    """Alive at once, without weights."""
    return _DECODE_VALUES * frames * positions * _SINGLE


def _weights(effort: Effort, value_bytes: int, sampling: int, decoding: int) -> int:
    """The most that weights and work take together; with off-loading, weights come one at a time."""
    unet, vae = _UNET_VALUES * value_bytes, _VAE_VALUES * _SINGLE
    text = _TEXT_ENCODER_VALUES * _SINGLE
    if effort.offload:
        return max(unet + sampling, vae + decoding, vae + text)
    return unet + vae + text + max(sampling, decoding)
