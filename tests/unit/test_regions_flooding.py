from __future__ import annotations

import cv2
import numpy as np

from keycel_backend.regions.arrays import distance_to, nearest_index, nearest_value
from keycel_backend.regions.flooding import flood


def scribble(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    ink = np.zeros((120, 160), np.uint8)
    for _ in range(20):
        start, end = rng.integers(0, 120, 2), rng.integers(0, 120, 2)
        cv2.line(ink, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), 1, 2)
    ink[[0, -1]] = ink[:, [0, -1]] = 1
    return ink > 0


def test_pieces_cover_the_paper_and_know_their_widest_place() -> None:
    for seed in range(5):
        depth = distance_to(scribble(seed))
        found = flood(depth, 9.0, lambda: None)
        assert np.array_equal(found.labels > 0, depth > 0)
        assert len(found.peak) == found.labels.max() + 1
        for label in range(1, len(found.peak)):
            assert found.peak[label] == depth[found.labels == label].max()


def test_a_piece_is_connected() -> None:
    found = flood(distance_to(scribble(7)), 9.0, lambda: None)
    for label in range(1, len(found.peak)):
        pieces, _ = cv2.connectedComponents((found.labels == label).view(np.uint8), connectivity=4)
        assert pieces == 2  # the piece and everything else


def test_everything_gets_what_is_nearest() -> None:
    labels = np.zeros((60, 80), np.int32)
    labels[5:20, 5:30], labels[30:55, 50:75], labels[40, 10] = 1, 2, 3
    filled = nearest_value(labels)
    index, distance = nearest_index(labels > 0)
    assert np.array_equal(filled, labels.ravel()[index])
    places = np.argwhere(labels > 0)
    for row, column in ((0, 0), (25, 40), (59, 0), (33, 33), (10, 79)):
        away = np.hypot(*(places - (row, column)).T)
        assert distance[row, column] <= 1.05 * away.min()
        chosen = np.unravel_index(index[row, column], labels.shape)
        assert np.hypot(chosen[0] - row, chosen[1] - column) <= 1.05 * away.min()
