"""Carries the painted frame along with the lines: what the networks start from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import cv2
import numpy as np

from keycel_backend.regions.arrays import Bytes, Floats
from keycel_backend.regions.motion import dense_motion

_SOFT = 1.0
"""Pixels; the search for motion follows flanks."""


def carry(picture: Bytes, lines: Sequence[Bytes | None]) -> list[Bytes]:
    """The picture as it would be at each frame of a sequence, as far as motion of lines tells.

    From drawing to drawing; frames without one lie on the straight way between the two around them, those
    after the last one stay.

    Args:
        picture: (height, width, 3) RGB of the first frame.
        lines: of each frame, (k height, k width) dark lines on white; None where there is no drawing.
    """
    drawn = [frame for frame, drawing in enumerate(lines) if drawing is not None]
    found = [picture] * len(lines)
    for before, after in pairwise(drawn):
        motion = _motion(lines[after], lines[before], picture.shape[:2])
        for frame in range(before + 1, after + 1):
            found[frame] = _moved(found[before], motion * ((frame - before) / (after - before)))
        for frame in range(after + 1, len(lines)):
            found[frame] = found[after]
    return found


def _motion(target: Bytes | None, source: Bytes | None, size: tuple[int, ...]) -> Floats:
    """(height, width, 2) from pixels of the later frame to those of the earlier, in pixels of the picture."""
    assert target is not None
    assert source is not None
    flow = dense_motion(_strength(target), _strength(source))
    scale = size[0] / target.shape[0]
    small = cv2.resize(flow, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return cast(Floats, small) * np.float32(scale)


def _strength(lines: Bytes) -> Bytes:
    return cast(Bytes, cv2.GaussianBlur(255 - lines, (0, 0), _SOFT))


def _moved(picture: Bytes, motion: Floats) -> Bytes:
    height, width = motion.shape[:2]
    columns = np.arange(width, dtype=np.float32)[None, :] + motion[..., 0]
    rows = np.arange(height, dtype=np.float32)[:, None] + motion[..., 1]
    moved = cv2.remap(picture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cast(Bytes, moved)
