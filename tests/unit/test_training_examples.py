"""Examples for the region matcher: what counts as right, what is kept on disk, what is read of drawings."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest
from support.identity_shots import BALL, drawn, features_of

from keycel_backend.regions.arrays import Pixels
from keycel_backend.regions.features import RegionFeatures
from keycel_backend.regions.learned_cues import CUES, LINKS, POOL, TRAITS, pair_cues
from keycel_backend.regions.learned_views import POINTS, SHAPE, view
from keycel_backend.training.matcher import store
from keycel_backend.training.matcher.examples import ShotExamples, shot_examples

COLORS = np.arange(BALL + 1) // 2
"""Colour of every shape: two shapes share one, as the left and the right hand do."""


@pytest.fixture(scope="module")
def examples() -> ShotExamples:
    drawings = [drawn((0, 0)), drawn((6, 2)), drawn((12, 4), with_ball=True)]
    return shot_examples(drawings, COLORS, seed=3, pairs=6)


def test_every_region_has_a_right_answer(examples: ShotExamples) -> None:
    assert {(pair.target, pair.source) for pair in examples.pairs} == {
        (a, b) for a in range(3) for b in range(3) if a != b
    }
    for pair in examples.pairs:
        found = (pair.truth.right >= 0.5).any(axis=1)
        assert (found != (pair.truth.new == 1.0)).all()


def test_only_what_the_source_does_not_show_is_new(examples: ShotExamples) -> None:
    new = {(pair.target, pair.source): int(pair.truth.new.sum()) for pair in examples.pairs}
    assert new == {(0, 1): 0, (1, 0): 0, (0, 2): 0, (1, 2): 0, (2, 0): 1, (2, 1): 1}


def test_shapes_of_one_colour_are_right_by_colour_and_wrong_by_region(examples: ShotExamples) -> None:
    for pair in examples.pairs:
        truth, real = pair.truth, pair.cues.valid > 0
        same_color = truth.source_color == truth.color[:, None]
        same_shape = truth.right >= 0.5
        assert (same_color[real] | ~same_shape[real]).all(), "the same shape has the same colour"
        assert (same_color & ~same_shape & real).any(), "other shapes have it, too"
        assert (truth.source_color[~real] == -1).all()
        assert (truth.has_color == same_color.any(axis=1)).all()


def test_only_what_the_source_does_not_paint_has_no_colour_there(examples: ShotExamples) -> None:
    missing = {(pair.target, pair.source): int((pair.truth.has_color == 0).sum()) for pair in examples.pairs}
    assert missing == {(0, 1): 0, (1, 0): 0, (0, 2): 0, (1, 2): 0, (2, 0): 1, (2, 1): 1}


def test_candidates_that_are_only_filling_are_never_right(examples: ShotExamples) -> None:
    for pair in examples.pairs:
        regions = len(pair.cues.source_area)
        assert regions < POOL
        assert (pair.cues.valid.sum(axis=1) == regions).all()
        assert not pair.truth.right[pair.cues.valid == 0].any()
        assert not pair.cues.cues[pair.cues.valid == 0].any()


def test_shots_are_the_same_after_storing(examples: ShotExamples, tmp_path: Path) -> None:
    path = tmp_path / "shot.npz"
    store.save(examples, path)
    again = store.load(path)
    assert [(pair.target, pair.source) for pair in again.pairs] == [
        (pair.target, pair.source) for pair in examples.pairs
    ]
    before = [*examples.views, *(part for pair in examples.pairs for part in (pair.cues, pair.truth))]
    after = [*again.views, *(part for pair in again.pairs for part in (pair.cues, pair.truth))]
    for one, other in zip(before, after, strict=True):
        assert type(one) is type(other)
        for field in dataclasses.fields(one):
            np.testing.assert_allclose(
                getattr(one, field.name), getattr(other, field.name), rtol=2e-3, atol=2e-3
            )
    assert list(tmp_path.iterdir()) == [path]


def test_some_pairs_are_loaded_with_only_their_drawings(examples: ShotExamples, tmp_path: Path) -> None:
    path = tmp_path / "shot.npz"
    store.save(examples, path)
    chosen = next(number for number, pair in enumerate(examples.pairs) if 0 not in (pair.target, pair.source))
    some = store.load(path, lambda count: [chosen] if count == len(examples.pairs) else [])
    assert len(some.views) == 2
    pair, wanted = some.pairs[0], examples.pairs[chosen]
    np.testing.assert_array_equal(pair.truth.color, wanted.truth.color)
    for here, there in ((pair.target, wanted.target), (pair.source, wanted.source)):
        np.testing.assert_array_equal(some.views[here].lines, examples.views[there].lines)


def test_cues_have_the_stated_shapes_and_are_finite() -> None:
    target, source = features_of(drawn((0, 0), with_ball=True)[0]), features_of(drawn((9, 0))[0])
    cues = pair_cues(target, source)
    assert cues.cues.shape == (target.count, POOL, CUES)
    assert cues.traits.shape == (target.count, TRAITS)
    assert cues.links.shape == (len(target.edges), LINKS)
    assert cues.source_contact.shape == (source.count, source.count)
    assert (cues.source_contact == cues.source_contact.T).all()
    assert (cues.source_contact > 0).sum() == 2 * len(source.edges)
    for field in dataclasses.fields(cues):
        value = getattr(cues, field.name)
        assert np.isfinite(value).all(), field.name
        assert np.abs(value).max() < 100.0, field.name


def test_cues_of_place_and_size_do_not_depend_on_the_canvas() -> None:
    def enlarged(moved: tuple[float, float]) -> RegionFeatures:
        picture = cv2.resize(drawn(moved)[0], (480, 360), interpolation=cv2.INTER_CUBIC)
        return features_of(cast(Pixels, picture))

    small = pair_cues(features_of(drawn((0, 0))[0]), features_of(drawn((9, 0))[0]))
    large = pair_cues(enlarged((0, 0)), enlarged((9, 0)))
    np.testing.assert_allclose(small.place, large.place, atol=0.03)
    np.testing.assert_allclose(small.target_area, large.target_area, rtol=0.2)
    np.testing.assert_allclose(small.traits[:, :6], large.traits[:, :6], atol=0.1)


def test_every_point_of_a_view_lies_in_its_region() -> None:
    features = features_of(drawn((0, 0), with_ball=True)[0])
    seen = view(features)
    assert seen.points.shape == (features.count, POINTS, 2)
    assert seen.shape.shape == (features.count, SHAPE)
    height, width = features.labels.shape
    column = np.floor((seen.points[..., 0] + 1) / 2 * width).astype(int)
    row = np.floor((seen.points[..., 1] + 1) / 2 * height).astype(int)
    assert (features.labels[row, column] == np.arange(1, features.count + 1)[:, None]).all()
