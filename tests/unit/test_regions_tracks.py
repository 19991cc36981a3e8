"""Region tracks: who belongs together, and what members that disagree settle on."""

from __future__ import annotations

import numpy as np

from keycel_backend.regions.arrays import Floats, Integers
from keycel_backend.regions.matching import CANDIDATES, Match
from keycel_backend.regions.propagation import Colors
from keycel_backend.regions.tracks import agreed, linked

RED, BLUE = 0, 1


def found(*matches: tuple[int, float]) -> Match:
    """Each region's source and belief in it."""
    source = np.zeros((len(matches), CANDIDATES), np.int64)
    belief = np.zeros((len(matches), CANDIDATES + 1), np.float32)
    for row, (to, share) in enumerate(matches):
        source[row, 0], belief[row, 0], belief[row, -1] = to, share, 1.0 - share
    return Match(source, belief)


def one_region(red: float, known: float = 1.0) -> Colors:
    return Colors(np.array([[red, 1.0 - red]], np.float32), np.array([known], np.float32))


def chain(*reds: float, follows: bool = True, known: float = 1.0) -> list[Floats]:
    to: Integers = np.array([0 if follows else -1], np.int64)
    return [one.shares[0] for one in agreed([one_region(red, known) for red in reds], [to] * len(reds))]


def test_only_the_largest_heir_is_linked_and_only_a_likely_one() -> None:
    match = found((0, 0.9), (0, 0.95), (1, 0.7), (2, 0.85))
    assert linked(match, np.array([90.0, 10.0, 50.0, 50.0], np.float32)).tolist() == [0, -1, -1, 2]


def test_one_member_that_disagrees_gives_in() -> None:
    assert [shares.argmax() for shares in chain(0.9, 0.8, 0.3, 0.9, 0.9)] == [RED] * 5
    assert [shares.argmax() for shares in chain(0.9, 0.8, 0.3, 0.9, 0.9, follows=False)] == [0, 0, BLUE, 0, 0]


def test_a_color_that_changes_for_good_changes() -> None:
    after = [shares.argmax() for shares in chain(*[0.95] * 8, *[0.05] * 8)]
    assert after == [RED] * 8 + [BLUE] * 8


def test_what_nobody_knows_keeps_its_guess() -> None:
    assert np.allclose(chain(0.6, 0.3, known=0.0), [[0.6, 0.4], [0.3, 0.7]])


def test_shares_still_sum_to_one_and_known_stays() -> None:
    colors = [one_region(0.9, 0.8), one_region(0.2, 0.1), one_region(0.7, 0.5)]
    together = agreed(colors, [np.zeros(1, np.int64)] * 3)
    assert all(np.allclose(one.shares.sum(axis=1), 1.0) for one in together)
    assert [float(one.known[0]) for one in together] == [float(one.known[0]) for one in colors]
    assert together[1].shares[0].argmax() == RED


def test_a_single_drawing_agrees_with_itself() -> None:
    assert np.allclose(chain(0.7), [[0.7, 0.3]])
