"""Shades along a stretch: which colours meet without a line in each drawing, seen from both ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import zstandard

from keycel_backend.engines.flat.drawings import PackedLabels
from keycel_backend.regions.arrays import Floats, Integers, Mask
from keycel_backend.regions.features import RegionFeatures
from keycel_backend.regions.propagation import Colors
from keycel_backend.regions.shade_motion import Carried, Ground, Shaded
from keycel_backend.regions.shading import (
    Shade,
    Shades,
    blend_shades,
    constant,
    main_entry,
    shade_boxes,
    without_scraps,
)

_KNOWN = 0.5
"""An end that knows this much of a region and sees one colour in it says that there is no shade."""


@dataclass(frozen=True, slots=True)
class PackedGround:
    """A drawing's ground, small enough to be kept of every drawing of a stretch."""

    labels: PackedLabels
    lines: bytes

    @classmethod
    def pack(cls, ground: Ground) -> PackedGround:
        labels = PackedLabels.pack(ground.labels, int(ground.labels.max()))
        return cls(labels, zstandard.compress(ground.lines.tobytes(), 1))

    def unpack(self) -> Ground:
        lines = np.frombuffer(zstandard.decompress(self.lines), np.uint8)
        return Ground(self.labels.unpack(), lines.reshape(self.labels.height, self.labels.width))


def ground_of(features: RegionFeatures) -> Ground:
    return Ground(features.labels, features.lines)


def main_entries(colors: Colors) -> Integers:
    return colors.shares.argmax(axis=1)


def shaded(features: RegionFeatures, colors: Colors, shades: Shades) -> Shaded:
    return Shaded(ground_of(features), main_entries(colors), shades)


def inherited(colors: Colors, carried: Mapping[int, Carried]) -> tuple[Colors, dict[int, Shade]]:
    """Believed colours and shades once it is known what has landed where."""
    settled = _settled(colors, {row: (found.group, found.main) for row, found in carried.items()})
    return settled, {row: found.shade for row, found in carried.items() if len(found.shade.entries) > 1}


def settled_start(colors: Colors, shades: Shades) -> Colors:
    """Colours of a painted drawing: a region with a shade counts as the colour of its largest part."""
    mains = main_entries(colors)
    return _settled(colors, {row: (shade.entries, int(mains[row])) for row, shade in shades.items()})


def _settled(colors: Colors, groups: Mapping[int, tuple[Integers, int]]) -> Colors:
    """What is believed of any colour of a region's group speaks for the region's largest part.

    Colours that meet in one region would else be rivals and lose to a third one.
    """
    if not groups:
        return colors
    shares = colors.shares.copy()
    for row, (group, main) in groups.items():
        total = shares[row, group].sum()
        shares[row, group] = 0.0
        shares[row, main] += total
    return Colors(shares, colors.known)


def between(
    before: Shaded, after: Shaded, known: tuple[Floats, Floats], colors: Colors, place: float
) -> tuple[Colors, dict[int, Shade]]:
    """`colors` and shades of one drawing as both ends see them; `place` 0..1: where between them it lies."""
    rows = sorted({*before.shades, *after.shades})
    if not rows:
        return colors, {}
    boxes = shade_boxes(before.ground.labels, len(before.entries))
    found: dict[int, Shade] = {}
    groups: dict[int, tuple[Integers, int]] = {}
    for row in rows:
        left, right = _seen(row, before, after, known[0]), _seen(row, after, before, known[1])
        own = before.ground.labels[boxes[row]] == row + 1
        shade, group = _together(left, right, place, own)
        groups[row] = group, main_entry(shade, own)
        if len(shade.entries) > 1:
            found[row] = shade
    return _settled(colors, groups), found


def _seen(row: int, end: Shaded, other: Shaded, known: Floats) -> Shade | None:
    """What one end says of a region's shade: one colour all over counts only from who knows the region."""
    if row in end.shades:
        return end.shades[row]
    sure = float(known[row])
    return constant(other.shades[row], int(end.entries[row]), sure) if sure >= _KNOWN else None


def _together(left: Shade | None, right: Shade | None, place: float, own: Mask) -> tuple[Shade, Integers]:
    """What both ends say, at least one of them, and all colours that had a chance."""
    if left is None or right is None:
        shade = left or right
        assert shade is not None
        return shade, shade.entries
    says = (1.0 - place) * left.trust, place * right.trust
    if not np.intersect1d(left.entries, right.entries).size:
        shade = left if says[0] >= says[1] else right
        return shade, shade.entries
    share = says[1] / max(sum(says), 1e-6)
    entries, depth = blend_shades(left, right, share)
    kept, depth = without_scraps(entries, depth, own)
    trust = (1.0 - share) * left.trust + share * right.trust
    return Shade(left.left, left.top, kept, depth.astype(np.float16), trust), entries
