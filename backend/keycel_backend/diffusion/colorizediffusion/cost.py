"""What colouring after a reference costs with the full-size networks, before any work; without torch.

The constants were counted on the meta device (`diffusion/counting.py`); a test counts them anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from keycel_backend.diffusion.tile_plan import plan_tiles

_PIXELS_PER_LATENT = 8

_DENOISER_VALUES = 900_262_852 + 63_970_960
_VAE_VALUES = 83_653_863
_ENCODER_VALUES = 632_076_800 + 75_821_056 + 1_312_768

_STEP_OPERATIONS = 1.675e8
"""The denoiser, for each picture of a batch and latent position, without attention."""
_STEP_ATTENTION_OPERATIONS = 7301.0
"""For each picture and pair of latent positions."""
_STEP_CONTEXT_OPERATIONS = 1.31e10
"""For each picture: keys and values of the reference."""
_SPLIT_OPERATIONS = 9.2e6
"""More where foreground and background are kept apart, for each picture and latent position."""
_SPLIT_CONTEXT_OPERATIONS = 2.43e10
_SKETCH_OPERATIONS = 7.23e6
"""The sketch encoder, for each latent position."""
_DECODE_OPERATIONS = 6.055e8
_ENCODE_OPERATIONS = 2.642e8
_DECODE_ATTENTION_OPERATIONS = 2048.0
"""Of the autoencoder, either way, for each pair of latent positions."""
_REFERENCE_OPERATIONS = 3.353e11
"""CLIP, for an image."""

_STEP_VALUES = 8346
"""Alive at once in a step, for each picture of a batch and latent position."""
_DECODE_VALUES = 49_164
"""Alive at once in decoding, for each latent position."""
_RUNTIME_BYTES = 1 << 30
"""Allowance for a GPU's context and the workspaces of its kernels; not counted, and not measured either."""
_SINGLE = 4


@dataclass(frozen=True, slots=True)
class ReferenceCost:
    operations: float
    """Floating point; a multiplication with an addition counts as two."""
    memory_bytes: int
    """Needed on the device."""


def reference_cost(
    drawings: int, height: int, width: int, num_steps: int, branches: int, split: bool, value_bytes: int
) -> ReferenceCost:
    """Of colouring `drawings` drawings one by one at this size of the networks' pictures.

    Args:
        branches: of guidance: 1 for none, 2 for one kind, 3 for both.
        split: whether foreground and background are kept apart.
        value_bytes: of a number in the denoiser: 2 in half precision, 4 in single.
    """
    positions = (height // _PIXELS_PER_LATENT) * (width // _PIXELS_PER_LATENT)
    drawing = (
        num_steps * branches * step_operations(positions, split)
        + 2 * positions * _SKETCH_OPERATIONS
        + decode_operations(positions)
    )
    weights = _DENOISER_VALUES * value_bytes + (_VAE_VALUES + _ENCODER_VALUES) * _SINGLE
    alive = max(
        step_bytes(branches, positions, value_bytes),
        _DECODE_VALUES * positions * _SINGLE,
    )
    return ReferenceCost(drawings * drawing + 2 * _REFERENCE_OPERATIONS, weights + alive + _RUNTIME_BYTES)


def calls_of(sampler: str, num_steps: int) -> int:
    """How often a sampler asks the networks."""
    return 2 * num_steps - 1 if sampler == "heun" else num_steps


def detail_steps(num_steps: int) -> int:
    """Steps of the second, larger pass where the first has `num_steps`.

    Half of the noise is enough for new edges, and too little for new colours.
    """
    return max(1, num_steps // 2)


def detail_operations(
    size: tuple[int, int], tile: tuple[int, int], num_steps: int, branches: int, split: bool
) -> float:
    """Of drawing one picture again, of this (height, width) in pixels, in tiles of that one."""
    height, width, *of_tile = (side // _PIXELS_PER_LATENT for side in (*size, *tile))
    tiles = plan_tiles(height, width, (of_tile[0], of_tile[1]))
    positions = tiles[0].height * tiles[0].width
    each = (
        detail_steps(num_steps) * branches * step_operations(positions, split)
        + 2 * positions * _SKETCH_OPERATIONS
        + encode_operations(positions)
        + decode_operations(positions)
    )
    return len(tiles) * each


def step_operations(positions: int, split: bool) -> float:
    """Of one call of the denoiser on latents with `positions` = height * width, for each picture."""
    plain = (
        positions * _STEP_OPERATIONS + positions**2 * _STEP_ATTENTION_OPERATIONS + _STEP_CONTEXT_OPERATIONS
    )
    return plain + (positions * _SPLIT_OPERATIONS + _SPLIT_CONTEXT_OPERATIONS if split else 0.0)


def decode_operations(positions: int) -> float:
    """Of decoding one picture."""
    return positions * _DECODE_OPERATIONS + positions**2 * _DECODE_ATTENTION_OPERATIONS


def encode_operations(positions: int) -> float:
    """Of encoding one picture."""
    return positions * _ENCODE_OPERATIONS + positions**2 * _DECODE_ATTENTION_OPERATIONS


def step_bytes(branches: int, positions: int, value_bytes: int) -> int:
    """Alive at once in a call of the denoiser, beside the weights."""
    return _STEP_VALUES * branches * positions * value_bytes
