"""Reads a painted keyframe: with or without lines composited, on transparent or on opaque paper."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keycel_backend.regions.arrays import (
    Floats,
    Labels,
    Mask,
    Pixels,
    connected_pieces,
    nearest_index,
    sample_nearest,
)
from keycel_backend.regions.lines import LineArt, lies_on_paper
from keycel_backend.regions.palette import Codes, Palette, color_codes, paint_shares, pixels_of
from keycel_backend.regions.segmentation import Segmentation

CLEAN_STRENGTH = 12
"""Pixels drawn on less than this show pure paint even where lines are composited."""
_PAPER_TOLERANCE = 8


@dataclass(frozen=True, slots=True)
class Painting:
    """A keyframe's colours. Paper counts as unpainted."""

    codes: Codes
    """(height, width)"""
    clean: Mask
    """Pixels whose colour is paint, not a blend with a line."""
    lines_in: bool
    paper: int
    """Colour code of opaque paper; 0 where the keyframe lies on transparent or its ground is painted."""


def read_painting(picture: Pixels, art: LineArt) -> Painting:
    codes = color_codes(picture)
    paper = _paper_of(picture, codes, art)
    lines_in = _has_lines(picture, art)
    clean = art.strength < CLEAN_STRENGTH if lines_in else np.ones(codes.shape, np.bool_)
    return Painting(np.where(codes == paper, np.uint32(0), codes), clean, lines_in, paper)


def _paper_of(picture: Pixels, codes: Codes, art: LineArt) -> int:
    """Colour along the canvas border, if the keyframe is opaque and it is white or the drawing's paper."""
    if not lies_on_paper(picture):
        return 0
    border = np.concatenate([codes[0], codes[-1], codes[:, 0], codes[:, -1]])
    values, counts = np.unique(border, return_counts=True)
    for code in values[np.argsort(-counts, kind="stable")][:4]:
        color = pixels_of(np.array([code], np.uint32))[0, :3].astype(np.int64)
        for paper in ((255, 255, 255), art.paper):
            if np.abs(color - np.array(paper)).max() <= _PAPER_TOLERANCE:
                return int(code)
    return 0


def _has_lines(picture: Pixels, art: LineArt) -> bool:
    """Whether pixels on lines look like paint seen through the line rather than like paint alone."""
    strong = (
        art.ink
        & ~art.trace
        & (art.strength >= np.percentile(art.strength[art.ink], 50) if art.ink.any() else False)
    )
    clear = art.strength < CLEAN_STRENGTH
    if not strong.any() or not clear.any():
        return False
    where = np.flatnonzero(strong)
    beside = nearest_index(clear)[0].ravel()[where]
    flat = picture.reshape(-1, 4)
    on_line, paint = _over_white(flat[where]), _over_white(flat[beside])
    through = paint * (1.0 - art.strength.ravel()[where, None] / 255.0)
    telling = np.abs(through - paint).max(axis=1) > 10
    if not telling.any():
        return False
    to_paint = np.abs(on_line - paint).max(axis=1)[telling]
    # lines may be tinted or laid over instead of multiplied: any clear darkening speaks for a line
    darker = (paint - on_line).max(axis=1)[telling] > 0.3 * np.abs(through - paint).max(axis=1)[telling]
    return float(np.mean(darker & (to_paint > 6))) > 0.5


def _over_white(rgba: Pixels) -> Floats:
    alpha = rgba[:, 3:4].astype(np.float32) / 255.0
    return rgba[:, :3] * alpha + 255.0 * (1.0 - alpha)


def shares_of(painting: Painting, segmentation: Segmentation, palette: Palette) -> Floats:
    """(regions, palette entries) share of each colour in each region."""
    entries = palette.entries_of(painting.codes)
    return paint_shares(entries, segmentation.labels, painting.clean, segmentation.count, len(palette))


def paint_at(
    painting: Painting, segmentation: Segmentation, palette: Palette, size: tuple[int, int]
) -> tuple[Labels, Labels]:
    """Palette entry (-1: no clean paint) and region (0: ink) at the pixels of a smaller picture."""
    codes = sample_nearest(painting.codes.view(np.int32), size).view(np.uint32)
    owner = sample_nearest(segmentation.labels, size)
    seen = sample_nearest(painting.clean.astype(np.int32), size) > 0
    return np.where(seen & (owner > 0), palette.entries_of(codes), -1).astype(np.int32), owner


def own_flats(painting: Painting, segmentation: Segmentation, palette: Palette) -> Codes:
    """The keyframe's own frame: the artist's pixels; composited lines give way to the paint beside them."""
    codes = painting.codes
    if painting.lines_in:
        codes = _without_lines(painting, segmentation, palette)
    if painting.paper:
        outside = _joined_to_border(codes == 0)
        codes = np.where((codes == 0) & ~outside, np.uint32(painting.paper), codes)
    return codes


def _without_lines(painting: Painting, segmentation: Segmentation, palette: Palette) -> Codes:
    entries = palette.entries_of(painting.codes)
    exact = palette.codes()[entries] == painting.codes
    trusted = painting.clean & exact & (segmentation.labels > 0)
    shares = paint_shares(entries, segmentation.labels, painting.clean, segmentation.count, len(palette))
    bare = np.bincount(segmentation.labels[trusted], minlength=segmentation.count + 1) == 0
    bare[0] = False
    main = np.concatenate([[0], palette.codes()[shares.argmax(axis=1)]]).astype(np.uint32)
    in_bare = bare[segmentation.labels]
    codes = np.where(in_bare, main[segmentation.labels], painting.codes)
    trusted |= in_bare
    if not trusted.any():
        return painting.codes
    return codes.ravel()[nearest_index(trusted)[0]]


def _joined_to_border(mask: Mask) -> Mask:
    _, pieces = connected_pieces(mask)
    border = np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])
    outside = np.unique(border)
    return np.isin(pieces, outside[outside > 0])
