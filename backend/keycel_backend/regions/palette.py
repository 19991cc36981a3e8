"""The colours of painted keyframes, exactly as the artist mixed them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from keycel_backend.regions.arrays import Floats, Integers, Labels, Mask, Pixels

Rgba = tuple[int, int, int, int]
Codes = NDArray[np.uint32]
"""One number per colour: red, green, blue, alpha from the low byte up; 0 is unpainted."""
UNPAINTED: Rgba = (0, 0, 0, 0)

_OPAQUE = np.uint32(0xFF000000)
_SMALLEST_PATCH = 6
"""Pixels of one exact colour, with a flat 2x2 block among them, that make it a palette colour."""
_MOST_COLORS = 1024


@dataclass(frozen=True, slots=True)
class Palette:
    """Legal colours. Entry 0 is always "unpainted"; the others are opaque."""

    colors: tuple[Rgba, ...]

    def __len__(self) -> int:
        return len(self.colors)

    def codes(self) -> Codes:
        return color_codes(np.array([self.colors], np.uint8))[0]

    def entries_of(self, codes: Codes) -> Labels:
        """Entry of each colour code: the same colour, else the nearest by CIE76. Any shape."""
        flat = codes.ravel()
        starts, lengths = _runs(flat)
        values, inverse = np.unique(flat[starts], return_inverse=True)
        own = self.codes()
        order = np.argsort(own, kind="stable")
        entries = order[np.minimum(np.searchsorted(own[order], values), len(own) - 1)]
        other = np.flatnonzero(own[entries] != values)
        entries[other] = _nearest(values[other], own)
        return np.repeat(entries[inverse].astype(np.int32), lengths).reshape(codes.shape)


def color_codes(picture: Pixels) -> Codes:
    """(height, width) codes of an RGBA picture; pixels less than half opaque are unpainted."""
    packed = np.ascontiguousarray(picture).view(np.uint32)[..., 0]
    return np.where(picture[..., 3] >= 128, packed | _OPAQUE, np.uint32(0))


def code_to_rgba(code: int) -> Rgba:
    return UNPAINTED if code == 0 else (code & 255, (code >> 8) & 255, (code >> 16) & 255, 255)


def pixels_of(codes: Codes) -> Pixels:
    return np.ascontiguousarray(codes).view(np.uint8).reshape(*codes.shape, 4)


def flat_colors(codes: Codes, clean: Mask) -> dict[int, int]:
    """Exact colours that cover a patch of `clean` pixels, with their numbers of pixels.

    Blends of anti-aliased edges and lines do not form flat blocks and drop out.
    """
    starts, lengths = _runs(codes[clean])
    if len(starts) == 0:
        return {}
    values, inverse = np.unique(codes[clean][starts], return_inverse=True)
    counts = np.bincount(inverse, weights=lengths)
    block = clean[:-1, :-1] & (codes[:-1, :-1] == codes[1:, 1:])
    block &= (codes[:-1, :-1] == codes[:-1, 1:]) & (codes[:-1, :-1] == codes[1:, :-1])
    flat = codes[:-1, :-1][block]
    blocks = np.unique(flat[_runs(flat)[0]])
    kept = np.flatnonzero(np.isin(values, blocks) & (counts >= _SMALLEST_PATCH))
    order = kept[np.argsort(-counts[kept], kind="stable")][:_MOST_COLORS]
    return {int(values[i]): int(counts[i]) for i in order}


def palette_from(found: Sequence[Mapping[int, int]], legal: Sequence[Rgba] = ()) -> Palette:
    """Palette of all keyframes, most used colours first; `legal`, when given, are the only colours."""
    if legal:
        opaque = dict.fromkeys((r, g, b, 255) for r, g, b, a in legal if a >= 128)
        return Palette((UNPAINTED, *opaque))
    total: dict[int, int] = {}
    for counts in found:
        for code, number in counts.items():
            total[code] = total.get(code, 0) + number
    ordered = sorted((code for code in total if code != 0), key=lambda code: (-total[code], code))
    return Palette((UNPAINTED, *(code_to_rgba(code) for code in ordered[:_MOST_COLORS])))


def paint_shares(entries: Labels, labels: Labels, clean: Mask, count: int, colors: int) -> Floats:
    """(count, colors) share of each palette entry in each region, from clean pixels where it has any."""
    shares = np.zeros((count, colors), np.float32)
    for mask in (clean & (labels > 0), labels > 0):
        places = (labels[mask].astype(np.int64) - 1) * colors + entries[mask]
        counted = np.bincount(places, minlength=count * colors).reshape(count, colors).astype(np.float32)
        empty = shares.sum(axis=1) == 0
        shares[empty] = counted[empty]
    total = shares.sum(axis=1, keepdims=True)
    shares[total[:, 0] == 0, 0] = 1.0
    return shares / np.maximum(total, 1.0)


def _runs(values: Codes) -> tuple[Integers, Integers]:
    """Starts and lengths of runs of equal values: sorting runs is far cheaper than sorting pixels."""
    if len(values) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    starts = np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1])
    return starts, np.diff(np.append(starts, len(values)))


def _lab(codes: Codes) -> Floats:
    rgb = pixels_of(codes)[:, :3].astype(np.float32) / 255.0
    return np.asarray(cv2.cvtColor(rgb[None], cv2.COLOR_RGB2LAB), np.float32)[0]


def _nearest(values: Codes, own: Codes) -> Integers:
    """Index of the nearest opaque code of `own`; unpainted stays unpainted (index 0)."""
    found = np.zeros(len(values), np.int64)
    opaque = np.flatnonzero(own != 0)
    if len(opaque) == 0:
        return found
    mine = _lab(own[opaque])
    for start in range(0, len(values), 4096):
        part = values[start : start + 4096]
        distance = ((_lab(part)[:, None] - mine[None]) ** 2).sum(axis=2)
        found[start : start + 4096] = np.where(part == 0, 0, opaque[distance.argmin(axis=1)])
    return found
