from __future__ import annotations

import numpy as np

from keycel_backend.engines.base import Drawing, Keyframe, Shot
from keycel_backend.engines.flat.timeline import Stretch, farther_keyframes, painted_drawings, stretches


def shot(drawings: list[tuple[int, ...]], keyframes: list[int]) -> Shot:
    return Shot(
        1,
        1,
        tuple(Drawing(times, f"d{times[0]}") for times in drawings),
        tuple(Keyframe(time, f"k{time}") for time in keyframes),
        lambda _digest: np.zeros((1, 1, 4), np.uint8),
    )


def test_a_keyframe_paints_the_drawing_held_at_its_time() -> None:
    painted = painted_drawings(shot([(0, 8), (4,)], [5, 9]))
    assert {index: keyframe.time for index, keyframe in painted.items()} == {1: 5, 0: 9}


def test_of_two_keyframes_on_one_drawing_the_one_at_its_start_counts() -> None:
    assert painted_drawings(shot([(0,), (4,)], [1, 4, 6]))[1].time == 4
    assert painted_drawings(shot([(0,), (4,)], [1, 3]))[0].time == 1


def test_a_keyframe_before_the_first_drawing_paints_nothing() -> None:
    assert painted_drawings(shot([(3,)], [0])) == {}


def test_stretches_lie_before_between_and_after_painted_drawings() -> None:
    assert stretches(8, [2, 5, 6]) == [
        Stretch(None, (0, 1), 2),
        Stretch(2, (3, 4), 5),
        Stretch(6, (7,), None),
    ]
    assert stretches(1, [0]) == []


def test_farther_keyframes_are_the_next_beyond_either_end_nearest_first() -> None:
    painted = [0, 4, 8, 20, 21]
    assert farther_keyframes(Stretch(4, (5, 6, 7), 8), painted) == [0, 20]
    assert farther_keyframes(Stretch(21, (22,), None), painted) == [20]
    assert farther_keyframes(Stretch(4, (5,), 8), [4, 8]) == []
