"""Sequential sampling: segment after segment, each held to the end of the one before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from keycel_backend.diffusion.lvcd.conditions import (
    Noise,
    ReferenceConditions,
    sketch_hint,
    time_ids,
)
from keycel_backend.diffusion.lvcd.denoiser import Guidance, SegmentConditions, guided_denoise
from keycel_backend.diffusion.lvcd.mixing import SlotMixing
from keycel_backend.diffusion.lvcd.networks import LvcdNetworks
from keycel_backend.diffusion.lvcd.options import SamplingOptions
from keycel_backend.diffusion.lvcd.segments import Segment, carried_slots, plan_segments
from keycel_backend.diffusion.lvcd.slots import AttentionMode, SlotLayout
from keycel_backend.diffusion.svd.controlnet import embed_hint
from keycel_backend.diffusion.svd.schedule import euler_step, scale_noise, sigmas
from keycel_backend.diffusion.svd.unet import Conditioning
from keycel_shared.errors import ErrorCode, KeycelError


@dataclass(frozen=True, slots=True)
class Step:
    """A step that is done."""

    segment: Segment
    segments: int
    number: int
    """From 0."""
    steps: int
    denoised: Tensor
    """(slots, 4, height, width) raw estimate of the clean latents, scaled: what a preview shows."""

    @property
    def share(self) -> float:
        """Of the whole work, 0..1."""
        return (self.segment.number * self.steps + self.number + 1) / (self.segments * self.steps)


StepCallback = Callable[[Step], None]
"""Called after every step; what it raises (`Cancelled`) ends the sampling."""


@dataclass(frozen=True, slots=True)
class _Finished:
    """What a segment leaves to the next one."""

    x_t: Tensor
    """Its initial noise."""
    x0: Tensor
    """Its clean latents, scaled."""
    overlap_estimates: tuple[Tensor, ...]
    """For each step the raw estimate of its last frames."""


@torch.no_grad()
def sample_shot(
    networks: LvcdNetworks,
    sketches: Tensor,
    reference: ReferenceConditions,
    noise: Noise,
    options: SamplingOptions,
    on_step: StepCallback,
) -> Tensor:
    """Colours a shot.

    Args:
        sketches: (frames, height, width) uint8, dark lines on white; frame 0 is the reference's. The
            sides are multiples of the networks' `size_multiple`.
        reference: of `encode_reference`, on the device of the networks.
        noise: of `draw_noise`.
    Returns:
        (frames, 4, height / 8, width / 8) scaled latents; the first is that of the reference.
    Raises:
        KeycelError: RUN_FAILED where the networks give numbers that are not finite.
    """
    device = reference.latent.device
    layout = options.layout
    scaling = networks.configuration.autoencoder.scaling_factor
    segments = plan_segments(len(sketches), layout)
    guidance = Guidance.of(options, device)
    x0: list[Tensor] = []
    previous: _Finished | None = None
    for segment in segments:
        # 1. conditions
        hint = _embedded_sketches(networks, sketches, segment, device)
        conditions = SegmentConditions(
            Conditioning(reference.image_embedding, time_ids(options).to(device)),
            _concat_latents(reference, previous, layout, scaling),
            hint,
        )
        # 2. initial noise: the first, or that of the segment before, moved along with its frames
        x_t = noise.slots.to(device) if previous is None else previous.x_t[list(carried_slots(layout))]
        # 3. steps
        previous = _sample_segment(
            networks, segment, len(segments), x_t, conditions, previous, options, guidance, on_step
        )
        x0.append(previous.x0)
    return torch.cat([reference.latent * scaling, joined(segments, x0, layout)])


def _sample_segment(
    networks: LvcdNetworks,
    segment: Segment,
    segments: int,
    x_t: Tensor,
    conditions: SegmentConditions,
    previous: _Finished | None,
    options: SamplingOptions,
    guidance: Guidance | None,
    on_step: StepCallback,
) -> _Finished:
    layout = options.layout
    first = previous is None
    schedule = sigmas(options.num_steps).to(x_t.device)
    mixings = {mode: SlotMixing(layout, mode, x_t.device) for mode in AttentionMode}
    sample = scale_noise(x_t, schedule[0])
    overlap_estimates: list[Tensor] = []
    for number in range(options.num_steps):
        # 1. estimate of the clean latents
        sigma = schedule[number]
        mixing = mixings[_mode(first, number, options)]
        denoised = guided_denoise(networks, sample, sigma, conditions, mixing, guidance, first)
        overlap_estimates.append(denoised[layout.last_video].clone())  # a view would keep all slots alive
        on_step(Step(segment, segments, number, options.num_steps, denoised))
        # 2. Overlapped Blending: the overlap follows what the segment before estimated in this very step
        if previous is not None and number < options.blend_steps:
            denoised = denoised.clone()  # the callback may have kept it
            denoised[layout.overlap_video] = previous.overlap_estimates[number]
        # 3. to the next noise level
        sample = euler_step(sample, denoised, sigma, schedule[number + 1])
    _check_finite(sample, segment)
    return _Finished(x_t, sample, tuple(overlap_estimates))


def joined(segments: Sequence[Segment], x0: Sequence[Tensor], layout: SlotLayout) -> Tensor:
    """Latents of frames 1 to the last from those of all slots of each segment, (slots, 4, h, w).

    A segment's frames replace those that the one before gave for the overlap; but a segment that is
    filled up replaces nothing, so that frames which the official code gives stay what they are there.
    """
    video = x0[0][layout.all_video]
    for segment, latents in zip(segments[1:], x0[1:], strict=True):
        new = latents[layout.all_video]
        if segment.filled_up:
            video = torch.cat([video, new[layout.overlap :]])
        else:
            video = torch.cat([video[: len(video) - layout.overlap], new])
    return video[: segments[-1].sketches[-1]]


def _mode(first_segment: bool, step: int, options: SamplingOptions) -> AttentionMode:
    if first_segment:
        return AttentionMode.FIRST_SEGMENT
    early = step < options.prev_attention_steps
    return AttentionMode.NEXT_SEGMENT if early else AttentionMode.NEXT_SEGMENT_LATE


def _concat_latents(
    reference: ReferenceConditions, previous: _Finished | None, layout: SlotLayout, scaling: float
) -> Tensor:
    """(slots, 4, height, width) the reference, and for the overlap's references what was made of them."""
    if previous is None:
        return reference.first_segment_latent.repeat(layout.total, 1, 1, 1)
    concat = reference.latent.repeat(layout.total, 1, 1, 1)
    concat[layout.overlap_references] = previous.x0[layout.last_video] / scaling
    return concat


def _embedded_sketches(
    networks: LvcdNetworks, sketches: Tensor, segment: Segment, device: torch.device
) -> Tensor:
    """(slots, channels, height, width); slots with the same sketch share the work."""
    unique = sorted(set(segment.sketches))
    hint = sketch_hint(sketches[unique]).to(device=device, dtype=networks.unet.dtype)
    embedded = embed_hint(networks.controlnet, hint)
    return embedded[_places(segment.sketches, unique)]


def _places(frames: Sequence[int], unique: Sequence[int]) -> list[int]:
    place = {frame: index for index, frame in enumerate(unique)}
    return [place[frame] for frame in frames]


def _check_finite(latents: Tensor, segment: Segment) -> None:
    if not torch.isfinite(latents).all():
        raise KeycelError(
            ErrorCode.RUN_FAILED,
            "The network gave numbers that are not finite.",
            "Try precision float32, or install the model again: its weights may be damaged.",
            f"Segment {segment.number}, frames {segment.frames[0]} to {segment.frames[-1]}.",
        )
