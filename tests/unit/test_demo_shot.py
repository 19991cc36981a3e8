"""The demo shot keeps the contract of shot folders and is the same on every call."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from keycel_backend.demo.fox import draw_fox
from keycel_backend.demo.motion import EXPOSURES
from keycel_backend.demo.shot import KEYFRAMES, TIMES, write_demo_shot
from keycel_backend.evaluate.truth import open_truth
from keycel_backend.io.shot import open_shot
from keycel_backend.io.source import ShotSource


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_demo_shot(folder / "shot", folder / "truth")
    return folder


@pytest.fixture(scope="module")
def shot(demo: Path) -> ShotSource:
    return open_shot(demo / "shot")


def test_the_shot(shot: ShotSource) -> None:
    assert (shot.width, shot.height, shot.fps) == (1280, 720, 24.0)
    assert tuple(shot.drawings) == TIMES
    assert len(TIMES) == 24
    assert tuple(shot.keyframes) == KEYFRAMES == (TIMES[0], TIMES[-1])
    assert {1, 2, 3} <= set(EXPOSURES)
    assert [shot.exposure(time) for time in TIMES] == list(EXPOSURES)


def test_the_same_on_every_call(demo: Path, shot: ShotSource) -> None:
    truth = open_truth(demo / "truth", demo / "shot" / "line")
    for time in (TIMES[0], TIMES[9], TIMES[-1]):
        cel = draw_fox(time)
        assert np.array_equal(cel.lines(), shot.drawings[time].load())
        assert np.array_equal(cel.flats(), truth.colors[time].load())


def test_drawings_move_and_keep_their_pens(shot: ShotSource) -> None:
    pictures = [shot.drawings[time].load() for time in TIMES[:6]]
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)
    for picture in pictures:
        solid = picture[picture[..., 3] == 255][:, :3]
        pens = Counter(map(tuple, solid.tolist()))
        assert {(44, 28, 36), (52, 112, 236), (228, 60, 72)} <= set(pens)
        assert np.unique(picture[..., 3]).size > 5  # anti-aliased
        assert picture[0, :, 3].max() == 0  # on transparent ground


def test_truth_is_flat_and_covers_what_lines_enclose(demo: Path) -> None:
    truth = open_truth(demo / "truth", demo / "shot" / "line")
    assert truth.times == TIMES
    assert truth.background() == 0xFFFFFF
    allowed = {tuple(color) for color in truth.settings.palette}
    assert len(allowed) > 20
    for time in (TIMES[0], TIMES[9], TIMES[-1]):
        frame = truth.frame(time)
        assert frame.paint is not None
        assert set(map(tuple, np.unique(np.reshape(frame.paint, (-1, 3)), axis=0).tolist())) <= allowed
        assert len(truth.regions(frame)) > 60


def test_keyframes_are_the_truth(demo: Path, shot: ShotSource) -> None:
    truth = open_truth(demo / "truth", demo / "shot" / "line")
    for time in KEYFRAMES:
        flats = shot.keyframes[time].load()
        assert np.array_equal(flats, truth.colors[time].load())
        assert set(np.unique(flats[..., 3])) == {0, 255}


def test_some_lines_have_gaps(demo: Path, shot: ShotSource) -> None:
    """In most drawings paint of two colours meets somewhere off every line, as lines stop short."""
    truth = open_truth(demo / "truth", demo / "shot" / "line")
    open_drawings = 0
    for time in TIMES[:6]:
        paint = truth.paints[time].load()
        clear = shot.drawings[time].load()[..., 3] < 20
        codes = paint[..., 0].astype(int) << 16 | paint[..., 1].astype(int) << 8 | paint[..., 2]
        meets = np.zeros(clear.shape, bool)
        meets[:, 1:] |= (codes[:, 1:] != codes[:, :-1]) & clear[:, 1:] & clear[:, :-1]
        _, places = ndimage.label(meets, np.ones((3, 3)))
        open_drawings += places > 0
        assert places < 12
    assert open_drawings >= 4
