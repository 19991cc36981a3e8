"""How parts become maps and maps become lines, on scenes small enough to know the answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from keycel_backend.io.compose import over_color
from keycel_backend.regions.lines import read_line_art
from keycel_backend.training.shots.camera import View
from keycel_backend.training.shots.geometry import (
    Points,
    ellipsoid,
    lathe,
    refined_columns,
    refined_rows,
    rotation,
    smooth_chain,
    tube,
)
from keycel_backend.training.shots.grain import Grain
from keycel_backend.training.shots.lines import draw_lines, find_lines
from keycel_backend.training.shots.motion import Curve
from keycel_backend.training.shots.parts import BOTH_SIDES, Decal, Flat, Solid, banded, plain
from keycel_backend.training.shots.raster import Maps, render
from keycel_backend.training.shots.shading import Shading
from keycel_backend.training.shots.smear import Smear
from keycel_backend.training.shots.style import Border, LineStyle
from keycel_backend.training.shots.surfaces import Surfaces

VIEW = View(200, 200)
CLEAN = LineStyle(
    width=4.0,
    strength=1.0,
    ink=(0, 0, 0),
    trace=(0, 0, 255),
    self_colored=False,
    pressure=0.0,
    wobble=0.0,
    grain=0.0,
    fading=0.0,
    softness=0.0,
    doubled=0.0,
    gaps=0.0,
    gap_width=3.0,
    border=Border.TRACED,
    paper=None,
    smooth=True,
)
"""4 pixels of a canvas 480 high."""


def ball(x: float, z: float, radius: float, surface: int) -> Solid:
    skin = ellipsoid(np.array([x, 0.0, z]), (radius, radius, radius), rotation())
    return Solid(skin, plain(skin, surface))


def square(x: float, y: float, half: float, surface: int, z: float = 0.0) -> Flat:
    corners = [
        [x - half, y - half, z],
        [x + half, y - half, z],
        [x + half, y + half, z],
        [x - half, y + half, z],
    ]
    return Flat(np.array(corners), surface)


def drawn(maps: Maps, surfaces: Surfaces, style: LineStyle) -> np.ndarray:
    rng = np.random.default_rng(1)
    height, width = maps.surface.shape
    return draw_lines(maps, surfaces, style, Grain(height, width, rng), 1, rng)


@pytest.mark.parametrize("first", [0, 1])
def test_the_nearer_part_hides_the_other_in_any_order(first: int) -> None:
    parts = [ball(0.0, 0.3, 0.1, 1), ball(0.0, 0.0, 0.2, 2)]
    maps = render(parts if first == 0 else parts[::-1], VIEW)
    assert maps.surface[100, 100] == 1
    assert maps.surface[100, 68] == 2
    assert maps.surface[5, 5] == 0


def test_a_ball_covers_its_disc() -> None:
    area = int((render([ball(0.0, 0.0, 0.25, 1)], View(200, 200, distance=1e6)).surface == 1).sum())
    assert area == pytest.approx(np.pi * 50**2, rel=0.03)


def test_balls_that_cross_meet_in_the_middle() -> None:
    maps = render([ball(-0.1, 0.0, 0.2, 1), ball(0.1, 0.0, 0.2, 2)], View(200, 200, distance=1e6))
    row = maps.surface[100]
    assert abs(int((row == 1).sum()) - int((row == 2).sum())) <= 4
    border = [int(np.flatnonzero(maps.surface[y] == 2)[0]) for y in range(75, 126)]
    assert max(border) - min(border) <= 3


def skirt(tilt: float) -> Solid:
    path = np.stack([np.zeros(6), np.linspace(-0.2, 0.2, 6), np.zeros(6)], axis=1) @ rotation(pitch=tilt).T
    wide = np.linspace(0.05, 0.3, 6)
    skin = lathe(path, wide, wide, rotation(pitch=tilt))
    return Solid(skin, plain(skin, 1), inside=2)


def test_inside_of_a_skirt_is_seen_from_below_only() -> None:
    assert 2 not in render([skirt(0.0)], View(200, 200, distance=1e6)).surface
    below = render([skirt(0.7)], View(200, 200, distance=1e6)).surface
    assert (below == 2).sum() > 500
    assert (below == 1).sum() > 500


def test_thin_skin_looks_alike_from_both_sides() -> None:
    x, y = np.meshgrid(np.linspace(-0.2, 0.2, 5), np.linspace(-0.2, 0.2, 5))
    grid = np.stack([x, y, np.zeros_like(x)], axis=-1)
    for turn in (rotation(), rotation(yaw=np.pi)):
        skin = grid @ turn.T
        shown = render([Solid(skin, plain(skin, 3), inside=BOTH_SIDES)], VIEW).surface
        assert (shown == 3).sum() == pytest.approx(80 * 80, rel=0.05)


def test_decals_stay_on_their_part() -> None:
    part = square(0.0, 0.0, 0.1, 1)
    part.decals = [Decal(square(0.1, 0.0, 0.05, 0).outline, 2)]
    shown = render([part], VIEW).surface
    assert shown[100, 117] == 2
    assert shown[100, 125] == 0


def test_bands_follow_the_rows() -> None:
    skin = tube(smooth_chain(np.array([[0.0, -0.3, 0.0], [0.0, 0.3, 0.0]]), 11), np.full(11, 0.1))
    shown = render([Solid(skin, banded(skin, [(0.3, 1), (1.0, 2)]))], VIEW).surface
    assert shown[50, 100] == 1
    assert shown[100, 100] == 2
    assert np.flatnonzero(shown[:, 100] == 2)[0] == pytest.approx(40 + 0.3 * 120, abs=3)


def surfaces_with_shadow() -> Surfaces:
    surfaces = Surfaces()
    body = surfaces.add((200, 100, 50))
    surfaces.add((100, 50, 25), base=body)
    surfaces.add((10, 20, 30))
    return surfaces


def test_shadow_borders_are_traced_inked_or_left_out() -> None:
    part = square(0.0, 0.0, 0.3, 1)
    part.decals = [Decal(square(0.0, 0.0, 0.1, 0).outline, 2)]
    maps = render([part], VIEW)
    main, trace = find_lines(maps, surfaces_with_shadow(), Border.TRACED)
    assert trace[100, 79:81].any()
    assert not main[90:110, 70:90].any()
    main, trace = find_lines(maps, surfaces_with_shadow(), Border.INKED)
    assert main[100, 79:81].any()
    assert not trace.any()
    main, trace = find_lines(maps, surfaces_with_shadow(), Border.UNDRAWN)
    assert not main[90:110, 70:90].any()
    assert not trace.any()


def test_a_traced_line_has_the_trace_colour_and_the_outline_the_ink() -> None:
    part = square(0.0, 0.0, 0.3, 1)
    part.decals = [Decal(square(0.0, 0.0, 0.1, 0).outline, 2)]
    line = drawn(render([part], VIEW), surfaces_with_shadow(), CLEAN)
    assert line[100, 79].tolist() == [0, 0, 255, 255]
    assert line[100, 39].tolist() == [0, 0, 0, 255]
    assert line[100, 100, 3] == 0


@pytest.mark.parametrize("width", [5.0, 12.0, 24.0])
def test_lines_are_as_wide_as_asked(width: float) -> None:
    maps = render([square(0.0, 0.0, 0.3, 1)], View(480, 480))
    line = drawn(maps, surfaces_with_shadow(), replace(CLEAN, width=width))
    across = line[240, :240, 3].astype(np.float64).sum() / 255.0
    assert across == pytest.approx(width, abs=1.2)


def test_joined_parts_have_no_line_where_they_run_together() -> None:
    balls = [ball(-0.1, 0.0, 0.2, 1), ball(0.1, 0.0, 0.2, 1)]
    apart, _ = find_lines(render(balls, VIEW), surfaces_with_shadow(), Border.TRACED)
    for part in balls:
        part.joined = 1
    together, _ = find_lines(render(balls, VIEW), surfaces_with_shadow(), Border.TRACED)
    assert apart[95:105, 95:105].any()
    assert not together[95:105, 95:105].any()


def test_a_part_far_before_its_own_kind_has_an_outline() -> None:
    balls = [ball(0.0, 0.0, 0.3, 1), ball(0.0, 0.5, 0.1, 1)]
    for part in balls:
        part.joined = 1
    main, _ = find_lines(render(balls, VIEW), surfaces_with_shadow(), Border.TRACED)
    assert main[70:90, 80:120].any()


def test_solid_surfaces_are_drawn_as_ink() -> None:
    surfaces = Surfaces()
    surfaces.add((1, 2, 3), solid=True)
    line = drawn(render([square(0.0, 0.0, 0.2, 1)], VIEW), surfaces, CLEAN)
    assert (line[70:130, 70:130, 3] == 255).all()


def test_paper_and_transparent_show_the_same_drawing() -> None:
    maps = render([ball(0.0, 0.0, 0.3, 1)], VIEW)
    clear = drawn(maps, surfaces_with_shadow(), CLEAN)
    paper = drawn(maps, surfaces_with_shadow(), replace(CLEAN, paper=(255, 255, 255)))
    assert (paper[..., 3] == 255).all()
    shown = over_color(clear, (255, 255, 255))[..., :3].astype(np.int64)
    assert np.abs(shown - paper[..., :3]).max() <= 1
    assert np.array_equal(read_line_art(clear).ink, read_line_art(paper).ink)


def test_gaps_open_the_outline() -> None:
    maps = render([ball(0.0, 0.0, 0.3, 1)], VIEW)
    whole = drawn(maps, surfaces_with_shadow(), CLEAN)[..., 3] > 64
    opened = drawn(maps, surfaces_with_shadow(), replace(CLEAN, gaps=12.0))[..., 3] > 64
    assert 0.5 * whole.sum() < opened.sum() < 0.99 * whole.sum()


def test_shadow_lies_away_from_the_light() -> None:
    surfaces = surfaces_with_shadow()
    maps = render([ball(0.0, 0.0, 0.3, 1)], VIEW)
    shading = Shading(np.array([0, 2, 0, 0], np.int32), angle=0.0, turn=0.0, depth=0.1)
    shading.apply(maps, 0.0)
    columns = np.nonzero(maps.surface == 2)[1]
    assert len(columns) > 500
    assert columns.min() > 100
    assert surfaces.bases()[maps.surface].max() == 1


def test_a_smear_stretches_only_while_it_lasts() -> None:
    def width(time: float) -> float:
        part = square(0.2, 0.0, 0.1, 1)
        Smear(1.0, 2.0, 0.0, 2.0, 0.0).apply([part], time)
        return float(np.ptp(part.outline[:, 0]))

    assert width(0.5) == pytest.approx(0.2)
    assert width(1.5) == pytest.approx(0.4)
    assert width(2.5) == pytest.approx(0.2)


def test_curves_pass_through_their_keys_and_hold_beyond() -> None:
    curve = Curve(np.array([1.0, 2.0, 4.0]), np.array([[0.0], [10.0], [4.0]]), overshoot=0.2)
    assert [float(curve.at(time)[0]) for time in (0.0, 1.0, 2.0, 4.0, 9.0)] == pytest.approx([0, 0, 10, 4, 4])
    assert 0.0 < float(curve.at(1.4)[0]) < 10.0


def test_refined_grids_keep_their_points_and_stay_round() -> None:
    skin = ellipsoid(np.zeros(3), (1.0, 1.0, 1.0), rotation(), 12, 16)
    columns = refined_columns(skin, closed=True)
    assert np.allclose(columns[:, ::2], skin)
    assert refined_rows(skin).shape == (25, 17, 3)
    ring: Points = columns[6]
    assert np.abs(np.linalg.norm(ring, axis=1) - 1.0).max() < 0.002
