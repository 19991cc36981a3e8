from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from support.drawn_shots import (
    BODY,
    BUTTON,
    FIGURE_COLORS,
    HEAD,
    Shape,
    agreement,
    all_targets,
    box,
    colored,
    draw,
    ellipse,
    figure,
    shot_from,
)

from keycel_backend.engines.base import Cancelled, Drawing, FrameResult, Keyframe, Request, Shot
from keycel_backend.engines.flat.engine import FlatEngine
from keycel_backend.engines.registry import find_engine, load_engine
from keycel_backend.regions.compositing import flatten
from keycel_shared.errors import ErrorCode, KeycelError


def walk(count: int, step: float = 9.0, turn: float = 4.0) -> tuple[Shot, list[np.ndarray], list[np.ndarray]]:
    """A figure that moves and turns; first drawing painted."""
    pairs = [draw(figure(turned=turn * i, moved=(step * i - 40, 0))) for i in range(count)]
    lines, flats = [line for line, _ in pairs], [flat for _, flat in pairs]
    return shot_from(lines, {0: flats[0]}), lines, flats


def test_a_constant_shot_gives_the_painted_frame_everywhere() -> None:
    line, flats = draw(figure())
    shot = shot_from([line] * 5, {0: flats})
    results = colored(Request(shot, all_targets(shot)))
    for time in range(1, 5):
        assert np.array_equal(results[time].flats, results[1].flats)
        assert agreement(results[time].flats, flats, line) == 1.0
        assert min(region.confidence for region in results[time].regions) > 0.8


@pytest.mark.parametrize("on_paper", [False, True])
def test_a_figure_that_moves_and_turns_keeps_its_colors(on_paper: bool) -> None:
    pairs = [draw(figure(turned=5 * i, moved=(10 * i - 40, 0)), on_paper=on_paper) for i in range(6)]
    lines, flats = [line for line, _ in pairs], [flat for _, flat in pairs]
    shot = shot_from(lines, {0: flatten(flats[0], lines[0]) if on_paper else flats[0]})
    results = colored(Request(shot, all_targets(shot)))
    for time in range(6):
        assert agreement(results[time].flats, flats[time], lines[time]) > 0.99


def test_only_exact_palette_colors_and_hard_alpha_come_out() -> None:
    shot, lines, flats = walk(4)
    shot = shot_from(lines, {0: flats[0], 3: flatten(flats[3], lines[3])})
    for result in colored(Request(shot, all_targets(shot))).values():
        assert set(result.palette) >= {(*color, 255) for color in FIGURE_COLORS}
        colors = set(map(tuple, result.flats.reshape(-1, 4).tolist()))
        assert colors <= {(0, 0, 0, 0), *result.palette}


def test_repeated_colors_are_told_apart_by_neither_name_nor_number() -> None:
    def dots(shift: int) -> list[Shape]:
        colors = (HEAD, BODY, HEAD, BUTTON, BODY, HEAD, BUTTON, BODY)
        return [
            Shape(ellipse(40 + 60 * (i % 4) + shift, 70 + 90 * (i // 4), 18, 24), color)
            for i, color in enumerate(colors)
        ]

    pairs = [draw(dots(7 * i)) for i in range(5)]
    lines, flats = [line for line, _ in pairs], [flat for _, flat in pairs]
    shot = shot_from(lines, {0: flats[0]})
    results = colored(Request(shot, all_targets(shot)))
    for time in range(5):
        assert agreement(results[time].flats, flats[time], lines[time]) == 1.0


def test_what_enters_is_learned_from_the_last_keyframe() -> None:
    def scene(i: int) -> list[Shape]:
        shapes = figure(moved=(-80 + 3 * i, 0))
        if i >= 2:
            left = 320 - 22 * (i - 1)
            shapes.append(Shape(box(left, 60, left + 70, 180), (20, 160, 70)))
        return shapes

    pairs = [draw(scene(i)) for i in range(7)]
    lines, flats = [line for line, _ in pairs], [flat for _, flat in pairs]
    shot = shot_from(lines, {0: flats[0], 6: flats[6]})
    results = colored(Request(shot, all_targets(shot)))
    for time in range(1, 6):
        assert agreement(results[time].flats, flats[time], lines[time]) > 0.98


def test_a_region_without_like_in_the_keyframe_is_called_unsure_with_a_reason() -> None:
    line, flats = draw(figure(moved=(-70, 0)))
    star = np.array(
        [[230, 40], [250, 90], [300, 95], [262, 128], [275, 180], [230, 150], [190, 185], [200, 128]], float
    )
    new_line, _ = draw([*figure(moved=(-70, 0)), Shape(star, (1, 2, 3))])
    shot = shot_from([line, new_line], {0: flats})
    result = colored(Request(shot, (1,)))[1]
    strange = [
        region
        for region in result.regions
        if region.box[0] > 180 and region.area > 1000 and region.box[0] > 5
    ]
    assert len(strange) == 1
    assert strange[0].confidence < 0.5
    assert strange[0].reason
    known = [region for region in result.regions if region.color == (*BODY, 255)]
    assert known
    assert max(region.confidence for region in known) > 0.8
    assert_shaped_if_unsure(result)


def assert_shaped_if_unsure(result: FrameResult) -> None:
    """Runs fill exactly the region: its area, its box, in order, no pixel of another region or twice."""
    covered = np.zeros(result.flats.shape[:2], np.int64)
    for region in result.regions:
        assert bool(region.runs) == bool(region.reason) == bool(region.track)
        if not region.runs:
            continue
        assert list(region.runs) == sorted(region.runs)
        assert sum(after - first for _, first, after in region.runs) == region.area
        rows, firsts, afters = zip(*region.runs, strict=True)
        assert (min(firsts), min(rows), max(afters), max(rows) + 1) == region.box
        for row, first, after in region.runs:
            covered[row, first:after] += 1
            assert (result.flats[row, first:after] == region.color).all()
    assert covered.max() == 1


def test_regions_are_reported_with_box_area_color_and_palette_entry() -> None:
    shot, _, flats = walk(2, step=0, turn=0)
    result = colored(Request(shot, (1,)))[1]
    heads = [region for region in result.regions if region.color == (*HEAD, 255)]
    assert len(heads) == 1
    head = heads[0]
    assert head.palette_entry is not None
    assert result.palette[head.palette_entry] == head.color
    ys, xs = np.nonzero((flats[1] == (*HEAD, 255)).all(axis=2))
    assert np.allclose(head.box, (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1), atol=4)
    assert head.area == pytest.approx(len(xs), rel=0.15)
    assert all(0.0 <= region.confidence <= 1.0 for region in result.regions)


@pytest.mark.parametrize("size", [(4096, 200), (200, 2000), (16, 16), (3, 200), (640, 1)])
def test_canvases_of_any_shape(size: tuple[int, int]) -> None:
    pairs = [draw(figure(moved=(9.0 * number, 0.0)), *size) for number in range(3)]
    shot = shot_from([line for line, _ in pairs], {0: pairs[0][1]})
    results = colored(Request(shot, all_targets(shot)))
    assert [results[time].flats.shape for time in range(3)] == [(size[1], size[0], 4)] * 3


def test_a_shot_of_one_painted_drawing_gives_it_back() -> None:
    line, flats = draw(figure())
    shot = shot_from([line], {0: flats})
    assert np.array_equal(colored(Request(shot, (0,)))[0].flats, flats)


def test_a_keyframe_comes_back_without_loss_even_with_shades_without_lines() -> None:
    line, flats = draw(figure())
    flats[150:200, 125:160] = np.where(
        flats[150:200, 125:160, :3] == BODY, 30, flats[150:200, 125:160, :3]
    ).any(axis=2, keepdims=True) * np.array([30, 45, 80, 255], np.uint8)
    shot = shot_from([line, line], {0: flats})
    results = colored(Request(shot, (0, 1)))
    assert np.array_equal(results[0].flats, flats)


def test_an_empty_drawing_is_left_unpainted() -> None:
    line, flats = draw(figure())
    shot = shot_from([line, np.zeros_like(line), line], {0: flats})
    results = colored(Request(shot, all_targets(shot)))
    assert not results[1].flats.any()
    assert agreement(results[2].flats, flats, line) == 1.0


def test_an_empty_painted_drawing_does_not_stop_the_work() -> None:
    line, flats = draw(figure())
    shot = shot_from([np.zeros_like(line), line], {0: np.zeros_like(flats)})
    results = colored(Request(shot, all_targets(shot)))
    assert not results[0].flats.any()
    assert not results[1].flats.any()


def test_paper_of_opaque_keyframes_stays_transparent_in_the_result() -> None:
    pairs = [draw(figure(moved=(4 * i, 0)), on_paper=True) for i in range(3)]
    shot = shot_from([line for line, _ in pairs], {0: flatten(pairs[0][1], pairs[0][0])})
    for time, result in colored(Request(shot, all_targets(shot))).items():
        assert result.flats[5, 5, 3] == 0
        assert result.flats[5, 315, 3] == 0
        assert agreement(result.flats, pairs[time][1], pairs[time][0]) > 0.99


def test_a_ground_painted_in_a_color_is_painted_in_every_frame() -> None:
    sky = (120, 180, 250)
    pairs = [draw(figure(moved=(4 * i, 0))) for i in range(3)]
    shot = shot_from([line for line, _ in pairs], {0: flatten(pairs[0][1], pairs[0][0], paper=sky)})
    for result in colored(Request(shot, all_targets(shot))).values():
        assert tuple(result.flats[5, 5]) == (*sky, 255)


def test_a_background_cut_in_two_by_the_figure_stays_background() -> None:
    def scene(rise: float) -> list[Shape]:
        pole = Shape(box(150, 60 - rise, 170, 250), (90, 160, 90))
        return [pole, Shape(ellipse(160, 190, 50, 30), BODY)]

    pairs = [draw(scene(rise), on_paper=True) for rise in (0.0, 30.0, 80.0)]
    shot = shot_from([line for line, _ in pairs], {0: flatten(pairs[0][1], pairs[0][0])})
    for time, result in colored(Request(shot, all_targets(shot))).items():
        assert result.flats[20, 20, 3] == 0
        assert result.flats[20, 300, 3] == 0
        assert agreement(result.flats, pairs[time][1], pairs[time][0]) > 0.99


def test_what_neither_neighbouring_keyframe_knows_is_asked_of_a_farther_one() -> None:
    star = np.array(
        [[230, 40], [250, 90], [300, 95], [262, 128], [275, 180], [230, 150], [190, 185], [200, 128]], float
    )
    gold = (240, 200, 20)
    plain, starry = figure(moved=(-70, 0)), [*figure(moved=(-70, 0)), Shape(star, gold)]
    pairs = [draw(shapes) for shapes in (plain, starry, plain, starry)]
    shot = shot_from([line for line, _ in pairs], {0: pairs[0][1], 2: pairs[2][1], 3: pairs[3][1]})
    result = colored(Request(shot, (1,)))[1]
    assert tuple(result.flats[115, 235]) == (*gold, 255)


def test_the_answer_for_a_frame_does_not_depend_on_what_else_is_asked() -> None:
    _, lines, flats = walk(7)
    shot = shot_from(lines, {0: flats[0], 6: flats[6]})
    together = colored(Request(shot, all_targets(shot)))
    for time in (2, 5):
        alone = colored(Request(shot, (time,)))[time]
        assert np.array_equal(alone.flats, together[time].flats)
        assert alone.regions == together[time].regions


def test_a_seed_changes_only_redrawn_frames_and_only_unsure_regions() -> None:
    _, lines, flats = walk(6, step=25, turn=35)
    shot = shot_from(lines, {0: flats[0]})
    best = colored(Request(shot, all_targets(shot)))
    changed = 0
    for seed in range(1, 6):
        take = colored(Request(shot, all_targets(shot), seed=seed, redraw=frozenset({4})))
        again = colored(Request(shot, (4,), seed=seed, redraw=frozenset({4})))
        assert np.array_equal(take[4].flats, again[4].flats)
        for time, result in take.items():
            if time != 4:
                assert np.array_equal(result.flats, best[time].flats)
        for old, new in zip(best[4].regions, take[4].regions, strict=True):
            assert old.box == new.box
            if old.confidence >= 0.9:
                assert old.color == new.color
            changed += old.color != new.color
    assert changed > 0


def test_cancel_stops_soon_and_yields_nothing_more() -> None:
    shot, _, _ = walk(6)
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 12

    with pytest.raises(Cancelled):
        list(FlatEngine().run(Request(shot, all_targets(shot)), lambda _share, _doing: None, cancelled))
    assert asked == 13


def test_progress_rises_to_one() -> None:
    shot, _, _ = walk(3)
    shares: list[float] = []
    list(
        FlatEngine().run(
            Request(shot, all_targets(shot)), lambda share, _doing: shares.append(share), lambda: False
        )
    )
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] == 1.0


def test_frames_come_nearest_to_the_keyframe_first() -> None:
    _, lines, flats = walk(5)
    shot = shot_from(lines, {2: flats[2]})
    order = list(colored(Request(shot, all_targets(shot))))
    assert order == [2, 1, 0, 3, 4]


def test_a_keyframe_on_a_hold_paints_the_drawing_shown_there() -> None:
    line, flats = draw(figure())
    moved, _ = draw(figure(moved=(12, 0)))
    base = shot_from([line, moved], {0: flats})
    shot = Shot(
        base.width,
        base.height,
        (Drawing((0,), "line0"), Drawing((6,), "line1")),
        (Keyframe(4, "color0"),),
        base.load,
    )
    results = colored(Request(shot, (0, 6)))
    assert np.array_equal(results[0].flats, flats)


def test_regions_under_half_sure_can_be_left_unpainted() -> None:
    line, flats = draw(figure(moved=(-70, 0)))
    star = np.array(
        [[230, 40], [250, 90], [300, 95], [262, 128], [275, 180], [230, 150], [190, 185], [200, 128]], float
    )
    new_line, _ = draw([*figure(moved=(-70, 0)), Shape(star, (1, 2, 3))])
    shot = shot_from([line, new_line], {0: flats})
    result = colored(Request(shot, (1,), options={"leave_unsure": True}))[1]
    assert result.flats[115, 235, 3] == 0


def test_overlap_limits_how_far_color_runs_under_lines() -> None:
    line, flats = draw(figure(), thickness=9)
    shot = shot_from([line, line], {0: flats})
    whole = colored(Request(shot, (1,)))[1].flats
    slim = colored(Request(shot, (1,), options={"overlap": 2}))[1].flats
    assert 0 < np.count_nonzero(slim[..., 3]) < np.count_nonzero(whole[..., 3])


@pytest.mark.parametrize("value", [-1, 1000, "wide", True])
def test_an_option_out_of_range_is_refused(value: int | str | bool) -> None:
    shot, _, _ = walk(2)
    with pytest.raises(KeycelError) as caught:
        colored(Request(shot, (1,), options={"gap": value}))
    assert caught.value.value.code is ErrorCode.DOC_BAD_OPTION


def test_without_a_painted_drawing_the_artist_is_told_to_paint_one() -> None:
    line, _ = draw(figure())
    shot = shot_from([line], {})
    with pytest.raises(KeycelError) as caught:
        colored(Request(shot, (0,)))
    assert caught.value.value.code is ErrorCode.DOC_NO_KEYFRAME


def test_a_frame_without_a_drawing_is_refused() -> None:
    shot, _, _ = walk(2)
    with pytest.raises(KeycelError) as caught:
        colored(Request(shot, (9,)))
    assert caught.value.value.code is ErrorCode.DOC_NO_SUCH_FRAME


def test_the_registry_makes_engines_and_names_what_it_has() -> None:
    assert isinstance(load_engine("flat", "colorize"), FlatEngine)
    for name in ("morph", "nonsense"):
        with pytest.raises(KeycelError) as caught:
            find_engine(name, "colorize")
        assert caught.value.value.code is ErrorCode.REG_NO_ENGINE
        assert "flat" in caught.value.value.remedy


def test_the_registry_imports_no_array_library() -> None:
    code = "import sys, keycel_backend.engines.registry; print({'numpy', 'cv2', 'torch'} & set(sys.modules))"
    paths = ":".join(path for path in sys.path if path)
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": paths}
    )
    assert run.stdout.strip() == "set()"


def test_the_estimate_grows_with_the_work() -> None:
    engine = FlatEngine()
    small, large = engine.estimate(1280, 720, 10, 1, {}), engine.estimate(1920, 1080, 24, 2, {})
    assert 0 < small.seconds < large.seconds
    assert small.memory_bytes < large.memory_bytes


def test_a_keyframes_own_frame_reports_its_regions_as_certain() -> None:
    line, flats = draw(figure())
    result = colored(Request(shot_from([line], {0: flats}), (0,)))[0]
    assert {region.color for region in result.regions} >= {(*color, 255) for color in FIGURE_COLORS}
    assert {region.confidence for region in result.regions} == {1.0}


def test_only_legal_colours_also_in_painted_frames() -> None:
    drawn = [draw(figure(0.0, (shift, 0.0))) for shift in (0.0, 6.0)]
    shot = shot_from([lines for lines, _ in drawn], {0: drawn[0][1]})
    legal = ((255, 200, 190, 255), (50, 80, 150, 255), (255, 0, 0, 255))
    results = colored(Request(shot, all_targets(shot), palette=legal))
    for result in results.values():
        used = {tuple(color) for color in np.unique(result.flats.reshape(-1, 4), axis=0).tolist()}
        assert {color for color in used if color[3]} <= set(legal)
        assert len(used) > 2
