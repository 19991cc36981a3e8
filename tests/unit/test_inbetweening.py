"""Line tracks: keys as they are, strokes that turn instead of crossing, new strokes drawn in, crisp lines."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from keycel_backend.inbetweening.bending import Way, turns
from keycel_backend.inbetweening.easing import EASINGS, EVEN, SLOW_BOTH, SLOW_IN, SLOW_OUT, eased
from keycel_backend.inbetweening.fitting import fit
from keycel_backend.inbetweening.key import read_key
from keycel_backend.inbetweening.mesh import make_mesh
from keycel_backend.inbetweening.pen import draw, lines_between
from keycel_backend.inbetweening.strokes import trace
from keycel_backend.inbetweening.track import Track
from keycel_backend.inbetweening.transition import Transition
from keycel_backend.regions.arrays import Pixels
from keycel_backend.regions.lines import read_line_art
from keycel_backend.regions.matching import match
from keycel_shared.errors import ErrorCode, KeycelError

SIZE = 160
INK = (30, 60, 200, 255)


def drawing(*outlines: np.ndarray, closed: bool = True, color: tuple[int, ...] = INK) -> Pixels:
    """Lines three pixels wide on transparent, through points given as x, y."""
    picture = np.zeros((SIZE, SIZE, 4), np.uint8)
    picture[..., :3] = color[:3]
    alpha = np.zeros((SIZE, SIZE), np.uint8)
    for outline in outlines:
        points = np.rint(np.asarray(outline) * 16).astype(np.int32)
        cv2.polylines(alpha, [points], closed, 255, 3, cv2.LINE_AA, 4)
    picture[..., 3] = alpha
    picture[alpha == 0] = 0
    return picture


def box(turn: float = 0.0, middle: tuple[float, float] = (80, 80), size: float = 35) -> np.ndarray:
    corners = np.array([[-1, -0.5], [1, -0.5], [1, 0.5], [-1, 0.5]]) * size
    c, s = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    return corners @ np.array([[c, s], [-s, c]]) + middle


def ball(middle: tuple[float, float], radius: float) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius + middle


def transition(one: Pixels, two: Pixels, take: int = 0) -> Transition:
    return Transition(read_key(one), read_key(two), match, lambda: None, take)


def ink(picture: Pixels) -> np.ndarray:
    return picture[..., 3] > 100


def worst(one: Pixels, two: Pixels) -> float:
    """Largest distance in pixels from a line of either to a line of the other."""
    away = [cv2.distanceTransform((~ink(p)).astype(np.uint8), cv2.DIST_L2, 5) for p in (one, two)]
    return max(float(away[1][ink(one)].max()), float(away[0][ink(two)].max()))


def test_strokes_keep_width_colour_and_place_when_drawn_again() -> None:
    picture = drawing(box(20), ball((80, 80), 10))
    strokes = trace(picture, read_line_art(picture))
    chains = [chain for chain in strokes.chains if len(chain) > 1]
    pairs = np.concatenate([np.stack([chain[:-1], chain[1:]], axis=1) for chain in chains])
    again = draw(lines_between(strokes.places, strokes.half_width, strokes.color, pairs), SIZE, SIZE, None)
    assert worst(picture, again) <= 2.0  # the tips of corners
    before, after = picture[..., 3].astype(float).sum(), again[..., 3].astype(float).sum()
    assert abs(after / before - 1.0) < 0.12
    assert np.abs(again[ink(again)][:, :3].astype(int) - np.array(INK[:3])).max() <= 2


def test_drawings_on_paper_stay_on_paper() -> None:
    one, two = drawing(box(0)), drawing(box(0, (90, 80)))
    for picture in (one, two):
        share = picture[..., 3:] / 255.0
        picture[..., :3] = np.rint(picture[..., :3] * share + np.array((240, 235, 220)) * (1 - share))
        picture[..., 3] = 255
    between = transition(one, two).at(0.5)
    assert (between[..., 3] == 255).all()
    assert (between[0, 0] == (240, 235, 220, 255)).all()
    assert (between[..., 2].astype(int) - between[..., 0] > 100).any()


@pytest.mark.parametrize("angle", [20.0, 40.0])
def test_a_turning_shape_keeps_its_size_on_the_way(angle: float) -> None:
    """A straight path of every point would shrink it: the chord of an arc is shorter."""
    middle = transition(drawing(box(0)), drawing(box(angle))).at(0.5)
    assert worst(middle, drawing(box(angle / 2))) <= 3.0


def test_a_moved_shape_is_half_way_at_half_the_time() -> None:
    way = transition(drawing(box(0, (60, 70))), drawing(box(0, (90, 90))))
    assert worst(way.at(0.5), drawing(box(0, (75, 80)))) <= 2.0
    assert worst(way.at(0.0), drawing(box(0, (60, 70)))) <= 2.0
    assert worst(way.at(1.0), drawing(box(0, (90, 90)))) <= 2.0
    assert way.common > 0.95


def test_a_figure_is_followed_where_a_like_one_stands_in_its_old_place() -> None:
    """One of its regions is taken for the other figure's, which would tear it apart."""
    figure = [box(0, (40, 50), 28), *(ball((x, 50), 5) for x in (24, 40, 56))]
    gone = np.array((78.0, 60.0))
    one, two = read_key(drawing(*figure)), read_key(drawing(*figure, *(part + gone for part in figure)))
    middle = one.regions.centroid / one.regions.scale
    landing = two.regions.centroid / two.regions.scale
    goal = middle + np.where(one.background[:, None], 0.0, gone)
    goal[np.linalg.norm(middle - (24, 50), axis=1).argmin()] -= gone
    away = np.linalg.norm(goal[:, None] - landing[None], axis=2)
    belief = np.eye(two.regions.count)[away.argmin(axis=1)]
    mesh = make_mesh(one)
    found = fit(mesh, one, two, belief, lambda: None)
    left = np.abs(found.places - (mesh.rest + complex(*gone)))
    assert np.mean(left < 3.0) > 0.95


def test_width_and_colour_change_along_the_way() -> None:
    one, two = drawing(box(0)), drawing(box(0, (84, 80)), color=(230, 60, 0))
    red = transition(one, two).at(0.5)
    seen = np.median(red[ink(red)][:, 0])
    assert seen == pytest.approx((30 + 230) / 2, abs=12)


def test_a_stroke_without_partner_is_drawn_in_without_a_ghost() -> None:
    line = np.array([[62.0, 80], [98, 80]])
    one = drawing(box(0))
    two = one.copy()
    added = drawing(line, closed=False)
    two[added[..., 3] > two[..., 3]] = added[added[..., 3] > two[..., 3]]
    way = transition(one, two)
    drawn = [int(ink(way.at(share))[76:85, 60:100].sum()) for share in (0.1, 0.5, 0.9)]
    assert drawn[0] < drawn[1] < drawn[2]
    middle = way.at(0.5)[76:85, 60:100, 3]
    assert middle.max() > 240  # half as long, not half as dark


def test_the_way_ends_exactly_where_the_mesh_was_brought() -> None:
    mesh = make_mesh(read_key(drawing(box(0), ball((80, 80), 8))))
    goal = mesh.rest * np.exp(0.6j) * 1.1 + (5 - 3j)
    way = Way(mesh, goal, mesh.strength)
    assert np.abs(way.at(1.0)[0] - goal).max() < 1e-6
    assert np.abs(way.at(0.0)[0] - mesh.rest).max() < 1e-6
    half, turn = way.at(0.5)
    assert np.abs(turns(mesh, goal, mesh.strength) - 1.1 * np.exp(0.6j)).max() < 1e-6
    assert np.angle(turn).mean() == pytest.approx(0.3, abs=1e-6)
    spread = np.abs(half - half.mean()).mean() / np.abs(mesh.rest - mesh.rest.mean()).mean()
    assert spread == pytest.approx(1.05, abs=0.01)


def track(keys: dict[int, Pixels], easing: str = EVEN) -> Track:
    names = {time: str(time) for time in keys}
    return Track(names, lambda name: keys[int(name)], match, easing, lambda: None)


def test_keys_come_back_byte_for_byte_and_frames_do_not_depend_on_each_other() -> None:
    keys = {3: drawing(box(0)), 6: drawing(box(15)), 8: drawing(box(15, (90, 85)))}
    found = track(keys)
    assert list(found.times) == [3, 4, 5, 6, 7, 8]
    for time, key in keys.items():
        assert (found.drawing(time) == key).all()
    first = {time: found.drawing(time) for time in (4, 5, 7)}
    for time in (7, 4):
        assert (track(keys).drawing(time) == first[time]).all()
        assert (found.drawing(time) == first[time]).all()
    assert len({found.digest(time) for time in found.times}) == 6


def test_another_take_is_another_name_and_the_same_every_time() -> None:
    found = track({0: drawing(box(0)), 4: drawing(box(30, (90, 85)))})
    assert found.digest(2, 1) != found.digest(2)
    assert (found.drawing(2, 1) == found.drawing(2, 1)).all()
    assert ink(found.drawing(2, 3)).any()


def test_equal_keys_hold() -> None:
    key = drawing(box(0))
    same = Track({0: "a", 5: "a", 7: "b"}, lambda _: key, match, EVEN, lambda: None)
    assert [same.is_key(time) for time in range(8)] == [True] * 6 + [False, True]
    assert same.digest(3) == "a"


def test_an_empty_key_is_refused() -> None:
    with pytest.raises(KeycelError) as refused:
        track({0: drawing(box(0)), 4: np.zeros((SIZE, SIZE, 4), np.uint8)}).drawing(2)
    assert refused.value.value.code is ErrorCode.DOC_NO_LINES
    assert "frame 4" in refused.value.value.title


def test_keys_with_nothing_in_common_say_so() -> None:
    far = track(
        {0: drawing(box(10, (35, 30), 20)), 4: drawing(*(ball((120, 120), r) for r in (8, 16, 24, 32)))}
    )
    assert far.common(2) < 0.35
    assert ink(far.drawing(2)).any()


def test_work_stops_at_once_when_it_is_not_wanted() -> None:
    class Stop(Exception):
        pass

    def stop() -> None:
        raise Stop

    one, two = read_key(drawing(box(0))), read_key(drawing(box(30)))
    with pytest.raises(Stop):
        Transition(one, two, match, stop)


def test_spacing() -> None:
    for easing in EASINGS:
        values = [eased(share, easing) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
        assert values[0] == 0.0
        assert values[-1] == 1.0
        assert values == sorted(values)
    assert eased(0.5, SLOW_OUT) < 0.5 < eased(0.5, SLOW_IN)
    assert eased(0.25, SLOW_BOTH) < 0.25
    assert track({0: drawing(box(0)), 4: drawing(box(30))}, SLOW_OUT).digest(2) != track(
        {0: drawing(box(0)), 4: drawing(box(30))}
    ).digest(2)
