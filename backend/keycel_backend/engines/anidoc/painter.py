"""Samples one clip of drawings as far as it is asked to, and decodes single frames of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from keycel_backend.diffusion.anidoc.condition import Correspondences, as_values, frame_condition
from keycel_backend.diffusion.anidoc.lines import binarised
from keycel_backend.diffusion.anidoc.networks import AniDocNetworks
from keycel_backend.diffusion.anidoc.options import SamplingOptions, decode_chunks
from keycel_backend.diffusion.anidoc.reference import EncodedReference, Noise, draw_noise, encode_reference
from keycel_backend.diffusion.anidoc.sampling import (
    EstimateCallback,
    SampledWindow,
    redraw_frame,
    sample_window,
    window_conditions,
)
from keycel_backend.diffusion.anidoc.sparse import two_sketches
from keycel_backend.diffusion.anidoc.windows import Window, plan_windows, window_of
from keycel_backend.diffusion.attempts import with_fallback
from keycel_backend.diffusion.fallback import Effort, Stage
from keycel_backend.diffusion.placement import place
from keycel_backend.diffusion.preview import LatentColors, RoughDecoder
from keycel_backend.diffusion.sizes import WorkingSize
from keycel_backend.engines.anidoc.labelling import PointFinder
from keycel_backend.engines.painting import Listener, check_decoded, decoded_chunk
from keycel_backend.regions.arrays import Bytes

_ENCODERS = ("image_encoder", "vae")
_DENOISERS = ("unet", "controlnet")


@dataclass(frozen=True, slots=True)
class Material:
    """What a clip is coloured from, all of one size."""

    reference: Bytes
    """(height, width, 3) RGB."""
    sketches: Bytes
    """(frames, height, width) 0 line, 255 paper."""


@dataclass(slots=True)
class _Sampling:
    """What has been sampled of a clip so far, with one window length and one size."""

    size: WorkingSize
    options: SamplingOptions
    sketches: Tensor
    """(frames, height, width) uint8 at the networks' size."""
    picture: Bytes
    """(height, width, 3) RGB of the reference at the networks' size."""
    reference: EncodedReference
    rough: RoughDecoder
    noise: Noise
    plan: tuple[Window, ...]
    done: list[SampledWindow] = field(default_factory=list[SampledWindow])

    def latent_of(self, frame: int) -> Tensor:
        """(4, height, width), scaled, of a frame whose window is done."""
        sampled = self.done[window_of(self.plan, frame).number]
        return sampled.x0[frame - sampled.window.start].to(self.reference.latent.device)


class ClipPainter:
    """One user at a time: it moves networks between devices."""

    def __init__(
        self,
        networks: AniDocNetworks,
        device: torch.device,
        material: Material,
        finder: PointFinder,
        options: SamplingOptions,
        tiny: RoughDecoder | None = None,
    ) -> None:
        """`tiny`: what shows latents in previews; None: colours fitted to the reference."""
        self._networks = networks
        self._device = device
        self._material = material
        self._finder = finder
        self._options = options
        self._tiny = tiny
        self._sampling: _Sampling | None = None
        self.effort = Effort(decode_chunk=options.chunks.size, window=options.window)
        """What memory has allowed so far; may be lowered from outside before the first frame."""

    @property
    def kept_bytes(self) -> int:
        """Size of what would be sampled again if this painter were thrown away."""
        done = self._sampling.done if self._sampling is not None else []
        return sum(
            tensor.nbytes for one in done for tensor in (one.x_t, one.x0, one.conditions.hint, *one.estimates)
        )

    def pictures(self, frames: Sequence[int], listener: Listener) -> Iterator[tuple[int, Bytes]]:
        """(frame, RGB of the material's size) for each of `frames`, ascending.

        A frame comes out the same whichever others are asked for with it.

        Raises:
            KeycelError: RES_OUT_OF_MEMORY, or RUN_FAILED where the networks fail.
        """
        left = sorted(set(frames))
        while left:
            latents, chunk = self._latents(left[0], listener)
            decoded = self._decoded(latents, listener)
            if decoded is None:
                continue  # chunks are smaller now
            for place_in_chunk, frame in enumerate(chunk):
                if left and frame == left[0]:
                    left.pop(0)
                    yield frame, decoded[place_in_chunk]

    def take(self, frame: int, seed: int, listener: Listener) -> Bytes:
        """Another take of one frame with all others held. Raises like `pictures`."""
        while True:
            redrawn = self._redrawn(frame, seed, listener)
            latents, chunk = self._latents(frame, listener)
            latents[chunk.index(frame)] = redrawn
            decoded = self._decoded(latents, listener)
            if decoded is not None:
                return decoded[chunk.index(frame)]

    def _latents(self, frame: int, listener: Listener) -> tuple[Tensor, tuple[int, ...]]:
        """Scaled (frames, 4, height, width) of the frames that are decoded with this one, and which."""

        def work(effort: Effort) -> tuple[Tensor, tuple[int, ...]]:
            sampling = self._sampled(frame, effort, listener)
            chunk = _chunk_of(frame, window_of(sampling.plan, frame), len(sampling.sketches), effort)
            return torch.stack([sampling.latent_of(one) for one in chunk]), chunk

        found, self.effort = with_fallback(self.effort, Stage.SAMPLE, work, listener.on_fallback)
        return found

    def _redrawn(self, frame: int, seed: int, listener: Listener) -> Tensor:
        """(4, height, width) scaled."""

        def work(effort: Effort) -> Tensor:
            sampling = self._sampled(frame, effort, listener)
            sampled = _moved(sampling.done[window_of(sampling.plan, frame).number], self._device)
            return redraw_frame(
                self._networks,
                sampled,
                frame,
                sampling.options,
                seed,
                _told(sampling, frame - sampled.window.start, frame, listener),
            )

        latent, self.effort = with_fallback(self.effort, Stage.SAMPLE, work, listener.on_fallback)
        return latent

    def _sampled(self, frame: int, effort: Effort, listener: Listener) -> _Sampling:
        """Every window up to that of `frame`."""
        sampling = self._prepared(effort)
        place(self._networks, _DENOISERS, self._device, effort.offload)
        while len(sampling.done) <= window_of(sampling.plan, frame).number:
            previous = sampling.done[-1] if sampling.done else None
            window = sampling.plan[len(sampling.done)]
            condition = self._condition(sampling, window, listener)
            shown = min(frame, window.start + len(set(window.frames)) - 1)
            conditions = window_conditions(self._networks, condition, sampling.reference, sampling.options)
            sampled = sample_window(
                self._networks,
                window,
                conditions,
                previous,
                sampling.noise,
                sampling.options,
                _told(sampling, shown - window.start, shown, listener),
            )
            if previous is not None:  # only the last one is needed on the device
                sampling.done[-1] = _moved(previous, torch.device("cpu"))
            sampling.done.append(sampled)
        return sampling

    def _condition(self, sampling: _Sampling, window: Window, listener: Listener) -> Tensor:
        sketches, shown = sampling.sketches[list(window.frames)], len(set(window.frames))
        maps = self._finder.labels(sampling.picture, sketches.numpy(), shown, listener.checkpoint)
        if self._finder.sparse:
            sketches = two_sketches(sketches[0], sketches[-1], len(sketches))
        way = self._finder.correspondences or Correspondences.TRACKED
        return frame_condition(sketches, maps, as_values(torch.as_tensor(sampling.picture)), way)

    @torch.no_grad()
    def _prepared(self, effort: Effort) -> _Sampling:
        """What was sampled before if it was with this window and size, else a new beginning."""
        material, configuration = self._material, self._networks.configuration
        height, width = material.sketches.shape[1:]
        size = WorkingSize.of(height, width, effort.scale, configuration.size_multiple)
        known = self._sampling
        if known is not None and known.size == size and known.options.window == effort.window:
            return known
        self._sampling = None
        options = replace(self._options, window=effort.window)
        picture = size.padded_picture(torch.as_tensor(material.reference).permute(2, 0, 1)[None].float())[0]
        picture = picture.clamp(0.0, 255.0).round().byte().permute(1, 2, 0).contiguous()
        pixels = configuration.autoencoder.pixels_per_latent
        noise = draw_noise(options, size.padded_height // pixels, size.padded_width // pixels, pixels)
        place(self._networks, _ENCODERS, self._device, effort.offload)
        reference = encode_reference(self._networks, as_values(picture).to(self._device), noise, options)
        scaled = reference.latent[0] * configuration.autoencoder.scaling_factor
        self._sampling = _Sampling(
            size,
            options,
            binarised(size.padded_lines(torch.as_tensor(material.sketches).float())),
            picture.numpy(),
            reference,
            self._tiny or LatentColors.fitted(scaled, reference.picture),
            noise,
            plan_windows(len(material.sketches), options.window, options.overlap),
        )
        return self._sampling

    def _decoded(self, latents: Tensor, listener: Listener) -> Bytes | None:
        """(frames, height, width, 3) RGB of one chunk; None where memory calls for smaller chunks."""
        decoded, self.effort = decoded_chunk(
            self._networks, latents, self._device, self.effort, listener, self._to_bytes
        )
        return decoded

    def _to_bytes(self, pictures: Tensor) -> Bytes:
        """Rounded, as the official code writes its pictures."""
        check_decoded(pictures)
        assert self._sampling is not None
        cropped = self._sampling.size.cropped(pictures)
        values = ((cropped / 2.0 + 0.5).clamp(0.0, 1.0) * 255.0).round().byte()
        return np.ascontiguousarray(values.permute(0, 2, 3, 1).cpu().numpy())


def _told(sampling: _Sampling, slot: int, frame: int, listener: Listener) -> EstimateCallback:
    """Tells a listener of steps, and of what they show of a frame, the one in this slot of the window."""

    def told(number: int, estimate: Tensor) -> None:
        listener.on_step(number)
        listener.on_estimate(frame, lambda: sampling.rough.picture(estimate[slot]).numpy())

    return told


def _chunk_of(frame: int, window: Window, frames: int, effort: Effort) -> tuple[int, ...]:
    """The frames that are decoded together to give `frame`: of those its window samples, some at a time."""
    first = window.start + window.held
    last = min(window.start + len(window.frames), frames)
    chunks = decode_chunks(effort.decode_chunk).of(last - first)
    return next(numbers for chunk, _ in chunks if frame in (numbers := tuple(first + one for one in chunk)))


def _moved(sampled: SampledWindow, device: torch.device) -> SampledWindow:
    told = sampled.conditions
    conditions = replace(
        told,
        conditioning=replace(
            told.conditioning,
            image_embedding=told.conditioning.image_embedding.to(device),
            time_ids=told.conditioning.time_ids.to(device),
        ),
        concat=told.concat.to(device),
        hint=told.hint.to(device),
        guidance=told.guidance.to(device),
    )
    return replace(
        sampled,
        conditions=conditions,
        x_t=sampled.x_t.to(device),
        estimates=tuple(one.to(device) for one in sampled.estimates),
        x0=sampled.x0.to(device),
    )
