"""Colours that meet inside one line region without a line between them.

A shade holds, for every colour of such a region, how deep each working pixel lies inside it: a
signed distance to where it meets the others. Distances move, blend and enlarge smoothly, and the
colour in whose depth a pixel lies deepest is a hard decision at any size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from keycel_backend.regions.arrays import (
    Bytes,
    Floats,
    Integers,
    Labels,
    Mask,
    blur,
    connected_pieces,
    distance_to,
)
from keycel_backend.regions.features import working_size
from keycel_backend.regions.tables import region_table

REACH = 48.0
"""Working pixels; depths farther from a border than this are all the same."""
_SMALLEST = 10
"""Working pixels of a piece that is paint and no fringe; it also holds a whole 3x3 block."""
_MARGIN = 2
"""Working pixels around a region, so that its shade can be enlarged up to its outline."""
_SOFTENED = 1.0
"""Working pixels of blur that take the steps of the pixel grid out of a border."""

Box = tuple[slice, slice]
"""Rows and columns."""


@dataclass(frozen=True, slots=True)
class Shade:
    """The colours of one region by place, in a box around it."""

    left: int
    top: int
    entries: Integers
    """(k,) palette entries, ascending."""
    depth: Floats
    """(k, height, width) working pixels, -REACH..REACH: positive inside the colour; half precision."""
    trust: float
    """0..1: how likely the borders are where they are said to be."""


Shades = Mapping[int, Shade]
"""Shades by row of the region; regions of one colour have none."""


def read_shades(paint: Labels, owner: Labels, filled: Labels, count: int) -> dict[int, Shade]:
    """Shades of a painted drawing, all maps at working size.

    `paint`: palette entry, -1 where it cannot be told; `owner`: regions, 0 on ink; `filled`: without ink.
    """
    solid = _solid(owner, paint)
    pairs = np.unique(owner[solid].astype(np.int64) << 32 | paint[solid])
    rows, several = np.unique((pairs >> 32) - 1, return_counts=True)
    found: dict[int, Shade] = {}
    if not (several > 1).any():
        return found
    boxes = shade_boxes(filled, count)
    for row in rows[several > 1].tolist():
        colors = (pairs & 0xFFFFFFFF)[(pairs >> 32) - 1 == row]
        box = boxes[row]
        own = owner[box] == row + 1
        places = [kept_pieces(own & (paint[box] == color)) for color in colors]
        kept = [number for number, place in enumerate(places) if place.any()]
        if len(kept) > 1:
            depth = _depths([places[number] for number in kept])
            found[row] = Shade(box[1].start, box[0].start, colors[kept], depth.astype(np.float16), 1.0)
    return found


def shade_boxes(filled: Labels, count: int) -> list[Box]:
    """Where the shade of each region lies in the working picture."""
    height, width = filled.shape
    return [
        (
            slice(max(0, top - _MARGIN), min(height, bottom + _MARGIN)),
            slice(max(0, left - _MARGIN), min(width, right + _MARGIN)),
        )
        for left, top, right, bottom in region_table(filled, count).box.tolist()
    ]


def _solid(owner: Labels, paint: Labels) -> Mask:
    """Pixels in the middle of a 3x3 block of one colour in one region."""
    block = np.ones((3, 3), np.uint8)
    same = (owner > 0) & (paint >= 0)
    for picture in (owner.astype(np.float32), paint.astype(np.float32)):
        same &= cv2.erode(picture, block) == cv2.dilate(picture, block)
    return same


def kept_pieces(place: Mask) -> Mask:
    """The connected pieces of `place` that are large enough to be paint."""
    count, pieces = connected_pieces(place)
    large = np.bincount(pieces.ravel(), minlength=count + 1) >= _SMALLEST
    core = cast(Bytes, cv2.erode(place.view(np.uint8), np.ones((3, 3), np.uint8), borderValue=0))
    thick = np.bincount(pieces[core > 0], minlength=count + 1) > 0
    keep = large & thick
    keep[0] = False
    return keep[pieces]


def _depths(places: Sequence[Mask]) -> Floats:
    away = np.stack([distance_to(place) for place in places])
    depth = np.empty_like(away)
    for number in range(len(places)):
        depth[number] = np.delete(away, number, axis=0).min(axis=0) - away[number]
    np.clip(depth, -REACH, REACH, out=depth)
    return np.stack([blur(layer, _SOFTENED) for layer in depth])


def without_scraps(entries: Integers, depth: Floats, own: Mask) -> tuple[Integers, Floats]:
    """The same without pieces too small to be paint. Colours without a piece leave, but for the last."""
    winner = depth.argmax(axis=0)
    depth = depth.copy()
    kept: list[int] = []
    for number in range(len(entries)):
        place = own & (winner == number)
        good = kept_pieces(place)
        depth[number][place & ~good] = -REACH
        if good.any():
            kept.append(number)
    if not kept:
        kept = [int(np.bincount(winner[own]).argmax())]
    return entries[kept], depth[kept]


def main_entry(shade: Shade, own: Mask) -> int:
    """The palette entry that takes up most of a region."""
    return int(shade.entries[np.bincount(shade.depth.argmax(axis=0)[own]).argmax()])


def blend_shades(left: Shade, right: Shade, place: float) -> tuple[Integers, Floats]:
    """Colours and depths between two shades of the same region; `place` 0: `left`, 1: `right`."""
    entries = np.union1d(left.entries, right.entries)
    return entries, (1.0 - place) * spread(left, entries) + place * spread(right, entries)


def spread(shade: Shade, entries: Integers) -> Floats:
    """Depths of a shade for more colours than it has; the others are as far away as these are deep."""
    depth = np.full((len(entries), *shade.depth.shape[1:]), -shade.depth.max(), np.float32)
    depth[np.searchsorted(entries, shade.entries)] = shade.depth
    return depth


def constant(like: Shade, entry: int, trust: float) -> Shade:
    """One colour all over the place of another shade.

    It is as deep as the other colours are there, so that halfway between the two these are just gone.
    """
    others = like.depth[like.entries != entry]
    depth = np.full((1, *like.depth.shape[1:]), max(float(others.max()), 1.0), np.float16)
    return Shade(like.left, like.top, np.array([entry], np.int64), depth, trust)


def divide(labels: Labels, count: int, shades: Shades) -> tuple[Labels, Integers, Integers]:
    """Canvas-size regions (1..count, 0 on ink) divided where their colours meet.

    The largest piece of a region keeps its number, others are counted on. Returns the labels; the row of the
    region of each added piece; and for all numbers the palette entry, -1 for regions that are whole.
    """
    divided = labels.copy() if shades else labels
    owners: list[int] = []
    entries = np.full(count, -1, np.int64)
    added: list[int] = []
    for row in sorted(shades):
        shade = shades[row]
        box, winner = _enlarged(shade, labels.shape)
        own = labels[box] == row + 1
        pixels = np.bincount(winner[own], minlength=len(shade.entries))
        for order, number in enumerate(np.argsort(-pixels, kind="stable").tolist()):
            if pixels[number] == 0:
                continue
            if order == 0:
                entries[row] = shade.entries[number]
                continue
            owners.append(row)
            added.append(int(shade.entries[number]))
            divided[box][own & (winner == number)] = count + len(owners)
    return divided, np.array(owners, np.int64), np.concatenate([entries, np.array(added, np.int64)])


def _enlarged(shade: Shade, canvas: tuple[int, ...]) -> tuple[Box, Labels]:
    """The shade's box on the canvas, and the number of the deepest colour at each of its pixels."""
    size = working_size(canvas[1], canvas[0])
    spans: list[slice] = []
    places: list[Floats] = []
    for axis, first in enumerate((shade.top, shade.left)):
        scale = canvas[axis] / size[axis]
        after = first + shade.depth.shape[1 + axis]
        span = slice(int(np.floor(first * scale)), min(canvas[axis], int(np.ceil(after * scale))))
        spans.append(span)
        places.append((np.arange(span.start, span.stop, dtype=np.float32) + 0.5) / scale - 0.5 - first)
    y, x = np.meshgrid(*places, indexing="ij")
    layers = [
        cv2.remap(layer, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for layer in shade.depth.astype(np.float32)
    ]
    return (spans[0], spans[1]), np.argmax(np.stack(layers), axis=0).astype(np.int32)
