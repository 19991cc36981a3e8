"""The region matcher learns, repeats itself, and says the same through ONNX as in training."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from support.identity_shots import drawn, features_of

from keycel_backend.regions.learned import LearnedMatcher
from keycel_backend.training.matcher import store
from keycel_backend.training.matcher.accuracy import accuracy
from keycel_backend.training.matcher.batches import verdict
from keycel_backend.training.matcher.card import write_card
from keycel_backend.training.matcher.curve import draw_curve
from keycel_backend.training.matcher.examples import ShotExamples, shot_examples
from keycel_backend.training.matcher.export import export
from keycel_backend.training.matcher.learning import Plan, Progress, learn
from keycel_backend.training.matcher.network import Describer, Judge

PLAN = Plan(seed=5, steps=12, minutes=5.0, batch=1, device="cpu")


@pytest.fixture(scope="module")
def shot() -> ShotExamples:
    moves = [(0, 0), (9, 2), (15, 5)]
    return shot_examples([drawn(move, with_ball=move[0] > 10) for move in moves], seed=1, pairs=6)


@pytest.fixture(scope="module")
def stored(shot: ShotExamples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shots") / "0.npz"
    store.save(shot, path)
    return path


def learned(stored: Path, plan: Plan = PLAN) -> tuple[Describer, Judge, list[Progress]]:
    progress: list[Progress] = []
    describer, judge, steps = learn([stored], [stored], plan, progress.append)
    assert steps == plan.steps
    return describer, judge, progress


def test_training_lowers_the_loss_and_is_repeatable(stored: Path) -> None:
    first, second = learned(stored), learned(stored)
    untrained = accuracy([store.load(stored)], Describer(), Judge(), "cpu")
    assert first[2][-1].held_out.loss < 0.8 * untrained.loss
    for one, other in zip(first[1].parameters(), second[1].parameters(), strict=True):
        assert torch.equal(one, other)


def test_another_seed_gives_other_networks(stored: Path) -> None:
    one, other = learned(stored), learned(stored, dataclasses.replace(PLAN, seed=6))
    assert not torch.equal(next(one[1].parameters()), next(other[1].parameters()))


def test_the_describer_works_without_pictures(stored: Path) -> None:
    describer, _, _ = learned(stored, dataclasses.replace(PLAN, with_pictures=False, steps=2))
    assert describer.pictures is None


@pytest.mark.parametrize("with_pictures", [True, False])
def test_onnx_says_what_the_networks_say(shot: ShotExamples, tmp_path: Path, with_pictures: bool) -> None:
    """On drawings of other sizes than the one the networks were traced with."""
    torch.manual_seed(0)
    describer, judge = Describer(with_pictures), Judge()
    export(describer, judge, shot, tmp_path)
    matcher = LearnedMatcher(tmp_path, threads=1)
    pictures = [drawn((0, 0))[0][:200, :300], drawn((11, 3), with_ball=True)[0][:200, :300]]
    identities = [drawn((0, 0))[1][:200, :300], drawn((11, 3), with_ball=True)[1][:200, :300]]
    other = shot_examples(list(zip(pictures, identities, strict=True)), seed=0, pairs=2)
    features = [features_of(np.ascontiguousarray(picture)) for picture in pictures]
    for pair in other.pairs:
        with torch.no_grad():
            expected = (
                verdict([ShotExamples(other.views, (pair,))], describer, judge, "cpu").history[-1].exp()
            )
        found = matcher(features[pair.target], features[pair.source])
        np.testing.assert_allclose(found.belief, expected.numpy(), atol=2e-3)


def test_pairs_do_not_influence_each_other(shot: ShotExamples) -> None:
    torch.manual_seed(0)
    describer, judge = Describer(), Judge()
    with torch.no_grad():
        together = verdict([shot], describer, judge, "cpu").history[-1]
        alone = [
            verdict([ShotExamples(shot.views, (pair,))], describer, judge, "cpu").history[-1]
            for pair in shot.pairs
        ]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-4, rtol=1e-4)


def test_curve_and_card_tell_the_figures(stored: Path, tmp_path: Path) -> None:
    _, _, progress = learned(stored)
    draw_curve(progress, tmp_path / "curve.png")
    with Image.open(tmp_path / "curve.png") as picture:
        colors = picture.convert("RGB").getcolors(1 << 20)
    assert colors is not None
    assert len(colors) > 4
    write_card(tmp_path / "README.md", "the command", PLAN, 1, 1, 0, (10, 20), progress)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert f"| learned matcher | {progress[-1].held_out.count:.3f} |" in text
    assert "the command" in text
