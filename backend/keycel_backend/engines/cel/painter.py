"""Paints one stretch of drawings window by window as far as it is asked to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from keycel_backend.diffusion.attempts import with_fallback
from keycel_backend.diffusion.fallback import Effort, Stage
from keycel_backend.diffusion.sketchkey import denoiser
from keycel_backend.diffusion.sketchkey.networks import SketchKeyNetworks
from keycel_backend.diffusion.sketchkey.sampling import Painted, StepCallback, frame_noise, paint
from keycel_backend.diffusion.sketchkey.sizes import PictureSize
from keycel_backend.diffusion.sketchkey.windows import LONGEST, Window, plan_windows
from keycel_backend.engines.cel.carrying import carry_from_all
from keycel_backend.engines.cel.frames import CelFrame, ink, latent_of, resized, to_picture
from keycel_backend.engines.checking import checked
from keycel_backend.engines.painting import Listener
from keycel_backend.regions.arrays import Bytes

_MOST_KEYS = 5
"""Key sketches that a window is told of; the networks have not been trained with more."""
_LEAST_SIDE = 45
"""Pictures with fewer pixels than a square of this side show nothing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The windows of a stretch in the order in which they are painted."""

    windows: tuple[Window, ...]

    @classmethod
    def of(cls, frames: int, keys: Sequence[int]) -> Plan:
        """`keys`: frames with a key sketch, where the networks see only those; windows end at them."""
        return cls(plan_windows(frames, keys))

    def window_of(self, frame: int) -> int:
        """Number of the window that `frame` (1 or more) is painted in."""
        return next(number for number, window in enumerate(self.windows) if frame in window.new)


@dataclass(slots=True)
class _Painting:
    """What has been painted of a stretch so far, at one size on one device."""

    size: PictureSize
    device: torch.device
    frames: tuple[CelFrame, ...]
    starts: list[Bytes]
    """(height, width, 3) RGB of each frame: the painted ones, carried along."""
    done: list[Painted] = field(default_factory=list[Painted])


class CelPainter:
    """Remembers what it has painted. One user at a time: it moves networks between devices."""

    def __init__(
        self,
        networks: SketchKeyNetworks,
        device: torch.device,
        size: PictureSize,
        frames: Sequence[CelFrame],
        steps: int,
        sparse: bool,
    ) -> None:
        """`sparse`: the token branch is told of the drawings that are shown; windows end at them."""
        self._networks = networks
        self._device = device
        self._size = size
        self._frames = tuple(frames)
        self._steps = steps
        self._keys = [number for number, frame in enumerate(frames) if sparse and frame.shown]
        self._plan = Plan.of(len(frames), self._keys)
        self._painting: _Painting | None = None
        self.effort = _most_effort(size, device)
        """What memory has allowed so far."""
        self.given_up = ""
        """What it did not allow, as a listener was told last; empty for nothing."""

    def steps_up_to(self, frame: int) -> int:
        """Steps that painting `frame` takes, with what comes before it; what is remembered takes none."""
        done = 0 if self._painting is None else len(self._painting.done)
        return max(0, self._plan.window_of(frame) + 1 - done) * self._steps

    def pictures(self, frames: Sequence[int], listener: Listener) -> Iterator[tuple[int, Bytes]]:
        """(frame, RGB) for each of `frames` (1 or more), ascending; the same whichever others are asked for.

        Pictures are smaller from where memory runs out on.

        Raises:
            KeycelError: RES_OUT_OF_MEMORY, or RUN_FAILED where the networks fail.
        """
        for frame in sorted(set(frames)):
            yield frame, self._picture(frame, listener)

    def take(self, frame: int, seed: int, listener: Listener) -> Bytes:
        """Another take of one frame (1 or more) with all others held to the bit. Raises like `pictures`."""
        return self._attempted(lambda effort: self._repainted(frame, seed, effort, listener), listener)

    def _picture(self, frame: int, listener: Listener) -> Bytes:
        return self._attempted(lambda effort: self._latent(frame, effort, listener), listener)

    def _attempted(self, work: Callable[[Effort], Tensor], listener: Listener) -> Bytes:
        """RGB of the latent that `work` gives with as much effort as memory allows."""

        def on_fallback(what: str) -> None:
            self.given_up = what
            listener.on_fallback(what)

        latent, self.effort = with_fallback(self.effort, Stage.SAMPLE, work, on_fallback)
        return to_picture(latent)

    def _latent(self, frame: int, effort: Effort, listener: Listener) -> Tensor:
        """(channels, height, width)"""
        number = self._plan.window_of(frame)
        painted = self._up_to(number, effort, listener).done[number]
        return painted.latents[self._plan.windows[number].frames.index(frame)]

    def _repainted(self, frame: int, seed: int, effort: Effort, listener: Listener) -> Tensor:
        """(channels, height, width) of one frame from other noise."""
        number = self._plan.window_of(frame)
        painting = self._up_to(number, effort, listener)
        window, before = self._plan.windows[number], painting.done[number]
        slot = window.frames.index(frame)
        noise = before.noise.clone()
        noise[slot] = frame_noise(seed, tuple(noise.shape[1:]))
        held = {
            other: tuple(estimate[other] for estimate in before.estimates)
            for other in range(len(window.frames))
            if other != slot
        }
        sequence = self._sequence(painting, window)
        told = _told(window, frame, listener)
        with checked([self._networks], listener.checkpoint):
            painted = paint(self._networks, sequence, noise, self._steps, told, held)
        return painted.latents[slot]

    def _up_to(self, number: int, effort: Effort, listener: Listener) -> _Painting:
        """Everything up to the window of that number."""
        painting = self._prepared(effort, listener)
        while len(painting.done) <= number:
            window = self._plan.windows[len(painting.done)]
            sequence = self._sequence(painting, window)
            shape = tuple(sequence.colors.shape[2:])
            noise = torch.stack([frame_noise(painting.frames[one].seed, shape) for one in window.frames])
            shown = window.new[len(window.new) // 2]
            told = _told(window, shown, listener)
            with checked([self._networks], listener.checkpoint):
                painted = paint(self._networks, sequence, noise, self._steps, told)
            painting.done.append(painted)
        return painting

    def _prepared(self, effort: Effort, listener: Listener) -> _Painting:
        """What was painted before if it was at this size and there, else a new beginning."""
        device = torch.device("cpu") if effort.processor else self._device
        size = _scaled(self._size, effort.scale, self._networks.configuration.size_multiple)
        self._networks.to(device)
        known = self._painting
        if known is not None and (known.size, known.device) == (size, device):
            return known
        self._painting = None
        frames = tuple(resized(frame, size) for frame in self._frames)
        painted = {number: frame.picture for number, frame in enumerate(frames) if frame.picture is not None}
        starts = carry_from_all(painted, [frame.lines for frame in frames], listener.checkpoint)
        self._painting = _Painting(size, device, frames, starts)
        return self._painting

    def _sequence(self, painting: _Painting, window: Window) -> denoiser.Sequence:
        """What the networks are told of a window; windows before it are painted."""
        frames = [painting.frames[number] for number in window.frames]
        known = [slot < window.given or frame.picture is not None for slot, frame in enumerate(frames)]
        colors = torch.stack([self._known_latent(painting, window, slot) for slot in range(len(frames))])
        keys = self._keys_near(window)

        def drawings(numbers: Sequence[int]) -> Tensor:
            """(1, numbers, height, width) of sketches."""
            if not numbers:
                return torch.zeros(1, 0, *painting.size.hint)
            return torch.stack([ink(painting.frames[number]) for number in numbers])[None]

        def starting(numbers: Sequence[int]) -> Tensor:
            """(1, numbers, channels, height, width) of what was carried there."""
            channels = self._networks.configuration.latent_channels
            if not numbers:
                return torch.zeros(1, 0, channels, *painting.size.latent)
            return torch.stack([latent_of(painting.starts[number]) for number in numbers])[None]

        return denoiser.Sequence(
            frame_index=torch.tensor([window.place(number) for number in window.frames]),
            known=torch.tensor(known),
            colors=colors[None],
            start=starting(window.frames),
            sketches=drawings(window.frames),
            drawn=torch.tensor([frame.shown for frame in frames]),
            reference_sketch=drawings(window.frames[:1])[:, 0],
            key_sketches=drawings(keys),
            key_starts=starting(keys),
            key_index=torch.tensor([window.place(number) for number in keys], dtype=torch.long),
        ).to(painting.device)

    def _known_latent(self, painting: _Painting, window: Window, slot: int) -> Tensor:
        """(channels, height, width); zeros where nothing is known."""
        number = window.frames[slot]
        picture = painting.frames[number].picture
        if picture is not None:
            return latent_of(picture)
        if slot < window.given:
            before = self._plan.window_of(number)
            return painting.done[before].latents[self._plan.windows[before].frames.index(number)].cpu()
        return torch.zeros(self._networks.configuration.latent_channels, *painting.size.latent)

    def _keys_near(self, window: Window) -> list[int]:
        """Key sketches in the window, and the next one on either side; the nearest to its end if many."""
        first, last = window.new[0], window.new[-1]
        before = [key for key in self._keys if key < first][-1:]
        after = [key for key in self._keys if key > last][:1]
        inside = [key for key in self._keys if first <= key <= last]
        return [*before, *inside, *after][-_MOST_KEYS:]


def _most_effort(size: PictureSize, device: torch.device) -> Effort:
    """There is neither a decoder nor a network that is not in use, and windows are short already."""
    return Effort(
        decode_chunk=1,
        offload=True,
        window=LONGEST,
        least_scale=_LEAST_SIDE / (size.height * size.width) ** 0.5,
        processor=None if device.type == "cpu" else False,
    )


def _told(window: Window, frame: int, listener: Listener) -> StepCallback:
    """Tells a listener of steps, and what one frame of the window looks like after each."""
    slot = window.frames.index(frame)

    def told(number: int, estimate: Tensor) -> None:
        listener.on_step(number)
        listener.on_estimate(frame, lambda: to_picture(estimate[slot]))

    return told


def _scaled(size: PictureSize, scale: float, multiple: int) -> PictureSize:
    if scale == 1.0:
        return size
    side = round(scale * (size.height * size.width) ** 0.5)
    return PictureSize.of(size.height, size.width, side, multiple)
