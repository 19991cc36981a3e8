"""The eight channels that tell the ControlNet what each frame is to look like."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

SKETCH_CHANNELS = 3
REFERENCE_CHANNELS = 3
CONDITION_CHANNELS = SKETCH_CHANNELS + 2 + REFERENCE_CHANNELS
"""The sketch three times, two maps of labels, and the reference picture."""


class Correspondences(Enum):
    """Which points are told to the networks, as the release's script offers them."""

    TRACKED = "tracked"
    """Points found in the first sketch and followed through the others: the authors' way."""
    REPEATED = "repeated"
    """Points found in the first sketch, told of every frame as if nothing moved."""
    FIRST_FRAME = "first frame only"
    """The same points and the reference picture told of the first frame; of the others only sketches."""


@dataclass(frozen=True, slots=True)
class LabelMaps:
    """Points that are the same place of the character: one pixel each, with the pair's number; else 0."""

    reference: Tensor
    """(height, width) uint8 in the reference picture."""
    frames: Tensor
    """(frames, height, width) uint8 in each sketch; the numbers of points that are hidden are missing."""


def frame_condition(
    sketches: Tensor,
    maps: LabelMaps,
    reference: Tensor,
    correspondences: Correspondences = Correspondences.TRACKED,
) -> Tensor:
    """What the networks are told of each frame, (frames, `CONDITION_CHANNELS`, height, width) float32.

    Args:
        sketches: (frames, height, width) 0 line to 255 paper; the published weights know 0 and 255 only.
        maps: of the same size. Labels stay raw numbers in the condition, as in the official code.
        reference: (3, height, width) in -1..1.
    """
    frames, height, width = sketches.shape
    lines = (sketches.float() / 255.0 - 0.5) / 0.5
    told = torch.cat(
        [
            lines[:, None].expand(-1, SKETCH_CHANNELS, -1, -1),
            maps.reference.float().expand(frames, 1, height, width),
            maps.frames.float()[:, None],
            reference.float().expand(frames, -1, -1, -1),
        ],
        dim=1,
    )
    if correspondences is Correspondences.FIRST_FRAME:
        told[1:, SKETCH_CHANNELS:] = 0.0
    return told


def as_values(picture: Tensor) -> Tensor:
    """(height, width, 3) uint8 RGB to (3, height, width) in -1..1."""
    return (picture.permute(2, 0, 1).float() / 255.0 - 0.5) / 0.5
