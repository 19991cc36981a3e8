"""Finding points of the reference picture in a sketch, and following them: what can take whose place.

Pictures have the size at which the networks see them. Sketches are (height, width) uint8, 0 line, 255 paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from keycel_backend.engines.flat.drawings import Checkpoint
from keycel_backend.regions.arrays import Bytes, Floats, Mask


@dataclass(frozen=True, slots=True)
class Matches:
    """Places that are the same part of the character: x, y in pixels."""

    reference: Floats
    """(matches, 2)"""
    sketch: Floats
    """(matches, 2)"""

    @classmethod
    def none(cls) -> Matches:
        return cls(np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32))


@dataclass(frozen=True, slots=True)
class Followed:
    """Where points of the first sketch are in each one."""

    positions: Floats
    """(sketches, points, 2) x, y in pixels; where a point is not seen its last place."""
    visible: Mask
    """(sketches, points)"""


class PointMatcher(Protocol):
    def match(self, reference: Bytes, sketch: Bytes) -> Matches:
        """`reference` (height, width, 3) RGB, with its lines."""
        ...


class PointTracker(Protocol):
    def follow(self, sketches: Bytes, points: Floats, checkpoint: Checkpoint) -> Followed:
        """`sketches` (sketches, height, width), `points` (points, 2) x, y in the first of them.

        `checkpoint` is called now and then; what it raises (`Cancelled`) ends the search.
        """
        ...
