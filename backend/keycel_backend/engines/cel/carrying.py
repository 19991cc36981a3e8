"""Carries the painted frame along with the lines: what the networks start from.

Its paint moves; its lines do not, since the drawing of a frame has them already. Networks of a few hundred
pixels would spend most of what they can on drawing the same lines once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar, cast

import cv2
import numpy as np

from keycel_backend.regions.arrays import Bytes, Floats, Labels
from keycel_backend.regions.motion import dense_motion

_Picture = TypeVar("_Picture", Bytes, Floats)

LINE = 200
"""Darker than this (0 black, 255 white) is line, as in AniDoc: soft lines would give colours away."""
_SOFT = 1.0
"""Pixels; the search for motion follows flanks."""
_CLEAR = 0.05
"""Share of line up to which a pixel of the picture shows its paint."""


def _go_on() -> None:
    """The checkpoint of callers that never stop."""


def carry(
    picture: Bytes, lines: Sequence[Bytes | None], checkpoint: Callable[[], None] = _go_on
) -> list[Bytes]:
    """The picture as it would be at each frame of a sequence, as far as the drawings tell.

    Paint moves from drawing to drawing; frames without one lie on the straight way between the two around
    them, those after the last one stay. Over it lie the lines of the frame itself, or those of the drawing
    before it, moved along. The first frame is the picture as it is; without a drawing of it nothing moves.

    Args:
        picture: (height, width, 3) RGB of the first frame.
        lines: of each frame, (k height, k width) dark lines on white; None where there is no drawing.
        checkpoint: called before each frame; may raise to stop the work.
    """
    first = lines[0]
    if first is None:
        return [picture] * len(lines)
    size = picture.shape[:2]
    drawn = [frame for frame, drawing in enumerate(lines) if drawing is not None]
    paint = [_without_lines(picture, _ink(first, size))] * len(lines)
    ink = [_ink(first, size)] * len(lines)
    for before, after in pairwise(drawn):
        checkpoint()
        motion = _motion(lines[after], lines[before], size)
        for frame in range(before + 1, after + 1):
            checkpoint()
            part = motion * ((frame - before) / (after - before))
            paint[frame], ink[frame] = _moved(paint[before], part), _moved(ink[before], part)
        ink[after] = _ink(lines[after], size)
        for frame in range(after + 1, len(lines)):
            paint[frame], ink[frame] = paint[after], ink[after]
    return [picture, *(_inked(*both) for both in zip(paint[1:], ink[1:], strict=True))]


def carry_from_all(
    painted: Mapping[int, Bytes],
    lines: Sequence[Bytes | None],
    checkpoint: Callable[[], None] = _go_on,
) -> list[Bytes]:
    """Of every frame the nearest painted one, carried there as by `carry`; of two as near, the earlier.

    Args:
        painted: by frame, at least one.
        checkpoint: as of `carry`.
    """
    nearest = [min(sorted(painted), key=lambda origin: abs(origin - frame)) for frame in range(len(lines))]
    starts: dict[int, Bytes] = {}
    for origin, picture in painted.items():
        used = [frame for frame, found in enumerate(nearest) if found == origin]
        later = carry(picture, _needed(lines[origin:], used[-1] - origin), checkpoint)
        earlier = carry(picture, _needed(lines[origin::-1], origin - used[0]), checkpoint)
        for frame in used:
            starts[frame] = later[frame - origin] if frame >= origin else earlier[origin - frame]
    return [starts[frame] for frame in range(len(lines))]


def _needed(lines: Sequence[Bytes | None], last: int) -> Sequence[Bytes | None]:
    """All that frames up to `last` depend on: frames between two drawings move towards the second one."""
    drawn = (frame for frame in range(last, len(lines)) if lines[frame] is not None)
    return lines[: next(drawn, last) + 1]


def _ink(lines: Bytes | None, size: tuple[int, ...]) -> Floats:
    """(height, width) how dark lines make the paint, 0..1."""
    assert lines is not None
    line = np.where(lines < LINE, 255 - lines, np.uint8(0)).astype(np.float32) / np.float32(255.0)
    return cast(Floats, cv2.resize(line, (size[1], size[0]), interpolation=cv2.INTER_AREA))


def _without_lines(picture: Bytes, ink: Floats) -> Bytes:
    """The picture with the nearest paint where its lines were; as it is where lines cover all of it."""
    hidden = (ink > _CLEAR).astype(np.uint8)
    if hidden.all():
        return picture
    found = cv2.distanceTransformWithLabels(
        hidden, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = cast(Labels, found[1])
    shown = hidden == 0
    source = np.zeros(int(nearest.max()) + 1, np.int64)
    source[nearest[shown]] = np.flatnonzero(shown)
    return np.ascontiguousarray(picture.reshape(-1, 3)[source[nearest]])


def _inked(paint: Bytes, ink: Floats) -> Bytes:
    return (paint * (1.0 - ink[..., None])).round().astype(np.uint8)


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


def _moved(picture: _Picture, motion: Floats) -> _Picture:
    height, width = motion.shape[:2]
    columns = np.arange(width, dtype=np.float32)[None, :] + motion[..., 0]
    rows = np.arange(height, dtype=np.float32)[:, None] + motion[..., 1]
    moved = cv2.remap(picture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cast(_Picture, moved)
