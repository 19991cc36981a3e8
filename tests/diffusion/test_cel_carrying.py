"""What the networks of `cel` start from: painted frames, carried along with the lines."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from support.drawn_shots import draw, figure

from keycel_backend.diffusion.sketchkey.sizes import PictureSize
from keycel_backend.engines.cel import carrying
from keycel_backend.engines.cel.carrying import carry, carry_from_all
from keycel_backend.engines.lvcd.material import sketch
from keycel_backend.regions.arrays import Bytes, Floats
from keycel_backend.regions.compositing import flatten
from keycel_backend.regions.lines import read_line_art


def test_the_painted_frame_is_carried_along_with_the_lines() -> None:
    pictures = [draw(figure(moved=(10.0 * frame, 0.0))) for frame in range(4)]
    size = PictureSize.of(240, 320, 96, 16)
    lines = [sketch(read_line_art(drawn), *size.hint[::-1]) for drawn, _ in pictures]
    truth = [
        np.asarray(cv2.resize(flatten(flats, drawn)[..., :3], (size.width, size.height)))
        for drawn, flats in pictures
    ]

    def away(found: list[Bytes], frame: int) -> float:
        return float(np.abs(found[frame].astype(int) - truth[frame]).mean())

    carried = carry(truth[0], lines)
    assert np.array_equal(carried[0], truth[0])
    assert away(carried, 3) < 0.6 * away([truth[0]] * 4, 3)
    sparse = carry(truth[0], [lines[0], None, lines[2], None])
    assert np.array_equal(sparse[3], sparse[2]), "nothing tells of motion after the last key"
    assert away(sparse, 1) < 0.8 * away([truth[0]] * 4, 1), "on the way from key to key"
    assert all(np.array_equal(one, truth[0]) for one in carry(truth[0], [None, lines[1], None]))


def test_a_frame_with_a_drawing_starts_with_its_lines_and_no_others() -> None:
    (drawn, flats), (moved, _) = draw(figure()), draw(figure(moved=(30.0, 0.0)))
    size = PictureSize.of(240, 320, 96, 16)
    lines = [sketch(read_line_art(one), *size.hint[::-1]) for one in (drawn, moved)]
    painted = cv2.resize(flatten(flats, drawn)[..., :3], (size.width, size.height))
    found = carry(np.asarray(painted), lines)[1].max(axis=2)
    here, gone = (
        cv2.resize(one, (size.width, size.height), interpolation=cv2.INTER_AREA) for one in lines[::-1]
    )
    assert found[here < 60].max() <= 60
    left = (gone < 60) & (here > 250)
    assert left.sum() > 20
    assert found[left].min() > 80, "the lines of the painted frame"


def test_every_frame_starts_from_the_nearest_painted_one() -> None:
    pictures = [draw(figure(moved=(12.0 * frame, 0.0))) for frame in range(5)]
    size = PictureSize.of(240, 320, 96, 16)
    lines = [sketch(read_line_art(drawn), *size.hint[::-1]) for drawn, _ in pictures]
    first, last = (
        np.asarray(cv2.resize(flatten(flats, drawn)[..., :3], (size.width, size.height)))
        for drawn, flats in (pictures[0], pictures[4])
    )
    found = carry_from_all({0: first, 4: last}, lines)
    onward, back = carry(first, lines), carry(last, lines[::-1])[::-1]
    for frame, expected in enumerate([*onward[:3], *back[3:]]):
        assert np.array_equal(found[frame], expected)


@pytest.mark.parametrize("drawn", [range(9), (0, 3, 6, 8), (0, 5, 8), (0, 1, 8), (0, 2, 3)])
def test_nothing_is_carried_farther_than_it_is_used(
    drawn: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [draw(figure(moved=(6.0 * frame, 0.0))) for frame in range(9)]
    size = PictureSize.of(240, 320, 64, 16)
    lines = [
        sketch(read_line_art(one), *size.hint[::-1]) if frame in drawn else None
        for frame, (one, _) in enumerate(pictures)
    ]
    painted = {
        frame: np.asarray(cv2.resize(flatten(flats, one)[..., :3], (size.width, size.height)))
        for frame, (one, flats) in enumerate(pictures)
        if frame in (0, 8)
    }
    onward, back = carry(painted[0], lines), carry(painted[8], lines[::-1])[::-1]
    searches: list[Bytes] = []
    search = carrying.dense_motion

    def dense_motion(target: Bytes, source: Bytes) -> Floats:
        searches.append(target)
        return search(target, source)

    monkeypatch.setattr(carrying, "dense_motion", dense_motion)
    found = carry_from_all(painted, lines)
    for frame, expected in enumerate([*onward[:5], *back[5:]]):
        assert np.array_equal(found[frame], expected), "as if all had been carried all the way"
    keys = sorted(drawn)
    before = sum(first < 4 for first in keys[:-1])
    after = sum(last > 5 for last in keys[1:]) if 8 in drawn else 0
    assert len(searches) == before + after
