"""Sequential sampling: segment after segment, each held to the end of the one before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

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
from keycel_backend.diffusion.svd.schedule import euler_step, scale_noise
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

EstimateCallback = Callable[[int, Tensor], None]
"""The same for a single segment: number of the step, and its raw estimate as in `Step.denoised`."""


@dataclass(frozen=True, slots=True)
class SampledSegment:
    """What a segment leaves to the next one, and to those who draw single frames of it anew."""

    segment: Segment
    x_t: Tensor
    """(slots, 4, height, width) initial noise."""
    concat: Tensor
    """(slots, 4, height, width) latents that its slots were given, not scaled."""
    estimates: tuple[Tensor, ...]
    """For each step the estimate of the clean latents that the step followed."""
    x0: Tensor
    """(slots, 4, height, width) clean latents, scaled."""


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
    segments = plan_segments(len(sketches), options.layout)
    x0: list[Tensor] = []
    previous: SampledSegment | None = None
    for segment in segments:
        told = partial(_tell, on_step, segment, len(segments), options.num_steps)
        previous = sample_segment(networks, sketches, segment, previous, reference, noise, options, told)
        x0.append(previous.x0)
    scaling = networks.configuration.autoencoder.scaling_factor
    return torch.cat([reference.latent * scaling, joined(segments, x0, options.layout)])


def _tell(
    on_step: StepCallback, segment: Segment, segments: int, steps: int, number: int, denoised: Tensor
) -> None:
    on_step(Step(segment, segments, number, steps, denoised))


@torch.no_grad()
def sample_segment(
    networks: LvcdNetworks,
    sketches: Tensor,
    segment: Segment,
    previous: SampledSegment | None,
    reference: ReferenceConditions,
    noise: Noise,
    options: SamplingOptions,
    on_estimate: EstimateCallback,
) -> SampledSegment:
    """One segment; `previous` is the one before it, None for the first. Otherwise as `sample_shot`."""
    layout = options.layout
    device = reference.latent.device
    first = previous is None
    # 1. conditions
    concat = _concat_latents(reference, previous, layout, networks.configuration.autoencoder.scaling_factor)
    conditions = segment_conditions(networks, sketches, segment, reference, concat, options)
    # 2. initial noise: the first, or that of the segment before, moved along with its frames
    x_t = noise.slots.to(device) if previous is None else previous.x_t[list(carried_slots(layout))]
    # 3. steps
    guidance = Guidance.of(options, device)
    schedule = options.schedule.sigmas(options.num_steps).to(device)
    mixings = {mode: SlotMixing(layout, mode, device) for mode in AttentionMode}
    sample = scale_noise(x_t, schedule[0])
    estimates: list[Tensor] = []
    for number in range(options.num_steps):
        # 3.1 estimate of the clean latents
        sigma = schedule[number]
        mixing = mixings[attention_mode(first, number, options)]
        denoised = guided_denoise(networks, sample, sigma, conditions, mixing, guidance, first)
        on_estimate(number, denoised)
        # 3.2 Overlapped Blending: the overlap follows what the segment before estimated in this very step
        if previous is not None and number < options.blend_steps:
            denoised = denoised.clone()  # the callback may have kept it
            denoised[layout.overlap_video] = previous.estimates[number][layout.last_video]
        estimates.append(denoised)
        # 3.3 to the next noise level
        sample = euler_step(sample, denoised, sigma, schedule[number + 1])
    check_finite(sample, segment)
    return SampledSegment(segment, x_t, concat, tuple(estimates), sample)


def segment_conditions(
    networks: LvcdNetworks,
    sketches: Tensor,
    segment: Segment,
    reference: ReferenceConditions,
    concat: Tensor,
    options: SamplingOptions,
) -> SegmentConditions:
    """What the networks are told in every step of a segment."""
    device = reference.latent.device
    return SegmentConditions(
        Conditioning(reference.image_embedding, time_ids(options).to(device)),
        concat,
        _embedded_sketches(networks, sketches, segment, device),
    )


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


def attention_mode(first_segment: bool, step: int, options: SamplingOptions) -> AttentionMode:
    """How reference attention looks around in a step."""
    if first_segment:
        return AttentionMode.FIRST_SEGMENT
    early = step < options.prev_attention_steps
    return AttentionMode.NEXT_SEGMENT if early else AttentionMode.NEXT_SEGMENT_LATE


def _concat_latents(
    reference: ReferenceConditions, previous: SampledSegment | None, layout: SlotLayout, scaling: float
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


def check_finite(latents: Tensor, segment: Segment) -> None:
    """Raises `KeycelError` RUN_FAILED, so that no black frame is taken for a result."""
    if not torch.isfinite(latents).all():
        raise KeycelError(
            ErrorCode.RUN_FAILED,
            "The network gave numbers that are not finite.",
            "Try precision float32, or install the model again: its weights may be damaged.",
            f"Segment {segment.number}, frames {segment.frames[0]} to {segment.frames[-1]}.",
        )
