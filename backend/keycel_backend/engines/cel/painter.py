"""Paints one stretch of drawings window by window as far as it is asked to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from keycel_backend.diffusion.sketchkey import denoiser
from keycel_backend.diffusion.sketchkey.latents import decode, encode
from keycel_backend.diffusion.sketchkey.networks import SketchKeyNetworks
from keycel_backend.diffusion.sketchkey.sampling import Painted, StepCallback, frame_noise, paint
from keycel_backend.diffusion.sketchkey.sizes import PictureSize
from keycel_backend.diffusion.sketchkey.windows import Window, plan_windows
from keycel_backend.engines.cel.carrying import LINE, carry_from_all
from keycel_backend.regions.arrays import Bytes

_MOST_KEYS = 5
"""Key sketches that a window is told of; the networks have not been trained with more."""


@dataclass(frozen=True, slots=True)
class CelFrame:
    """One drawing of a stretch; the first is painted."""

    seed: int
    """Of its noise."""
    lines: Bytes | None
    """(height, width) dark lines on white, at the size of sketches; None where the networks see none."""
    picture: Bytes | None = None
    """(height, width, 3) RGB where it is painted by the artist."""


class CelPainter:
    """Remembers what it has painted. One user at a time."""

    def __init__(
        self,
        networks: SketchKeyNetworks,
        device: torch.device,
        size: PictureSize,
        frames: Sequence[CelFrame],
        steps: int,
        sparse: bool,
    ) -> None:
        """`sparse`: the token branch is told of the drawings with lines; windows end at them."""
        self._networks = networks
        self._device = device
        self._size = size
        self._frames = frames
        self._steps = steps
        painted = {number: frame.picture for number, frame in enumerate(frames) if frame.picture is not None}
        self._starts = carry_from_all(painted, [frame.lines for frame in frames])
        self._keys = [number for number, frame in enumerate(frames) if sparse and frame.lines is not None]
        self._windows = plan_windows(len(frames), self._keys)
        self._painted: list[Painted] = []

    def steps_up_to(self, frame: int) -> int:
        """Steps that painting `frame` takes, with what comes before it; what is remembered takes none."""
        return max(0, self._window_of(frame) + 1 - len(self._painted)) * self._steps

    def pictures(self, frames: Sequence[int], on_step: StepCallback) -> Iterator[tuple[int, Bytes]]:
        """(frame, RGB) for each of `frames` (1 or more), ascending; the same whichever others are asked for.

        Raises:
            KeycelError: RUN_FAILED where the networks fail.
        """
        for frame in sorted(set(frames)):
            yield frame, self._to_picture(self._latent(frame, on_step))

    def take(self, frame: int, seed: int, on_step: StepCallback) -> Bytes:
        """Another take of one frame (1 or more) with all others held to the bit. Raises like `pictures`."""
        self._latent(frame, on_step)
        number = self._window_of(frame)
        window, before = self._windows[number], self._painted[number]
        slot = window.frames.index(frame)
        noise = before.noise.clone()
        noise[slot] = frame_noise(seed, tuple(noise.shape[1:]))
        held = {
            other: tuple(estimate[other] for estimate in before.estimates)
            for other in range(len(window.frames))
            if other != slot
        }
        sequence = self._sequence(window)
        return self._to_picture(
            paint(self._networks, sequence, noise, self._steps, on_step, held).latents[slot]
        )

    def _window_of(self, frame: int) -> int:
        return next(number for number, window in enumerate(self._windows) if frame in window.new)

    def _latent(self, frame: int, on_step: StepCallback) -> Tensor:
        number = self._window_of(frame)
        while len(self._painted) <= number:
            window = self._windows[len(self._painted)]
            sequence = self._sequence(window)
            shape = tuple(sequence.colors.shape[2:])
            noise = torch.stack([frame_noise(self._frames[one].seed, shape) for one in window.frames])
            self._painted.append(paint(self._networks, sequence, noise, self._steps, on_step))
        return self._painted[number].latents[self._windows[number].frames.index(frame)]

    def _sequence(self, window: Window) -> denoiser.Sequence:
        """What the networks are told of a window; windows before it are painted."""
        frames = [self._frames[number] for number in window.frames]
        known = [slot < window.given or frame.picture is not None for slot, frame in enumerate(frames)]
        colors = torch.stack([self._known_latent(window, slot) for slot in range(len(frames))])
        starts = torch.stack([_latent_of(self._starts[number]) for number in window.frames])
        keys = self._keys_near(window)
        return denoiser.Sequence(
            frame_index=torch.tensor([window.place(number) for number in window.frames]),
            known=torch.tensor(known),
            colors=colors[None],
            start=starts[None],
            sketches=torch.stack([self._ink(number) for number in window.frames])[None],
            drawn=torch.tensor([frame.lines is not None for frame in frames]),
            reference_sketch=self._ink(window.frames[0])[None],
            key_sketches=torch.stack([self._ink(number) for number in keys])[None]
            if keys
            else torch.zeros(1, 0, *self._size.hint),
            key_starts=torch.stack([_latent_of(self._starts[number]) for number in keys])[None]
            if keys
            else torch.zeros(1, 0, *starts.shape[1:]),
            key_index=torch.tensor([window.place(number) for number in keys], dtype=torch.long),
        ).to(self._device)

    def _known_latent(self, window: Window, slot: int) -> Tensor:
        """(channels, height, width); zeros where nothing is known."""
        number = window.frames[slot]
        picture = self._frames[number].picture
        if picture is not None:
            return _latent_of(picture)
        if slot < window.given:
            before = self._window_of(number)
            return self._painted[before].latents[self._windows[before].frames.index(number)].cpu()
        return torch.zeros(self._networks.configuration.latent_channels, *self._size.latent)

    def _keys_near(self, window: Window) -> list[int]:
        """Key sketches in the window, and the next one on either side; the nearest to its end if many."""
        first, last = window.new[0], window.new[-1]
        before = [key for key in self._keys if key < first][-1:]
        after = [key for key in self._keys if key > last][:1]
        inside = [key for key in self._keys if first <= key <= last]
        return [*before, *inside, *after][-_MOST_KEYS:]

    def _ink(self, number: int) -> Tensor:
        lines = self._frames[number].lines
        if lines is None:
            return torch.zeros(self._size.hint)
        return torch.as_tensor(lines < LINE).float()

    def _to_picture(self, latent: Tensor) -> Bytes:
        values = ((decode(latent[None])[0] + 1.0) * 127.5).round().clamp(0.0, 255.0)
        return np.ascontiguousarray(values.byte().permute(1, 2, 0).cpu().numpy())


def _latent_of(picture: Bytes) -> Tensor:
    """(channels, height, width)"""
    values = torch.as_tensor(picture).permute(2, 0, 1)[None].float() / 127.5 - 1.0
    return encode(values)[0]
