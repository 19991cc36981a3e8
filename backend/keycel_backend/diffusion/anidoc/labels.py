"""From matched and tracked points to maps of labels, as the release's script makes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from keycel_backend.diffusion.anidoc.condition import LabelMaps

MOST_PAIRS = 50
"""Matches that are tracked at most."""
MOST_LABELS = 10
"""Tracks that are told to the networks at most."""
_LEAST_VISIBLE = 3
"""A track must be seen in more frames than this."""
_LEAST_MOTION = 1.0
"""A track must move farther than this between frames, in pixels, on average."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Places in the reference picture and the same places in the first sketch: x, y in pixels."""

    reference: Tensor
    """(pairs, 2) int64"""
    sketch: Tensor
    """(pairs, 2) int64"""

    def __len__(self) -> int:
        return len(self.reference)


@dataclass(frozen=True, slots=True)
class Tracks:
    """Where points are in each frame."""

    positions: Tensor
    """(frames, points, 2) float, x, y in pixels; may lie outside the frame."""
    visible: Tensor
    """(frames, points) bool"""


def on_pixels(points: Tensor, height: int, width: int) -> Tensor:
    """(..., 2) x, y to the nearest pixels (half to even) of the frame, int64; what left it is on its edge."""
    highest = torch.tensor([width - 1, height - 1], device=points.device)
    return torch.minimum(points.round().long().clamp(min=0), highest)


def draw_pairs(count: int, seed: int) -> Tensor:
    """Which of `count` matches are tracked, in order, int64: at most `MOST_PAIRS`, evenly by chance."""
    drawn = np.random.RandomState(seed % 2**32).choice(count, min(count, MOST_PAIRS), replace=False)
    return torch.as_tensor(drawn.astype(np.int64))


def pair_labels(pairs: Pairs, frames: int, height: int, width: int) -> LabelMaps:
    """Every pair on every frame, as if nothing moved."""
    everywhere = torch.ones(len(pairs), dtype=torch.bool)
    sketch = _label_map(pairs.sketch, everywhere, height, width)
    reference = _label_map(pairs.reference, everywhere, height, width)
    return LabelMaps(reference, sketch.expand(frames, -1, -1))


@dataclass(frozen=True, slots=True)
class Movement:
    """Which tracks tell something: those that are seen, and move."""

    survivors: Tensor
    """(survivors,) int64, indices into the tracks."""
    probability: Tensor
    """(survivors,) of being told, proportional to motion."""

    @classmethod
    def of(cls, tracks: Tracks, frames: int | None = None) -> Movement:
        """`frames`: that leading ones count for the motion; None: all. The release knows no others."""
        seen = tracks.visible.sum(dim=0) > _LEAST_VISIBLE
        motion = mean_motion(tracks, frames)
        survivors = torch.where(seen & (motion > _LEAST_MOTION))[0]
        return cls(survivors, motion[survivors] / motion[survivors].sum())

    def draw(self, most: int, seed: int) -> Tensor:
        """Up to `most` different indices into `survivors`, in an order that decides on the labels."""
        count = min(most, len(self.survivors))
        if count == 0:
            return self.survivors[:0]
        generator = torch.Generator().manual_seed(seed)
        return torch.multinomial(self.probability, count, generator=generator)


def mean_motion(tracks: Tracks, frames: int | None = None) -> Tensor:
    """(points,) pixels that each moves from a frame to the next, on average over the leading `frames`."""
    steps = tracks.positions[:frames].diff(dim=0)
    return (steps * steps).sum(dim=-1).sqrt().mean(dim=0)


def track_labels(pairs: Pairs, tracks: Tracks, chosen: Tensor, height: int, width: int) -> LabelMaps:
    """Labels 1, 2, ... for the tracks `chosen` (indices, in order), in frames in which they are visible.

    The map of the reference has all of them. Where none is chosen there are no labels.
    """
    positions = on_pixels(tracks.positions[:, chosen], height, width)
    everywhere = torch.ones(len(chosen), dtype=torch.bool)
    frames = [
        _label_map(places, visible, height, width)
        for places, visible in zip(positions, tracks.visible[:, chosen], strict=True)
    ]
    return LabelMaps(_label_map(pairs.reference[chosen], everywhere, height, width), torch.stack(frames))


def no_labels(frames: int, height: int, width: int) -> LabelMaps:
    """Of a sketch in which nothing of the reference was found."""
    empty = torch.zeros(height, width, dtype=torch.uint8)
    return LabelMaps(empty, empty.expand(frames, -1, -1))


def visible_places(tracks: Tracks, frame: int) -> list[tuple[float, float]]:
    """x, y of the points that are seen in a frame, in order."""
    places = tracks.positions[frame][tracks.visible[frame]]
    return [(float(place[0]), float(place[1])) for place in places]


def _label_map(places: Tensor, visible: Tensor, height: int, width: int) -> Tensor:
    """(height, width) uint8; later labels overwrite earlier ones on one pixel."""
    labels = torch.zeros(height, width, dtype=torch.uint8)
    for index in range(len(places)):
        if visible[index]:
            x, y = int(places[index, 0]), int(places[index, 1])
            labels[y, x] = index + 1
    return labels
