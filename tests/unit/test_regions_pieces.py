"""Regions with paint of several colours are divided; slivers along lines are not."""

from __future__ import annotations

import numpy as np

from keycel_backend.regions.arrays import Labels
from keycel_backend.regions.pieces import cut

SIZE = (60, 80)


def paint(**areas: tuple[int, slice, slice]) -> Labels:
    found = np.ones(SIZE, np.int32)
    for entry, rows, columns in areas.values():
        found[rows, columns] = entry
    return found


def colors(labels: Labels, entries: Labels, slack: float = 2.0) -> Labels:
    """The entry of every pixel, 0 where there is no region."""
    pieces = cut(labels, entries, slack)
    assert (pieces.labels[labels == 0] == 0).all()
    assert sorted(np.unique(pieces.labels[labels > 0])) == list(range(1, len(pieces.entries) + 1))
    return np.concatenate([[0], pieces.entries])[pieces.labels].astype(np.int32)


def test_a_sliver_along_a_line_takes_the_colour_of_its_region() -> None:
    labels = np.ones(SIZE, np.int32)
    labels[:, 40] = 0
    labels[:, 41:] = 2
    entries = paint(right=(5, slice(None), slice(43, None)))  # two pixels beside the line
    found = colors(labels, entries)
    assert (found[:, :40] == 1).all()
    assert (found[:, 41:] == 5).all()


def test_a_region_without_a_line_between_its_colours_is_divided() -> None:
    entries = paint(right=(5, slice(None), slice(33, None)))
    assert (colors(np.ones(SIZE, np.int32), entries) == entries).all()


def test_every_pixel_of_a_divided_region_is_its_own_regions() -> None:
    """The nearest sure pixel may lie in another region: it does not count."""
    labels = np.ones(SIZE, np.int32)
    labels[20:, 30] = 0
    labels[20:, 31:] = 2
    entries = paint(low=(7, slice(40, None), slice(0, 30)), beside=(5, slice(20, None), slice(31, None)))
    found = colors(labels, entries)
    assert set(np.unique(found[labels == 1])) == {1, 7}
    assert (found[labels == 2] == 5).all()


def test_a_thin_region_has_the_colour_of_most_of_its_pixels() -> None:
    labels = np.zeros(SIZE, np.int32)
    labels[10:12] = 1
    found = colors(labels, paint(some=(3, slice(None), slice(0, 30))), slack=200.0)
    assert (found[10:12] == 1).all()


def test_no_region_at_all_gives_no_piece() -> None:
    pieces = cut(np.zeros(SIZE, np.int32), np.zeros(SIZE, np.int32), 2.0)
    assert len(pieces.entries) == 0
    assert not pieces.labels.any()
