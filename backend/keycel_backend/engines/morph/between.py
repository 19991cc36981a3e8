"""Colours what lies between two coloured keys: their paint moves along with their strokes."""

from __future__ import annotations

import time as clock
from dataclasses import replace

import numpy as np

from keycel_backend.engines.base import FrameResult, Request
from keycel_backend.engines.flat.description import GAP, LEAVE_UNSURE, OVERLAP
from keycel_backend.engines.flat.drawings import Checkpoint, PackedLabels
from keycel_backend.engines.flat.finish import Paint, finish
from keycel_backend.engines.flat.sweep import Answer
from keycel_backend.engines.morph.colored_keys import ColoredKeys
from keycel_backend.engines.morph.line_track import judged, take_of
from keycel_backend.engines.options import number
from keycel_backend.inbetweening.track import Track
from keycel_backend.regions.arrays import Floats, Labels
from keycel_backend.regions.confidence import DISAGREE
from keycel_backend.regions.lines import read_line_art
from keycel_backend.regions.pieces import Pieces, cut
from keycel_backend.regions.propagation import Colors
from keycel_backend.regions.segmentation import automatic_gap, segment

UNSURE_KEY = "This part is already unsure on the key sketches."
_LEAST = 1e-3


def color_between(
    request: Request, track: Track, keys: ColoredKeys, moment: int, checkpoint: Checkpoint
) -> FrameResult:
    """The frame at `moment`, at which nothing is a key.

    Each region of the drawing gets the colours of the nearer key that are carried into it; several, where
    its outline is half drawn. They are as sure as both keys agree on them and are sure of them themselves.
    """
    begun = clock.monotonic()
    take = take_of(request, moment)
    line = track.drawing(moment, take)
    art = read_line_art(line)
    checkpoint()
    gap = number(request.options, GAP) or automatic_gap(line.shape[1], line.shape[0], art.line_width)
    found = segment(art.ink, gap, checkpoint=checkpoint)
    one, two, share = track.around(moment)
    before, after = track.paint(moment, keys.paint(one), keys.paint(two), take)
    checkpoint()
    pieces = cut(found.labels, before if share <= 0.5 else after, max(2.0, art.line_width))
    checkpoint()
    agreed = _agreed(pieces, before, after, share)
    trust = _trust(keys, pieces, one, two, share)
    sure = np.maximum(agreed * trust, _LEAST).astype(np.float32)
    shares = np.zeros((len(sure), len(keys.palette)), np.float32)
    shares[np.arange(len(sure)), pieces.entries] = sure
    answer = Answer(
        0,
        PackedLabels.pack(pieces.labels, len(sure)),
        Colors(shares, np.ones(len(sure), np.float32)),
        (),
        shades={},
    )
    paint = Paint(
        keys.palette, 0, int(number(request.options, OVERLAP)), bool(request.options[LEAVE_UNSURE.name])
    )
    result = finish(moment, answer, paint, 0, clock.monotonic() - begun)
    regions = tuple(
        replace(region, reason=UNSURE_KEY if trust[row] < agreed[row] else DISAGREE)
        if region.reason
        else region
        for row, region in enumerate(result.regions)
    )
    return judged(replace(result, regions=regions, line=line), track)


def _agreed(pieces: Pieces, before: Labels, after: Labels, share: float) -> Floats:
    """(pieces,) share of the pixels, 0..1, that have the piece's colour in either key, by nearness."""
    inside = pieces.labels > 0
    rows = pieces.labels[inside] - 1
    own = pieces.entries[rows]
    votes = (1.0 - share) * (before[inside] == own) + share * (after[inside] == own)
    count = len(pieces.entries)
    area = np.bincount(rows, minlength=count)
    return np.bincount(rows, weights=votes, minlength=count) / np.maximum(area, 1)


def _trust(keys: ColoredKeys, pieces: Pieces, one: int, two: int, share: float) -> Floats:
    """(pieces,) how sure the colour is on the key that it comes from."""
    key = one if share <= 0.5 else two
    of_entry = np.array([keys.sureness(key, color) for color in keys.palette.colors])
    return of_entry[pieces.entries]
