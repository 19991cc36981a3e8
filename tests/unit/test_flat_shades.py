"""Colours that meet without a line: carried by motion, from one end or from both."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from support.drawn_shots import Shape, agreement, all_targets, box, colored, draw, figure, shot_from

from keycel_backend.engines.base import FrameResult, Request
from keycel_backend.regions import shade_motion
from keycel_backend.regions.arrays import Pixels
from keycel_backend.regions.compositing import flatten

COAT, SHADE, SHIRT = (200, 80, 60), (120, 40, 50), (240, 240, 250)
CENTRE = np.array([160.0, 120.0])


def placed(
    points: NDArray[np.float64], turned: float, moved: tuple[float, float], scaled: float
) -> NDArray[np.float64]:
    angle = np.deg2rad(turned)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scaled * (points - CENTRE) @ rotation.T + CENTRE + moved


def coat(
    shade: float = 0.4, turned: float = 0.0, moved: tuple[float, float] = (0.0, 0.0), scaled: float = 1.0
) -> tuple[Pixels, Pixels]:
    """Line and flats of a coat with a shirt above; `shade`: share of its width in shadow, without a line."""

    def at(outline: NDArray[np.float64]) -> NDArray[np.float64]:
        return placed(outline, turned, moved, scaled)

    line, flats = draw([Shape(at(box(140, 40, 180, 80)), SHIRT), Shape(at(box(110, 80, 210, 190)), COAT)])
    shadow = np.zeros(line.shape[:2], np.uint8)
    if shade > 0:
        outline = np.round(at(box(110, 80, 110 + 100 * shade, 190)) * 8).astype(np.int32)
        cv2.fillPoly(shadow, [outline], 1, shift=3)
    flats[(shadow > 0) & (flats[..., :3] == COAT).all(axis=2)] = (*SHADE, 255)
    return line, flats


def shade_area(flats: Pixels) -> int:
    return int((flats == (*SHADE, 255)).all(axis=2).sum())


def results_of(drawn: list[tuple[Pixels, Pixels]], painted: list[int]) -> dict[int, FrameResult]:
    shot = shot_from([line for line, _ in drawn], {index: drawn[index][1] for index in painted})
    return colored(Request(shot, all_targets(shot)))


@pytest.mark.parametrize(
    "motion",
    [
        pytest.param([{"moved": (9.0 * i - 30, 4.0 * i)} for i in range(6)], id="moves"),
        pytest.param([{"turned": 5.0 * i} for i in range(6)], id="turns"),
        pytest.param([{"scaled": 0.8 + 0.07 * i} for i in range(6)], id="grows"),
    ],
)
def test_a_shade_follows_its_region(motion: list[dict[str, float]]) -> None:
    drawn = [coat(**step) for step in motion]  # pyright: ignore[reportArgumentType]
    results = results_of(drawn, [0])
    for time, (line, flats) in enumerate(drawn):
        assert agreement(results[time].flats, flats, line) > 0.97, time


def test_lines_in_the_keyframe_do_not_matter() -> None:
    drawn = [coat(moved=(6.0 * i - 12, 0.0)) for i in range(4)]
    shot = shot_from([line for line, _ in drawn], {0: flatten(drawn[0][1], drawn[0][0])})
    results = colored(Request(shot, all_targets(shot)))
    for time in range(1, 4):
        assert agreement(results[time].flats, drawn[time][1], drawn[time][0]) > 0.98


def test_between_two_keyframes_a_shade_grows_steadily() -> None:
    shares = np.linspace(0.2, 0.6, 5)
    drawn = [coat(shade=share, moved=(5.0 * i - 10, 0.0)) for i, share in enumerate(shares)]
    results = results_of(drawn, [0, 4])
    for time in range(1, 4):
        assert agreement(results[time].flats, drawn[time][1], drawn[time][0]) > 0.97


def test_a_shade_that_the_last_keyframe_lacks_shrinks_away() -> None:
    drawn = [coat(shade=0.3 if i == 0 else 0.0, moved=(3.0 * i, 0.0)) for i in range(8)]
    areas = [shade_area(result.flats) for _, result in sorted(results_of(drawn, [0, 7]).items())]
    assert areas == sorted(areas, reverse=True)
    assert areas[1] > 0.5 * areas[0]
    assert areas[7] == 0


def test_a_hold_keeps_its_border() -> None:
    line, flats = coat()
    results = results_of([(line, flats)] * 6, [0])
    for time in range(1, 6):
        assert np.array_equal(results[time].flats, results[1].flats)
        assert agreement(results[time].flats, flats, line) > 0.995


def test_only_the_exact_colors_come_out_and_always_the_same() -> None:
    drawn = [coat(turned=4.0 * i, moved=(4.0 * i, 0.0)) for i in range(4)]
    results, again = results_of(drawn, [0, 3]), results_of(drawn, [0, 3])
    for time, result in results.items():
        seen = set(map(tuple, result.flats.reshape(-1, 4).tolist()))
        assert seen == {(0, 0, 0, 0), (*COAT, 255), (*SHADE, 255), (*SHIRT, 255)}
        assert np.array_equal(result.flats, again[time].flats)
        assert result.regions == again[time].regions


def test_every_piece_is_reported_as_a_region_of_its_own() -> None:
    drawn = [coat(moved=(5.0 * i, 0.0)) for i in range(3)]
    for time, result in results_of(drawn, [0]).items():
        found = [region for region in result.regions if region.color == (*SHADE, 255)]
        assert len(found) == 1
        assert found[0].palette_entry is not None
        assert result.palette[found[0].palette_entry] == (*SHADE, 255)
        off_line = drawn[time][0][..., 3] == 0
        truth = (drawn[time][1] == (*SHADE, 255)).all(axis=2) & off_line
        assert found[0].area == pytest.approx(truth.sum(), rel=0.1)
        ys, xs = np.nonzero(truth)
        assert np.allclose(found[0].box, (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1), atol=4)
        assert sum(region.area for region in result.regions) == pytest.approx(off_line.sum(), rel=0.02)
        coat_itself = next(region for region in result.regions if region.color == (*COAT, 255))
        assert found[0].confidence <= coat_itself.confidence <= 1.0, "no surer than what it is a part of"


def test_paint_without_such_borders_costs_no_motion(monkeypatch: pytest.MonkeyPatch) -> None:
    def unwanted(*_: object) -> None:
        raise AssertionError("motion was measured for a shot without unlined borders")

    monkeypatch.setattr(shade_motion, "dense_motion", unwanted)
    pairs = [draw(figure(turned=4 * i, moved=(8 * i - 20, 0))) for i in range(4)]
    shot = shot_from([line for line, _ in pairs], {0: flatten(pairs[0][1], pairs[0][0]), 3: pairs[3][1]})
    for time, result in colored(Request(shot, all_targets(shot))).items():
        assert agreement(result.flats, pairs[time][1], pairs[time][0]) > 0.99
