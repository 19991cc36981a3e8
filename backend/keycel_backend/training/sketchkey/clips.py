"""Sequences to learn from: which drawings, what is told of them, and what they should become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeVar, cast

import cv2
import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor

from keycel_backend.diffusion.sketchkey import denoiser
from keycel_backend.diffusion.sketchkey.latents import encode
from keycel_backend.diffusion.sketchkey.sizes import HINT_PIXELS, PictureSize
from keycel_backend.engines.cel.carrying import LINE, carry_from_all
from keycel_backend.regions.arrays import Bytes, Floats
from keycel_backend.training.sketchkey.examples import CelExample

_BINARY_RANGE = (170, 230)
_FARTHEST_START = 4
"""Drawings between the painted one and the first to colour."""
_FARTHEST_KEY = 9
"""Drawings between the painted one and the last key where the token branch learns alone."""
_MOST_KEYS = 5
_DROPPED = 0.1
"""Chance that the reference is left out, and that the sketches are."""


_Picture = TypeVar("_Picture", Bytes, Floats)


class Stage(Enum):
    KEYS = "keys"
    """The token branch alone: what a key sketch says of its colours."""
    DENSE = "dense"
    """Every drawing has its sketch: the engine `cel`."""
    SPARSE = "sparse"
    """A few have: the engine `sketchkey`."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which drawings of a shot make a sequence; the same for all clips of a batch."""

    drawings: tuple[int, ...]
    """Of the frames; the first is the painted one."""
    known: tuple[bool, ...]
    drawn: tuple[bool, ...]
    keys: tuple[int, ...]
    """Drawings whose sketches the token branch is told, in or out of the sequence."""
    backward: bool

    @property
    def is_key(self) -> tuple[bool, ...]:
        return tuple(drawing in self.keys for drawing in self.drawings)


@dataclass(frozen=True, slots=True)
class Clips:
    """A batch."""

    sequence: denoiser.Sequence
    target: Tensor
    """(batch, frames, channels, height, width) clean latents of all frames."""
    lines: Tensor
    """(batch, frames, height, width) 0..1: how much of each latent is line or close to one."""
    is_key: Tensor
    """(frames,) bool"""
    key_target: Tensor
    """(batch, keys, channels, height, width) clean latents of the keys."""


def draw_pattern(random: np.random.Generator, stage: Stage, frames: int, drawings: int) -> Pattern:
    """A sequence of `frames` frames out of a shot of at least `frames` + 3 drawings."""
    if stage is Stage.KEYS:
        return _draw_pairs(random, frames, drawings)
    gap = 1 if random.random() < 0.7 else int(random.integers(1, min(_FARTHEST_START, drawings - frames) + 1))
    span = gap + frames - 2
    first = int(random.integers(0, drawings - span))
    order = (first, *range(first + gap, first + span + 1))
    known = [True] + [False] * (frames - 1)
    if random.random() < 0.3:  # a frame that is done already, as where one window follows another
        known[1] = True
    if stage is Stage.DENSE and random.random() < 0.3:  # the next painted frame
        known[-1] = True
    backward = bool(random.random() < 0.5)
    if random.random() < _DROPPED:
        known[0] = False
    keys: tuple[int, ...] = ()
    if stage is Stage.SPARSE:
        keys = _draw_keys(random, order, drawings)
        drawn = tuple(drawing in keys for drawing in order)
    else:
        drawn = (True,) * frames
    if random.random() < _DROPPED:
        keys, drawn = (), (False,) * frames
    pattern = Pattern(order, tuple(known), drawn, keys, backward)
    return _reversed(pattern, drawings) if backward else pattern


def _draw_pairs(random: np.random.Generator, frames: int, drawings: int) -> Pattern:
    """A painted drawing and `frames` - 1 keys after it; every other time all drawings between are there."""
    span = min(_FARTHEST_KEY, drawings - 1)
    first = int(random.integers(0, drawings - span))
    after = np.arange(first + 1, first + span + 1)
    keys = tuple(sorted(int(key) for key in random.choice(after, min(frames - 1, span), replace=False)))
    order = (first, *range(first + 1, keys[-1] + 1)) if random.random() < 0.5 else (first, *keys)
    known = (bool(random.random() >= _DROPPED), *(False,) * (len(order) - 1))
    backward = bool(random.random() < 0.5)
    pattern = Pattern(order, known, (True,) * len(order), keys, backward)
    return _reversed(pattern, drawings) if backward else pattern


def _draw_keys(random: np.random.Generator, order: Sequence[int], drawings: int) -> tuple[int, ...]:
    """1 to 5 drawings in and around the sequence; the painted one has its sketch every other time."""
    near = np.arange(max(0, order[0] - 2), min(drawings, order[-1] + 3))
    count = int(random.integers(1, _MOST_KEYS + 1))
    chosen = {int(drawing) for drawing in random.choice(near, min(count, len(near)), replace=False)}
    chosen -= {order[0]}
    if random.random() < 0.5 or not chosen:
        chosen.add(order[0])
    return tuple(sorted(chosen))


def _reversed(pattern: Pattern, drawings: int) -> Pattern:
    """The same in a shot played backward."""

    def mirrored(places: Sequence[int]) -> tuple[int, ...]:
        return tuple(drawings - 1 - place for place in places)

    return replace(pattern, drawings=mirrored(pattern.drawings), keys=mirrored(pattern.keys))


def make_clips(
    random: np.random.Generator, examples: Sequence[CelExample], pattern: Pattern, side: int, multiple: int
) -> Clips:
    """Each example, of one size, with changes of its own: colours, background, direction, weight of lines.

    Args:
        side, multiple: of the pictures, as for `PictureSize.of`; not more than the examples have.
    """
    size = PictureSize.of(examples[0].size.height, examples[0].size.width, side, multiple)
    changes = [Change.drawn(random) for _ in examples]
    return clips_of(examples, pattern, changes, size)


@dataclass(frozen=True, slots=True)
class Change:
    """How a shot differs from the stored one, in all its frames alike."""

    channels: tuple[int, int, int] = (0, 1, 2)
    """Order of red, green and blue."""
    background: tuple[int, int, int] = (255, 255, 255)
    mirrored: bool = False
    binary: int = LINE

    @classmethod
    def drawn(cls, random: np.random.Generator) -> Change:
        red, green, blue = (int(channel) for channel in random.permutation(3))
        plain = random.random() < 0.5
        color = (255, 255, 255) if plain else tuple(int(value) for value in random.integers(0, 256, 3))
        return cls(
            (red, green, blue),
            (color[0], color[1], color[2]),
            bool(random.random() < 0.5),
            int(random.integers(*_BINARY_RANGE)),
        )


def clips_of(
    examples: Sequence[CelExample], pattern: Pattern, changes: Sequence[Change], size: PictureSize
) -> Clips:
    """The batch that `pattern` makes of `examples`, at least one."""
    pairs = list(zip(examples, changes, strict=True))

    def sketches(drawings: Sequence[int]) -> Tensor:
        found = [[_ink(example, one, change, size) for one in drawings] for example, change in pairs]
        return torch.as_tensor(np.array(found, np.float32)).reshape(len(pairs), len(drawings), *size.hint)

    def latents(pictures: Sequence[Sequence[Floats]]) -> Tensor:
        values = torch.as_tensor(np.array(pictures, np.float32)).permute(0, 1, 4, 2, 3) / 127.5 - 1.0
        return encode(values.flatten(0, 1)).unflatten(0, values.shape[:2])

    told = (*pattern.drawings, *pattern.keys)
    target = latents([[_picture(example, one, change, size) for one in told] for example, change in pairs])
    carried = latents([_carried(example, pattern, change, size) for example, change in pairs])
    frames = len(pattern.drawings)
    inked = sketches(pattern.drawings)
    step = -1 if pattern.backward else 1
    start = pattern.drawings[0]
    sequence = denoiser.Sequence(
        frame_index=torch.tensor([step * (drawing - start) for drawing in pattern.drawings]),
        known=torch.tensor(pattern.known),
        colors=target[:, :frames],
        start=carried[:, :frames],
        sketches=inked,
        drawn=torch.tensor(pattern.drawn),
        reference_sketch=sketches(pattern.drawings[:1])[:, 0],
        key_sketches=sketches(pattern.keys),
        key_starts=carried[:, frames:],
        key_index=torch.tensor([step * (drawing - start) for drawing in pattern.keys]),
    )
    is_key = torch.tensor(pattern.is_key)
    return Clips(sequence, target[:, :frames], _line_map(inked), is_key, target[:, frames:])


def _ink(example: CelExample, drawing: int, change: Change, size: PictureSize) -> Floats:
    """(hint height, hint width) 1 line, 0 paper."""
    lines = _resized(example.lines[drawing], size.hint)
    return _turned((lines < change.binary).astype(np.float32), change)


def _carried(example: CelExample, pattern: Pattern, change: Change, size: PictureSize) -> list[Floats]:
    """The painted frame at each frame and then at each key, as far as the sketches tell its motion."""
    told = (*pattern.drawings, *pattern.keys)
    step = -1 if pattern.backward else 1
    times = range(min(told), max(told) + 1)[::step]
    seen = {
        *pattern.keys,
        *(one for one, there in zip(pattern.drawings, pattern.drawn, strict=True) if there),
    }
    lines = [
        _turned(_resized(example.lines[drawing], size.hint), change) if drawing in seen else None
        for drawing in times
    ]
    painted = pattern.drawings[0]
    picture = _picture(example, painted, change, size).round().astype(np.uint8)
    starts = carry_from_all({times.index(painted): picture}, lines)
    return [starts[times.index(drawing)].astype(np.float32) for drawing in told]


def _picture(example: CelExample, drawing: int, change: Change, size: PictureSize) -> Floats:
    """(height, width, 3) 0..255: flats over the background with lines over them."""
    paint = _resized(example.paint[drawing], (size.height, size.width)).astype(np.float32)
    color = paint[..., list(change.channels)] + (255.0 - paint[..., 3:]) / 255.0 * np.array(change.background)
    lines = _resized(example.lines[drawing], (size.height, size.width)).astype(np.float32)
    return _turned((color * lines[..., None] / 255.0).astype(np.float32), change)


def _resized(picture: Bytes, size: tuple[int, int]) -> Bytes:
    if picture.shape[:2] == size:
        return picture
    return cast(Bytes, cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA))


def _turned(picture: _Picture, change: Change) -> _Picture:
    return cast(_Picture, np.ascontiguousarray(picture[:, ::-1])) if change.mirrored else picture


def _line_map(inked: Tensor) -> Tensor:
    """Lines widened by one latent, and their share in each latent."""
    wide = functional.max_pool2d(inked, 2 * HINT_PIXELS + 1, 1, HINT_PIXELS)
    return functional.avg_pool2d(wide, HINT_PIXELS)
