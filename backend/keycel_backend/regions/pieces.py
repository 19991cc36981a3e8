"""Divides regions where the paint in them has several colours, as in drawings with open outlines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import find_objects

from keycel_backend.regions.arrays import Integers, Labels, Mask, distance_to, nearest_index


@dataclass(frozen=True, slots=True)
class Pieces:
    """Parts of regions, of one colour each."""

    labels: Labels
    """1..count where the region's label is not 0."""
    entries: Integers
    """(count,) palette entry of each."""


def cut(labels: Labels, entries: Labels, slack: float) -> Pieces:
    """Each region gets the colours that lie in it farther than `slack` pixels from any other colour of it.

    Paint that is a little beside its lines leaves slivers along them; nothing in those is that far from the
    colour next to it. Where nothing at all is, the region has the colour of most of its pixels.

    Args:
        labels: (height, width) regions 1..n, 0 none.
        entries: (height, width) palette entries of the paint.
    """
    inside = labels > 0
    sure = inside & (distance_to(_meetings(labels, entries)) > slack)
    count, colors = int(labels.max(initial=0)), int(entries.max(initial=0)) + 1
    tally = _tally(labels, entries, sure, count, colors)
    empty = tally.sum(axis=1) == 0
    tally[empty] = _tally(labels, entries, inside, count, colors)[empty]
    chosen = np.concatenate([[0], tally.argmax(axis=1)])
    settled = chosen[labels].astype(np.int32)
    mixed = ((tally > 0).sum(axis=1) > 1) & ~empty
    boxes = find_objects(labels) if mixed.any() else []
    for row in np.flatnonzero(mixed):
        box = boxes[row]
        own = labels[box] == row + 1
        nearest, _distance = nearest_index(own & sure[box])
        settled[box][own] = entries[box].ravel()[nearest[own]]  # of its nearest sure pixel
    codes = labels.astype(np.int64) * colors + settled
    values, number = np.unique(codes[inside], return_inverse=True)
    divided = np.zeros_like(labels)
    divided[inside] = number + 1
    return Pieces(divided, values % colors)


def _meetings(labels: Labels, entries: Labels) -> Mask:
    """Pixels beside one of the same region with another colour."""
    found = np.zeros(labels.shape, np.bool_)
    for one, two in (
        ((slice(None, -1), slice(None)), (slice(1, None), slice(None))),
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
    ):
        differ = (labels[one] == labels[two]) & (labels[one] > 0) & (entries[one] != entries[two])
        found[one] |= differ
        found[two] |= differ
    return found


def _tally(labels: Labels, entries: Labels, where: Mask, count: int, colors: int) -> Integers:
    """(count, colors) pixels of each region and colour."""
    places = (labels[where].astype(np.int64) - 1) * colors + entries[where]
    return np.bincount(places, minlength=count * colors).reshape(count, colors)
