"""Turns what the networks painted into a finished frame: palette colours, or their own shading."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from keycel_backend.engines.base import FrameResult
from keycel_backend.engines.flat.drawings import PackedLabels
from keycel_backend.engines.flat.finish import Paint, finish
from keycel_backend.engines.flat.sweep import Answer
from keycel_backend.regions.arrays import Bytes
from keycel_backend.regions.palette import Palette
from keycel_backend.regions.propagation import Colors
from keycel_backend.regions.proposal import Votes, count_votes, own_shading
from keycel_backend.regions.segmentation import Segmentation

_BLURRED = 2.5
"""Pixels of the networks over which colours mix along a line."""
_LEAST = 1e-3


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the networks' picture says of a drawing's regions."""

    canvas: Bytes
    """(height, width, 3) RGB, the picture at canvas size."""
    blur: float
    """Distance from a line, in pixels, up to which colours may be mixed in it."""
    votes: Votes


def read_suggestion(
    proposal: Bytes, segmentation: Segmentation, palette: Palette, unpainted: tuple[int, int, int] | None
) -> Suggestion:
    """From the networks' picture, (height, width, 3) RGB of any size.

    Args:
        segmentation: of the drawing at canvas size.
        unpainted: what unpainted ground looks like in `proposal`; None where nothing may stay unpainted.
    """
    height, width = segmentation.labels.shape
    blur = max(1.0, _BLURRED * max(height / proposal.shape[0], width / proposal.shape[1]))
    canvas = cv2.resize(proposal, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    return Suggestion(canvas, blur, count_votes(canvas, segmentation, palette, blur, unpainted))


def finished_frame(
    time: int,
    suggestion: Suggestion,
    segmentation: Segmentation,
    paint: Paint,
    soft: bool,
    seconds: float,
) -> FrameResult:
    """`soft`: keep the networks' shading; nothing of it is a palette colour, and the report says so."""
    votes = suggestion.votes
    regions = PackedLabels.pack(segmentation.labels, segmentation.count)
    result = finish(
        time, Answer(0, regions, _believed(votes, paint.palette), (), shades={}), paint, 0, seconds
    )
    result = replace(
        result,
        regions=tuple(
            replace(region, reason=why) if region.reason else region
            for region, why in zip(result.regions, votes.reasons, strict=True)
        ),
    )
    if not soft:
        return result
    return _softened(result, own_shading(suggestion.canvas, segmentation, votes, suggestion.blur), votes)


def _believed(votes: Votes, palette: Palette) -> Colors:
    """The votes as shares of colours whose confidence is that of the votes."""
    shares = np.zeros((len(votes.entries), len(palette)), np.float32)
    shares[np.arange(len(votes.entries)), votes.entries] = np.maximum(votes.confidence, _LEAST)
    return Colors(shares, np.ones(len(votes.entries), np.float32))


def _softened(result: FrameResult, shading: Bytes, votes: Votes) -> FrameResult:
    """The same regions painted and unpainted, but in the networks' colours."""
    flats = result.flats.copy()
    painted = flats[..., 3] > 0
    flats[painted, :3] = shading[painted]
    regions = tuple(
        replace(region, color=(int(red), int(green), int(blue), 255), palette_entry=None)
        if region.color[3]
        else region
        for region, (red, green, blue) in zip(result.regions, votes.colors, strict=True)
    )
    return replace(result, flats=flats, regions=regions)
