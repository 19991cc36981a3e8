"""Samples one stretch of drawings as far as it is asked to, and decodes single frames of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from keycel_backend.diffusion.attempts import with_fallback
from keycel_backend.diffusion.fallback import Effort, Stage
from keycel_backend.diffusion.lvcd.conditions import Noise, ReferenceConditions, draw_noise, encode_reference
from keycel_backend.diffusion.lvcd.networks import LvcdNetworks
from keycel_backend.diffusion.lvcd.options import SamplingOptions
from keycel_backend.diffusion.lvcd.pipeline import Material
from keycel_backend.diffusion.lvcd.placement import DENOISERS, ENCODERS
from keycel_backend.diffusion.lvcd.redraw import redraw_frame
from keycel_backend.diffusion.lvcd.sampling import EstimateCallback, SampledSegment, sample_segment
from keycel_backend.diffusion.lvcd.segments import Segment, plan_segments
from keycel_backend.diffusion.lvcd.slots import SlotLayout
from keycel_backend.diffusion.placement import place
from keycel_backend.diffusion.preview import LatentColors, RoughDecoder
from keycel_backend.diffusion.sizes import WorkingSize
from keycel_backend.diffusion.svd.autoencoder import DecodeChunks
from keycel_backend.engines.painting import Listener, check_decoded, decoded_chunk
from keycel_backend.regions.arrays import Bytes


@dataclass(slots=True)
class _Sampling:
    """What has been sampled of a stretch so far, with one window length and one size."""

    size: WorkingSize
    options: SamplingOptions
    lines: Tensor
    reference: ReferenceConditions
    noise: Noise
    rough: RoughDecoder
    plan: tuple[Segment, ...]
    done: list[SampledSegment] = field(default_factory=list[SampledSegment])

    def segment_of(self, frame: int) -> int:
        """Number of the segment whose latents of a frame count."""
        overlap = self.options.layout.overlap
        holding = [
            one.number
            for one in self.plan
            if frame in (one.frames[overlap:] if one.number and one.filled_up else one.frames)
        ]
        # up to `blend_steps` an overlap comes out as it was, so the first segment is enough
        return holding[0] if self.options.num_steps <= self.options.blend_steps else holding[-1]

    def latent_of(self, frame: int, scaling: float) -> Tensor:
        """(4, height, width), scaled, of a frame whose segment is done."""
        if frame == 0:
            return self.reference.latent[0] * scaling
        sampled = self.done[self.segment_of(frame)]
        slot = self.options.layout.references + sampled.segment.frames.index(frame)
        return sampled.x0[slot].to(self.reference.latent.device)


class StretchPainter:
    """Frame 0 of the material is the painted one. One user at a time: it moves networks between devices."""

    def __init__(
        self,
        networks: LvcdNetworks,
        device: torch.device,
        material: Material,
        options: SamplingOptions,
        tiny: RoughDecoder | None = None,
    ) -> None:
        """`tiny`: what shows latents in previews; None: colours fitted to the painted frame."""
        self._networks = networks
        self._device = device
        self._material = material
        self._options = options
        self._tiny = tiny
        self._sampling: _Sampling | None = None
        self.effort = Effort()
        """What memory has allowed so far; may be lowered from outside before the first frame."""

    @property
    def frames(self) -> int:
        return len(self._material.lines)

    @property
    def kept_bytes(self) -> int:
        """Size of what would be sampled again if this painter were thrown away."""
        done = self._sampling.done if self._sampling is not None else []
        return sum(tensor.nbytes for one in done for tensor in (one.x_t, one.concat, one.x0, *one.estimates))

    def pictures(self, frames: Sequence[int], listener: Listener) -> Iterator[tuple[int, Bytes]]:
        """(frame, RGB of the material's size) for each of `frames` (1 or more), ascending.

        A frame comes out the same whichever others are asked for with it.

        Raises:
            KeycelError: RES_OUT_OF_MEMORY, or RUN_FAILED where the networks fail.
        """
        left = sorted(set(frames))
        while left:
            chunk = _chunk_of(left[0], self.frames, self.effort.decode_chunk)
            decoded = self._decoded(self._latents(chunk, listener), listener)
            if decoded is None:
                continue  # chunks are smaller now
            for place_in_chunk, frame in enumerate(chunk):
                if left and frame == left[0]:
                    left.pop(0)
                    yield frame, decoded[place_in_chunk]

    def take(self, frame: int, seed: int, listener: Listener) -> Bytes:
        """Another take of one frame (1 or more) with all others held. Raises like `pictures`."""
        while True:
            chunk = _chunk_of(frame, self.frames, self.effort.decode_chunk)
            latents = self._latents(chunk, listener).clone()
            latents[chunk.index(frame)] = self._redrawn(frame, seed, listener)
            decoded = self._decoded(latents, listener)
            if decoded is not None:
                return decoded[chunk.index(frame)]

    def _latents(self, frames: Sequence[int], listener: Listener) -> Tensor:
        """(frames, 4, height, width) scaled; samples what is missing."""
        scaling = self._networks.configuration.autoencoder.scaling_factor

        def work(effort: Effort) -> Tensor:
            sampling = self._sampled(max(frames), effort, listener)
            return torch.stack([sampling.latent_of(frame, scaling) for frame in frames])

        latents, self.effort = with_fallback(self.effort, Stage.SAMPLE, work, listener.on_fallback)
        return latents

    def _redrawn(self, frame: int, seed: int, listener: Listener) -> Tensor:
        """(4, height, width) scaled."""

        def work(effort: Effort) -> Tensor:
            sampling = self._sampled(frame, effort, listener)
            sampled = next(one for one in sampling.done if frame in one.segment.frames)
            return redraw_frame(
                self._networks,
                sampling.lines,
                sampled,
                frame,
                sampling.reference,
                sampling.options,
                seed,
                self._told(sampling, sampled.segment, frame, listener),
            )

        latent, self.effort = with_fallback(self.effort, Stage.SAMPLE, work, listener.on_fallback)
        return latent

    def _sampled(self, last: int, effort: Effort, listener: Listener) -> _Sampling:
        """Everything up to frame `last`."""
        sampling = self._prepared(effort)
        place(self._networks, DENOISERS, self._device, effort.offload)
        while last > 0 and len(sampling.done) <= sampling.segment_of(last):
            previous = sampling.done[-1] if sampling.done else None
            segment = sampling.plan[len(sampling.done)]
            shown = min(segment.frames[len(segment.frames) // 2], self.frames - 1)
            sampled = sample_segment(
                self._networks,
                sampling.lines,
                segment,
                previous,
                sampling.reference,
                sampling.noise,
                sampling.options,
                self._told(sampling, segment, shown, listener),
            )
            if previous is not None:  # only the last one is needed on the device
                sampling.done[-1] = _moved(previous, torch.device("cpu"))
            sampling.done.append(sampled)
        return sampling

    def _told(
        self, sampling: _Sampling, segment: Segment, frame: int, listener: Listener
    ) -> EstimateCallback:
        """Tells a listener of steps, and of what they show of a frame."""
        slot = sampling.options.layout.references + segment.frames.index(frame)

        def told(number: int, denoised: Tensor) -> None:
            listener.on_step(number)
            listener.on_estimate(frame, lambda: sampling.rough.picture(denoised[slot]).numpy())

        return told

    @torch.no_grad()
    def _prepared(self, effort: Effort) -> _Sampling:
        """What was sampled before if it was with this window and size, else a new beginning."""
        material, configuration = self._material, self._networks.configuration
        height, width = material.lines.shape[1:]
        size = WorkingSize.of(height, width, effort.scale, configuration.size_multiple)
        layout = SlotLayout(effort.window, self._options.layout.overlap)
        known = self._sampling
        if known is not None and known.size == size and known.options.layout == layout:
            return known
        self._sampling = None
        options = replace(self._options, layout=layout)
        picture = torch.as_tensor(material.reference).permute(2, 0, 1)[None].float()
        image = size.padded_picture(picture / 255.0 * 2.0 - 1.0).clamp(-1.0, 1.0).to(self._device)
        pixels = configuration.autoencoder.pixels_per_latent
        noise = draw_noise(options, size.padded_height // pixels, size.padded_width // pixels, pixels)
        place(self._networks, ENCODERS, self._device, effort.offload)
        reference = encode_reference(self._networks, image, noise, options)
        scaled = reference.first_segment_latent[0] * configuration.autoencoder.scaling_factor
        self._sampling = _Sampling(
            size,
            options,
            size.padded_lines(torch.as_tensor(material.lines).float()).round().byte(),
            reference,
            noise,
            self._tiny or LatentColors.fitted(scaled, image[0]),
            plan_segments(len(material.lines), layout),
        )
        return self._sampling

    def _decoded(self, latents: Tensor, listener: Listener) -> Bytes | None:
        """(frames, height, width, 3) RGB of one chunk; None where memory calls for smaller chunks."""
        decoded, self.effort = decoded_chunk(
            self._networks, latents, self._device, self.effort, listener, self._to_bytes
        )
        return decoded

    def _to_bytes(self, pictures: Tensor) -> Bytes:
        check_decoded(pictures)
        assert self._sampling is not None
        cropped = self._sampling.size.cropped(pictures)
        values = ((cropped + 1.0) / 2.0 * 255.0).clamp(0.0, 255.0).byte()
        return np.ascontiguousarray(values.permute(0, 2, 3, 1).cpu().numpy())


def _chunk_of(frame: int, frames: int, size: int) -> tuple[int, ...]:
    """The frames that are decoded together to give `frame`, as in decoding all `frames` of a stretch."""
    return next(
        chunk for chunk, delivered in DecodeChunks(size=size).of(frames) if frame in chunk[delivered:]
    )


def _moved(sampled: SampledSegment, device: torch.device) -> SampledSegment:
    return replace(
        sampled,
        x_t=sampled.x_t.to(device),
        concat=sampled.concat.to(device),
        estimates=tuple(one.to(device) for one in sampled.estimates),
        x0=sampled.x0.to(device),
    )
