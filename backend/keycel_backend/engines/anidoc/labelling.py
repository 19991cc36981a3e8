"""What a window's networks are told beside the sketches: points of the reference, as maps of labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from keycel_backend.diffusion.anidoc.condition import Correspondences, LabelMaps
from keycel_backend.diffusion.anidoc.labels import (
    MOST_LABELS,
    Movement,
    Pairs,
    Tracks,
    draw_pairs,
    no_labels,
    on_pixels,
    pair_labels,
    track_labels,
)
from keycel_backend.diffusion.anidoc.sparse import MOST_TRAJECTORIES, straight_tracks
from keycel_backend.engines.anidoc.points import Matches, PointMatcher, PointTracker
from keycel_backend.engines.flat.drawings import Checkpoint
from keycel_backend.regions.arrays import Bytes


@dataclass(frozen=True, slots=True)
class PointFinder:
    """How points are found and which are told; draws are the same for the same seed."""

    matcher: PointMatcher
    tracker: PointTracker
    correspondences: Correspondences | None
    """None: none are told."""
    sparse: bool
    """Points move on straight lines from the first sketch to the last."""
    seed: int

    def labels(self, reference: Bytes, sketches: Bytes, shown: int, checkpoint: Checkpoint) -> LabelMaps:
        """For one window.

        Args:
            reference: (height, width, 3) RGB.
            sketches: (slots, height, width), 0 line, 255 paper.
            shown: number of leading slots with frames of their own; those after it repeat the last one.
        """
        slots, height, width = sketches.shape
        if self.correspondences is None:
            return no_labels(slots, height, width)
        checkpoint()
        pairs = self._pairs(self.matcher.match(reference, sketches[0]), height, width)
        if not len(pairs):
            return no_labels(slots, height, width)
        if self.correspondences is not Correspondences.TRACKED and not self.sparse:
            return pair_labels(pairs, slots, height, width)
        tracks = self._tracks(sketches[:shown], pairs, checkpoint)
        movement = Movement.of(_held(tracks, slots), shown)
        chosen = movement.survivors[movement.draw(self._most_labels, self.seed)]
        return track_labels(pairs, _held(tracks, slots), chosen, height, width)

    @property
    def _most_labels(self) -> int:
        return MOST_TRAJECTORIES if self.sparse else MOST_LABELS

    def _pairs(self, matches: Matches, height: int, width: int) -> Pairs:
        count = len(matches.reference)
        drawn = draw_pairs(count, self.seed) if count else torch.zeros(0, dtype=torch.int64)
        reference, sketch = (
            on_pixels(torch.as_tensor(places), height, width)[drawn]
            for places in (matches.reference, matches.sketch)
        )
        return Pairs(reference, sketch)

    def _tracks(self, sketches: Bytes, pairs: Pairs, checkpoint: Checkpoint) -> Tracks:
        start = pairs.sketch.numpy().astype(np.float32)
        if self.sparse:
            ends = self.tracker.follow(sketches[[0, -1]], start, checkpoint)
            straight = straight_tracks(
                torch.as_tensor(start), torch.as_tensor(ends.positions[-1]), len(sketches)
            )
            seen = torch.as_tensor(ends.visible[-1]).expand(len(sketches), -1)
            return Tracks(straight.positions.float(), seen)
        found = self.tracker.follow(sketches, start, checkpoint)
        return Tracks(torch.as_tensor(found.positions).float(), torch.as_tensor(found.visible))


def _held(tracks: Tracks, slots: int) -> Tracks:
    """The same with the last frame repeated up to `slots`."""
    return Tracks(_repeated(tracks.positions, slots), _repeated(tracks.visible, slots))


def _repeated(frames: Tensor, slots: int) -> Tensor:
    return torch.cat([frames, frames[-1:].expand(slots - len(frames), *frames.shape[1:])])
