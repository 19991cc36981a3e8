"""The colours of painted keyframes, exactly as the artist mixed them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from keycel_backend.regions.arrays import Bytes, Floats, Integers, Mask, Pixels

Rgba = tuple[int, int, int, int]
UNPAINTED: Rgba = (0, 0, 0, 0)

_SMALLEST_PATCH = 6
"""Pixels of one exact colour, with a flat 2x2 block among them, that make it a palette colour."""
_MOST_COLORS = 1024


@dataclass(frozen=True, slots=True)
class Palette:
    """Legal colours. Entry 0 is always "unpainted"; the others are opaque."""

    colors: tuple[Rgba, ...]

    def __len__(self) -> int:
        return len(self.colors)

    def rgba(self) -> Pixels:
        """(n, 4) table for look-ups."""
        return np.array(self.colors, np.uint8)

    def entries_of(self, codes: Integers) -> Integers:
        """Entry of each colour code (see `color_codes`): the same colour, else the nearest by CIE76."""
        values, inverse = np.unique(codes, return_inverse=True)
        own = color_codes(self.rgba()[None])[0]
        order = np.argsort(own, kind="stable")
        place = np.minimum(np.searchsorted(own[order], values), len(own) - 1)
        entries = order[place]
        other = np.flatnonzero(own[entries] != values)
        if len(other):
            entries[other] = _nearest(values[other], own)
        return entries[inverse].reshape(codes.shape)


def color_codes(picture: Pixels) -> Integers:
    """One integer per pixel: 0 where less than half opaque, else 1<<24 | red<<16 | green<<8 | blue."""
    wide = picture.astype(np.int64)
    codes = (1 << 24) | (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]
    return np.where(picture[..., 3] >= 128, codes, 0)


def code_to_rgba(code: int) -> Rgba:
    return UNPAINTED if code == 0 else ((code >> 16) & 255, (code >> 8) & 255, code & 255, 255)


def lab_of(codes: Integers) -> Floats:
    """CIE Lab of opaque codes, (n, 3)."""
    rgb = np.stack([(codes >> 16) & 255, (codes >> 8) & 255, codes & 255], axis=-1).astype(np.float32) / 255.0
    return np.asarray(cv2.cvtColor(rgb.reshape(1, -1, 3), cv2.COLOR_RGB2LAB), np.float32)[0]


def _nearest(values: Integers, own: Integers) -> Integers:
    """Index of the nearest opaque entry; unpainted stays unpainted."""
    opaque = np.flatnonzero(own != 0)
    if len(opaque) == 0:
        return np.zeros(len(values), np.int64)
    mine = lab_of(own[opaque])
    found = np.empty(len(values), np.int64)
    for start in range(0, len(values), 4096):
        part = lab_of(values[start : start + 4096])
        distance = ((part[:, None] - mine[None]) ** 2).sum(axis=2)
        found[start : start + 4096] = opaque[distance.argmin(axis=1)]
    found[values == 0] = int(np.flatnonzero(own == 0)[0]) if (own == 0).any() else found[values == 0]
    return found


def flat_colors(codes: Integers, clean: Mask) -> dict[int, int]:
    """Exact colours that cover a patch of `clean` pixels, with their numbers of pixels.

    Blends of anti-aliased edges and lines do not form flat blocks and drop out.
    """
    values, counts = np.unique(codes[clean], return_counts=True)
    same = clean[:-1, :-1] & (codes[:-1, :-1] == codes[1:, 1:])
    same &= (codes[:-1, :-1] == codes[:-1, 1:]) & (codes[:-1, :-1] == codes[1:, :-1])
    blocks = np.unique(codes[:-1, :-1][same])
    kept = np.isin(values, blocks) & (counts >= _SMALLEST_PATCH)
    order = np.argsort(-counts[kept], kind="stable")[:_MOST_COLORS]
    return {int(values[kept][i]): int(counts[kept][i]) for i in order}


def palette_from(found: Sequence[dict[int, int]], legal: Sequence[Rgba] = ()) -> Palette:
    """Palette of all keyframes, most used colours first; `legal`, when given, are the only colours."""
    if legal:
        opaque = [color for color in dict.fromkeys(legal) if color[3] >= 128]
        return Palette((UNPAINTED, *((r, g, b, 255) for r, g, b, _ in opaque)))
    total: dict[int, int] = {}
    for counts in found:
        for code, number in counts.items():
            total[code] = total.get(code, 0) + number
    ordered = sorted((code for code in total if code != 0), key=lambda code: (-total[code], code))
    return Palette((UNPAINTED, *(code_to_rgba(code) for code in ordered[:_MOST_COLORS])))


def paint_shares(entries: Integers, labels: Integers, clean: Mask, count: int, colors: int) -> Floats:
    """(count, colors) share of each palette entry in each region, from clean pixels where it has any."""
    shares = np.zeros((count, colors), np.float32)
    for mask in (clean & (labels > 0), labels > 0):
        codes = (labels[mask].astype(np.int64) - 1) * colors + entries[mask]
        counted = np.bincount(codes, minlength=count * colors).reshape(count, colors).astype(np.float32)
        empty = shares.sum(axis=1) == 0
        shares[empty] = counted[empty]
    return shares / np.maximum(shares.sum(axis=1, keepdims=True), 1.0)


def opaque_share(picture: Pixels) -> float:
    return float(np.mean(picture[..., 3] >= 250))


def as_bytes(picture: Floats) -> Bytes:
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)
