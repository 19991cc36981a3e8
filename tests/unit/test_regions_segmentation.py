from __future__ import annotations

import cv2
import numpy as np
import pytest

from keycel_backend.regions.segmentation import MOST_REGIONS, automatic_gap, segment


def square_with_gap(gap: int, size: int = 80, thickness: int = 2) -> np.ndarray:
    ink = np.zeros((200, 300), np.bool_)
    ink[60 : 60 + thickness, 100 : 100 + size] = True
    ink[60 + size - thickness : 60 + size, 100 : 100 + size] = True
    ink[60 : 60 + size, 100 : 100 + thickness] = True
    ink[60 : 60 + size, 100 + size - thickness : 100 + size] = True
    middle = 100 + size // 2
    ink[60 : 60 + thickness, middle : middle + gap] = False
    return ink


@pytest.mark.parametrize("gap", [0, 1, 2, 3, 5, 8, 12])
def test_an_opening_up_to_the_stated_gap_does_not_leak(gap: int) -> None:
    found = segment(square_with_gap(gap), gap=max(gap, 1))
    inside, outside = found.labels[100, 140], found.labels[10, 10]
    assert inside != outside
    assert np.count_nonzero(found.labels == inside) == pytest.approx(76 * 76, rel=0.02)


def test_an_opening_wider_than_the_gap_is_meant() -> None:
    found = segment(square_with_gap(20), gap=6)
    assert found.labels[100, 140] == found.labels[10, 10]


def test_an_unclosed_opening_is_reported_between_its_two_regions() -> None:
    found = segment(square_with_gap(4), gap=4)
    pair = sorted((int(found.labels[100, 140]), int(found.labels[10, 10])))
    assert found.openings.tolist() == [pair]


def test_every_paper_pixel_has_a_region_and_ink_has_none() -> None:
    rng = np.random.default_rng(3)
    ink = np.zeros((240, 320), np.uint8)
    for _ in range(40):
        start, end = rng.integers(0, 240, 2), rng.integers(0, 240, 2)
        cv2.line(ink, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), 1, 2)
    found = segment(ink > 0, gap=5, smallest=1)
    assert np.array_equal(found.labels > 0, ink == 0)
    assert (found.filled > 0).all()
    assert set(np.unique(found.labels)) == set(range(found.count + 1))


def test_thin_corridors_and_pointed_tips_stay_whole() -> None:
    ink = np.zeros((200, 300), np.uint8)
    cv2.polylines(ink, [np.array([[20, 180], [280, 100], [20, 20]], np.int32)], True, 1, 2)
    corridor = np.zeros_like(ink)
    cv2.rectangle(corridor, (20, 188), (280, 194), 1, 2)
    found = segment((ink | corridor) > 0, gap=10)
    wedge = found.labels[
        (cv2.fillPoly(ink.copy(), [np.array([[30, 170], [240, 100], [30, 30]], np.int32)], 1) > 0)
    ]
    assert len(np.unique(wedge[wedge > 0])) == 1
    within = found.labels[191, 24:277]
    assert len(np.unique(within)) == 1


def test_a_page_without_ink_is_one_region() -> None:
    found = segment(np.zeros((30, 40), np.bool_), gap=4)
    assert found.count == 1
    assert (found.labels == 1).all()


def test_a_page_full_of_ink_still_has_a_region() -> None:
    found = segment(np.ones((30, 40), np.bool_), gap=4)
    assert found.count == 1


def test_the_automatic_gap_grows_with_the_canvas() -> None:
    assert (
        automatic_gap(460, 259, 1.0) < automatic_gap(1920, 1080, 4.0) < automatic_gap(8192, 8192, 12.0) <= 40
    )


def test_grain_and_hatching_make_no_more_regions_than_can_be_matched() -> None:
    ink = np.random.default_rng(0).random((800, 900)) < 0.35
    ink[:, 600:] = False
    ink[:, 600] = True
    found = segment(ink, 2.0, smallest=1)
    assert found.count == MOST_REGIONS
    assert len(np.unique(found.filled)) == found.count
    large = np.bincount(found.labels[:, 601:].ravel()).max()
    assert large == 800 * 299, "the large region beside the grain stays whole"
