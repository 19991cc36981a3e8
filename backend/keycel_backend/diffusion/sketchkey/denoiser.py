"""One denoising call on a sequence: dense branch, token branch, UNet."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from keycel_backend.diffusion.sketchkey.attention import Geometry, KeySketches, SequenceMixing
from keycel_backend.diffusion.sketchkey.networks import SketchKeyNetworks
from keycel_backend.diffusion.svd.controlnet import controlnet_forward, embed_hint
from keycel_backend.diffusion.svd.schedule import Preconditioning
from keycel_backend.diffusion.svd.unet import Conditioning, unet_forward

_TIME_IDS = (6.0, 127.0, 0.0)
"""Frames per second, motion bucket, noise on the reference: as SVD has them, the same for all sequences."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """What is known of a sequence. Frame 0 is the painted one; all of a batch share their times."""

    frame_index: Tensor
    """(frames,) place in time relative to the painted frame, whole numbers."""
    known: Tensor
    """(frames,) bool: frames whose colours are given; the first is, unless there is no reference."""
    colors: Tensor
    """(batch, frames, channels, height, width) latents of the known frames; others are not looked at."""
    start: Tensor
    """(batch, frames, channels, height, width) latents of what the other frames may look like: the painted
    frame, moved along or as it is. Of no account where nothing is painted."""
    sketches: Tensor
    """(batch, frames, 8 height, 8 width), lines 1, paper 0."""
    drawn: Tensor
    """(frames,) bool: frames that have a sketch; the others' are not looked at."""
    reference_sketch: Tensor
    """(batch, 8 height, 8 width) lines of the painted frame, for the token branch."""
    key_sketches: Tensor
    """(batch, keys, 8 height, 8 width) for the token branch, of frames in or out of the sequence."""
    key_starts: Tensor
    """(batch, keys, channels, height, width) as `start`, of the keys."""
    key_index: Tensor
    """(keys,) place in time of each; none closes the token branch."""

    def to(self, device: torch.device | str) -> Sequence:
        return Sequence(**{part.name: getattr(self, part.name).to(device) for part in fields(self)})


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the networks are told, the same in all steps."""

    conditioning: Conditioning
    beside: Tensor
    """(batch, frames, channels + 1, height, width) put beside the noisy latents."""
    origin: Tensor
    """(batch, frames, channels, height, width) what estimates are differences to."""
    hint: Tensor
    """(batch * frames, channels, height, width) embedded sketches with their validity."""
    geometry: Geometry
    keys: KeySketches | None
    key_colors: Tensor | None
    """(batch, keys, channels, height, width) what the token branch says of the keys; None without it."""


def prepare(networks: SketchKeyNetworks, sequence: Sequence) -> Conditions:
    """Everything that does not depend on the noise."""
    batch, frames, _, height, width = sequence.colors.shape
    known = sequence.known[None, :, None, None, None].to(sequence.colors.dtype)
    painted = sequence.colors[:, :1] * known[:, :1]
    start = sequence.start * known[:, :1]
    # 1. token branch: what key sketches say of their own colours is what those frames start from
    tokens = key_colors = None
    if len(sequence.key_index) > 0:
        tokens, key_colors = read_keys(networks, sequence)
        start = _at_keys(start, key_colors, sequence)
    # 2. known frames as they are; the others start from the painted one, which SVD repeats for all frames
    colors = sequence.colors * known + start * (1.0 - known)
    marks = known.expand(batch, frames, 1, height, width)
    # 3. dense branch: a sketch three times, and whether there is one
    drawn = sequence.drawn[None, :, None, None, None].to(sequence.sketches.dtype)
    sketches = (sequence.sketches[:, :, None] * drawn).expand(-1, -1, 3, -1, -1)
    valid = drawn.expand(batch, frames, 1, *sequence.sketches.shape[2:])
    hint = embed_hint(networks.controlnet, torch.cat([sketches, valid], dim=2).flatten(0, 1))
    # 4. the painted frame as context
    context = networks.reference_encoder(painted[:, 0])
    ids = torch.tensor([_TIME_IDS], device=context.device).expand(batch, -1)
    biased = networks.configuration.distance_bias
    return Conditions(
        Conditioning(context * known[:, 0, 0], ids),
        torch.cat([colors, marks], dim=2),
        colors if networks.configuration.from_painted else torch.zeros_like(colors),
        hint,
        Geometry(height, width, sequence.frame_index, biased),
        None if tokens is None else KeySketches.among(tokens, sequence.key_index, sequence.frame_index),
        key_colors,
    )


def read_keys(networks: SketchKeyNetworks, sequence: Sequence) -> tuple[Tensor, Tensor]:
    """The token branch: tokens (batch, keys, tokens, channels), and colours of the keys as `key_starts`."""
    known = sequence.known[0].to(sequence.colors.dtype)
    starts = sequence.key_starts * known
    painted = sequence.reference_sketch * known, sequence.colors[:, 0] * known
    tokens = networks.key_encoder(sequence.key_sketches, starts, *painted, sequence.key_index)
    return tokens, networks.key_reading(tokens, starts)


def _at_keys(start: Tensor, key_colors: Tensor, sequence: Sequence) -> Tensor:
    """`start` with `key_colors` in those of its frames that are keys."""
    places = _numbers(sequence.key_index)
    frames = [
        key_colors[:, places.index(place)] if place in places else start[:, frame]
        for frame, place in enumerate(_numbers(sequence.frame_index))
    ]
    return torch.stack(frames, dim=1)


def _numbers(values: Tensor) -> list[int]:
    return [int(value) for value in values]


def denoise(networks: SketchKeyNetworks, sample: Tensor, sigma: Tensor, conditions: Conditions) -> Tensor:
    """The estimate of the clean latents.

    Args:
        sample: (batch, frames, channels, height, width) at noise level `sigma`.
        sigma: (batch,)
    """
    scales = Preconditioning.at(sigma[:, None, None, None, None])
    difference = sample - conditions.origin
    inputs = torch.cat([difference * scales.into, conditions.beside], dim=2)
    label = scales.label.flatten()
    plain = SequenceMixing(conditions.geometry)
    residuals = controlnet_forward(
        networks.controlnet, inputs, label, conditions.conditioning, plain, conditions.hint
    )
    mixing = SequenceMixing(conditions.geometry, conditions.keys, networks.cross_attentions())
    prediction = unet_forward(networks.unet, inputs, label, conditions.conditioning, mixing, residuals)
    return conditions.origin + scales.skip * difference + scales.out * prediction
