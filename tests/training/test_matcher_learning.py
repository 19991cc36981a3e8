"""The region matcher learns, repeats itself, and says the same through ONNX as in training."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from support.identity_shots import BALL, drawn, features_of

from keycel_backend.regions.learned import LearnedMatcher
from keycel_backend.regions.matching import CANDIDATES
from keycel_backend.training.matcher import making, store
from keycel_backend.training.matcher.__main__ import main
from keycel_backend.training.matcher.accuracy import accuracy, likeliest_color
from keycel_backend.training.matcher.batches import verdict
from keycel_backend.training.matcher.card import Origin, write_card
from keycel_backend.training.matcher.curve import draw_curve
from keycel_backend.training.matcher.describer import Describer
from keycel_backend.training.matcher.examples import ShotExamples, shot_examples
from keycel_backend.training.matcher.export import export
from keycel_backend.training.matcher.judge import Judge
from keycel_backend.training.matcher.learning import Plan, Progress, learn

PLAN = Plan(seed=5, steps=16, minutes=5.0, batch=1, device="cpu")
COLORS = np.arange(BALL + 1) // 2


@pytest.fixture(scope="module")
def shot() -> ShotExamples:
    moves = [(0, 0), (9, 2), (15, 5)]
    return shot_examples([drawn(move, with_ball=move[0] > 10) for move in moves], COLORS, seed=1, pairs=6)


@pytest.fixture(scope="module")
def stored(shot: ShotExamples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shots") / "0.npz"
    store.save(shot, path)
    return path


def learned(stored: Path, plan: Plan = PLAN) -> tuple[Describer, Judge, list[Progress]]:
    progress: list[Progress] = []
    describer, judge = learn([stored], [store.load(stored)], plan, lambda one, *_: progress.append(one))
    assert progress[-1].step == plan.steps
    return describer, judge, progress


def test_training_lowers_the_loss_and_is_repeatable(stored: Path) -> None:
    first, second = learned(stored), learned(stored)
    untrained = accuracy([store.load(stored)], Describer().eval(), Judge(), "cpu")
    assert first[2][-1].held_out.loss < 0.8 * untrained.loss
    for one, other in zip(first[1].parameters(), second[1].parameters(), strict=True):
        assert torch.equal(one, other)


def test_shots_without_pairs_and_shots_to_come_are_passed_over(stored: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.npz"
    empty.touch()
    paths = [stored, empty, *(tmp_path / f"{number}.npz" for number in range(8))]
    plan = dataclasses.replace(PLAN, steps=None, minutes=0.02)
    progress: list[Progress] = []
    learn(paths, [store.load(stored)], plan, lambda one, *_: progress.append(one))
    assert progress[-1].step > 0


def test_another_seed_gives_other_networks(stored: Path) -> None:
    one, other = learned(stored), learned(stored, dataclasses.replace(PLAN, seed=6))
    assert not torch.equal(next(one[1].parameters()), next(other[1].parameters()))


def test_the_describer_works_without_pictures(stored: Path) -> None:
    describer, _, _ = learned(stored, dataclasses.replace(PLAN, with_pictures=False, steps=2))
    assert describer.pictures is None


def test_what_colours_say_counts_in_training(stored: Path) -> None:
    one, other = learned(stored), learned(stored, dataclasses.replace(PLAN, color_say=0.0))
    assert not torch.equal(next(one[1].parameters()), next(other[1].parameters()))


def test_the_likeliest_colour_is_summed_over_candidates() -> None:
    belief = np.array([[0.4, 0.3, 0.3, 0.0], [0.4, 0.3, 0.2, 0.1]], np.float32)
    colors = np.array([[7, 8, 8, -1], [7, 8, 9, -1]])
    assert likeliest_color(belief, colors).tolist() == [8, 7]


@pytest.mark.parametrize(("with_pictures", "rounds"), [(True, 4), (False, 4), (True, 0)])
def test_onnx_says_what_the_networks_say(
    shot: ShotExamples, tmp_path: Path, with_pictures: bool, rounds: int
) -> None:
    """On drawings of other sizes than the one the networks were traced with."""
    torch.manual_seed(0)
    describer, judge = Describer(with_pictures).eval(), Judge(rounds)
    export(describer, judge, shot, tmp_path)
    matcher = LearnedMatcher(tmp_path)
    pictures = [drawn((0, 0))[0][:200, :300], drawn((11, 3), with_ball=True)[0][:200, :300]]
    identities = [drawn((0, 0))[1][:200, :300], drawn((11, 3), with_ball=True)[1][:200, :300]]
    other = shot_examples(list(zip(pictures, identities, strict=True)), COLORS, seed=0, pairs=2)
    features = [features_of(np.ascontiguousarray(picture)) for picture in pictures]
    for pair in other.pairs:
        with torch.no_grad():
            expected = verdict([ShotExamples(other.views, (pair,))], describer, judge, "cpu").rounds.belief
        found = matcher(features[pair.target], features[pair.source])
        np.testing.assert_allclose(found.belief, expected[-1].numpy(), atol=2e-3)
        assert found.source.shape == (features[pair.target].count, CANDIDATES)
        assert found.source.max() < features[pair.source].count


def test_pairs_do_not_influence_each_other(shot: ShotExamples) -> None:
    torch.manual_seed(0)
    describer, judge = Describer().eval(), Judge()
    with torch.no_grad():
        together = verdict([shot], describer, judge, "cpu").rounds.belief[-1]
        alone = [
            verdict([ShotExamples(shot.views, (pair,))], describer, judge, "cpu").rounds.belief[-1]
            for pair in shot.pairs
        ]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-4, rtol=1e-4)


def test_curve_and_card_tell_the_figures(stored: Path, tmp_path: Path) -> None:
    describer, judge, progress = learned(stored)
    draw_curve(progress, tmp_path / "curve.png")
    with Image.open(tmp_path / "curve.png") as picture:
        colors = picture.convert("RGB").getcolors(1 << 20)
    assert colors is not None
    assert len(colors) > 4
    origin = Origin("the command", PLAN, range(5, 6), 1)
    write_card(tmp_path / "README.md", origin, describer, judge, progress)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert f"| learned matcher | {progress[-1].held_out.learned.color:.3f} |" in text
    assert "the command" in text


def test_the_command_of_the_gpu_page_writes_everything(
    shot: ShotExamples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same options; fewer shots, made before, and two updates."""
    seeds = [*making.seeds_of(3, 1), making.HELD_OUT_SEED]
    for seed in seeds:
        path = making.shot_path(tmp_path / "shots", seed)
        path.parent.mkdir(exist_ok=True)
        store.save(shot, path)
    options = "--seed 3 --shots 1 --held-out 1 --steps 2 --batch 8 --workers 1 --threads 1 --device cpu"
    monkeypatch.setattr("sys.argv", ["matcher", "--out", str(tmp_path), *options.split()])
    main()
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {
        *("README.md", "curve.png", "describer.onnx", "judge.onnx", "networks.pt")
    }
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "--seed 3 --shots 1 --batch 8 --steps 2" in card
    assert "2 updates of 8 shot(s)" in card
    LearnedMatcher(tmp_path)
