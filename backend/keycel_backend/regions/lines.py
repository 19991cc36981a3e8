"""Reads a drawing: which pixels are ink, how strong, and which are coloured separation (trace) lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, cast

import cv2
import numpy as np

from keycel_backend.regions.arrays import Bytes, Floats, Mask, Pixels, distance_to

AnyPixels = TypeVar("AnyPixels", Bytes, Floats)

_OPAQUE_SHARE = 0.98
"""Share of opaque pixels from which on a picture counts as lying on paper, not on transparent."""
_FAINTEST = 12
_TRACE_CHROMA = 80
_NEUTRAL_CHROMA = 60
_TRACE_HUE_APART = 40.0


@dataclass(frozen=True, slots=True)
class LineArt:
    """What the rest of the package needs to know of one drawing."""

    strength: Bytes
    """How strongly each pixel is drawn on, 0..255."""
    ink: Mask
    """Pixels that separate regions."""
    trace: Mask
    """Ink of coloured separation lines (shadow and highlight borders), painted over in a finished frame."""
    paper: tuple[int, int, int]
    line_width: float
    """Typical width of a line in pixels, at least 1."""
    on_paper: bool
    """False: the drawing lies on transparent."""

    @property
    def is_empty(self) -> bool:
        return not bool(self.ink.any())


def read_line_art(drawing: Pixels) -> LineArt:
    """Lines of `drawing`, on transparent or on opaque paper of one colour.

    The threshold between ink and paper follows the drawing's own typical line, so that faint
    pencil lines separate as well as black ones.
    """
    alpha = drawing[..., 3]
    on_paper = lies_on_paper(drawing)
    if on_paper:
        paper = _paper_color(drawing[..., :3])
        levels = np.arange(256)
        tables = [np.abs(levels - value).astype(np.uint8) for value in paper]
        away = [cv2.LUT(drawing[..., channel], tables[channel]) for channel in range(3)]
        strength = cast(Bytes, cv2.max(cv2.max(away[0], away[1]), away[2]))
    else:
        paper = (255, 255, 255)
        strength = alpha.copy()
    ink = strength >= _ink_threshold(strength)
    trace = _trace_lines(drawing, ink, strength, on_paper)
    return LineArt(strength, ink, trace, paper, typical_width(ink), on_paper)


def lies_on_paper(picture: Pixels) -> bool:
    """True for a picture that is opaque, but for a few pixels."""
    opaque = int(np.count_nonzero(picture[..., 3] >= 250))
    return opaque / (picture.shape[0] * picture.shape[1]) >= _OPAQUE_SHARE


def _paper_color(rgb: Bytes) -> tuple[int, int, int]:
    """The most frequent colour, counted on a coarse sample."""
    step = max(1, min(rgb.shape[:2]) // 500)
    sample = rgb[::step, ::step].astype(np.int64)
    codes = ((sample[..., 0] << 16) | (sample[..., 1] << 8) | sample[..., 2]).ravel()
    # paper lies in long runs: these are sorted much faster than its pixels
    starts = np.concatenate([[0], np.flatnonzero(codes[1:] != codes[:-1]) + 1])
    values, place = np.unique(codes[starts], return_inverse=True)
    counts = np.bincount(place, weights=np.diff(np.append(starts, codes.size)))
    code = int(values[counts.argmax()])
    return (code >> 16) & 255, (code >> 8) & 255, code & 255


def _ink_threshold(strength: Bytes) -> float:
    """A quarter of the strength of a well-drawn line pixel, within sane bounds."""
    histogram = cv2.calcHist([strength], [0], None, [256], [0, 256]).ravel()
    drawn = histogram[_FAINTEST:].astype(np.float64)
    if drawn.sum() == 0:
        return 256.0
    cumulated = np.cumsum(drawn) / drawn.sum()
    typical = _FAINTEST + int(np.searchsorted(cumulated, 0.85))
    return float(np.clip(0.25 * typical, _FAINTEST, 64))


def typical_width(ink: Mask) -> float:
    """Width of the lines of `ink` in pixels.

    Twice the mean depth of ink, corrected for the pixel grid: exact for long straight lines.
    """
    if not ink.any():
        return 1.0
    depth = distance_to(~ink)[ink]
    thin = depth[depth <= np.percentile(depth, 90)]
    return max(1.0, 4.0 * float(thin.mean()) - 2.0 if len(thin) else 1.0)


def _trace_lines(drawing: Pixels, ink: Mask, strength: Bytes, on_paper: bool) -> Mask:
    """Ink that is strongly coloured while the drawing's main line is neutral or of another hue."""
    trace = np.zeros(ink.shape, np.bool_)
    where = np.flatnonzero(ink)
    if len(where) == 0:
        return trace
    stored = drawing.reshape(-1, 4).take(where, axis=0)[:, :3]
    darkness = strength.ravel()[where].astype(np.float32)[:, None] / 255.0
    spread = _spread(stored)
    if not (spread >= _TRACE_CHROMA * (np.maximum(darkness[:, 0], 0.25) - 0.01 if on_paper else 1.0)).any():
        return trace  # grey lines, as most are: no undoing of the blend makes them coloured
    rgb = stored.astype(np.float32)
    if on_paper:  # undo the blend of thin lines with white paper, as far as it can be known
        rgb = np.clip(255.0 - (255.0 - rgb) / np.maximum(darkness, 0.25), 0.0, 255.0)
    chroma = _spread(rgb)
    strong = darkness[:, 0] >= np.percentile(darkness, 40)
    coloured = chroma >= _TRACE_CHROMA
    if float(np.median(chroma[strong])) >= _NEUTRAL_CHROMA:
        hue = _hue(rgb)
        typical = strong & coloured
        if not typical.any():  # main lines with a slight tint
            typical = strong
        main = np.rad2deg(np.angle(np.exp(1j * np.deg2rad(hue[typical])).mean()))
        apart = np.abs((hue - float(main) + 180.0) % 360.0 - 180.0)
        coloured &= apart >= _TRACE_HUE_APART
    trace.ravel()[where[coloured]] = True
    return trace


def _spread(rgb: AnyPixels) -> AnyPixels:
    """Largest minus smallest channel, shape (n,): by columns, much faster than along the last axis."""
    red, green, blue = rgb[:, 0], rgb[:, 1], rgb[:, 2]
    spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    return cast(AnyPixels, spread)


def _hue(rgb: Floats) -> Floats:
    """Hue in degrees on the red-green / blue-yellow plane."""
    red, green, blue = rgb[:, 0], rgb[:, 1], rgb[:, 2]
    return np.rad2deg(np.arctan2(np.sqrt(3.0) * (green - blue), 2.0 * red - green - blue)).astype(np.float32)
