"""The trainer of `cel` and `sketchkey`: what it draws, what it minimises, that it repeats and goes on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from support.tiny_sketchkey import tiny_networks

from keycel_backend.diffusion.sketchkey.denoiser import read_keys
from keycel_backend.diffusion.sketchkey.latents import decode
from keycel_backend.diffusion.sketchkey.networks import SketchKeyNetworks
from keycel_backend.diffusion.sketchkey.sizes import PictureSize
from keycel_backend.training.shots.shot import ShotSettings, generate_shot
from keycel_backend.training.sketchkey import examples as store
from keycel_backend.training.sketchkey.checkpoint import resume_state, save_state
from keycel_backend.training.sketchkey.clips import Change, Pattern, Stage, clips_of, draw_pattern
from keycel_backend.training.sketchkey.examples import CelExample, example_of
from keycel_backend.training.sketchkey.learning import Plan, State, batch_of, learn
from keycel_backend.training.sketchkey.loss import AdaptiveWeightedLoss, Reading, Weighting
from keycel_backend.training.sketchkey.validation import judge

PLAN = Plan(Stage.SPARSE, seed=3, steps=6, frames=3, side=32, reports=2)


@pytest.fixture(scope="module")
def example() -> CelExample:
    settings = ShotSettings(heights=(96, 96), drawings=(7, 7), aspects=(1.0,))
    return example_of(generate_shot(12, settings), 32, 8)


@pytest.fixture(scope="module")
def stored(example: CelExample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shots") / "0.npz"
    store.save(example, path)
    return path


def _state(plan: Plan = PLAN) -> State:
    return State.begin(tiny_networks(), plan)


def _learned(stored: Path, plan: Plan, state: State | None = None) -> State:
    state = state or _state(plan)
    learn(state, [stored], plan, lambda _: None)
    return state


def _weights(state: State) -> list[torch.Tensor]:
    return [*state.networks.parameters(), *state.mean.networks.parameters(), state.loss.state]


@pytest.mark.parametrize("stage", [Stage.DENSE, Stage.SPARSE])
def test_patterns_are_sequences_with_what_each_stage_is_told(stage: Stage) -> None:
    random = np.random.default_rng(0)
    patterns = [draw_pattern(random, stage, 5, 10) for _ in range(300)]
    for pattern in patterns:
        steps = np.diff(pattern.drawings)
        assert (np.abs(steps[1:]) == 1).all()
        assert len(set(np.sign(steps))) == 1
        assert 0 <= min(pattern.drawings) <= max(pattern.drawings) < 10
        assert min((0, *pattern.keys)) >= 0
        assert max((0, *pattern.keys)) < 10
        assert len(pattern.keys) <= 6
    told = [pattern for pattern in patterns if any(pattern.drawn)]
    assert 0.02 < 1.0 - len(told) / 300 < 0.2, "sketches are dropped now and then"
    assert 0.02 < np.mean([not pattern.known[0] for pattern in patterns]) < 0.2, "so are references"
    assert {pattern.backward for pattern in patterns} == {True, False}
    if stage is Stage.DENSE:
        assert all(all(pattern.drawn) for pattern in told)
        assert not any(pattern.keys for pattern in patterns)
    else:
        assert all(pattern.drawn == pattern.is_key for pattern in told)
        with_painted = np.mean([pattern.drawings[0] in pattern.keys for pattern in told])
        assert 0.4 < with_painted < 0.7
        assert {len(pattern.keys) for pattern in told} >= {1, 2, 3, 4, 5}


def test_alone_the_token_branch_learns_from_keys_near_and_far() -> None:
    random = np.random.default_rng(0)
    patterns = [draw_pattern(random, Stage.KEYS, 3, 10) for _ in range(300)]
    for pattern in patterns:
        assert len(pattern.keys) == 2
        assert pattern.drawings[0] not in pattern.keys
        assert set(pattern.keys) <= set(pattern.drawings) <= set(range(10))
        assert all(pattern.drawn)
    away = {abs(pattern.keys[0] - pattern.drawings[0]) for pattern in patterns}
    assert away >= set(range(1, 9))
    assert {pattern.backward for pattern in patterns} == {True, False}
    assert 0.02 < np.mean([not pattern.known[0] for pattern in patterns]) < 0.2
    assert 0.3 < np.mean([len(pattern.drawings) > 3 for pattern in patterns]) < 0.6, "all drawings between"


def test_clips_show_the_drawings_with_their_changes(example: CelExample) -> None:
    pattern = Pattern((3, 2, 1), (True, False, False), (True, False, True), (3, 1), backward=True)
    size = PictureSize.of(example.size.height, example.size.width, 32, 8)
    change = Change((2, 0, 1), (10, 200, 30), mirrored=True)
    clips = clips_of([example], pattern, [change], size)
    plain = clips_of([example], pattern, [Change()], size)
    assert clips.sequence.frame_index.tolist() == [0, 1, 2]
    assert clips.sequence.key_index.tolist() == [0, 2]
    assert clips.is_key.tolist() == [True, False, True]
    assert torch.equal(clips.sequence.sketches, plain.sequence.sketches.flip(3))
    assert torch.equal(clips.sequence.key_sketches[:, 1], clips.sequence.sketches[:, 2])
    assert torch.equal(clips.sequence.key_starts[:, 1], clips.sequence.start[:, 2])
    assert torch.equal(clips.key_target[:, 1], clips.target[:, 2])
    assert set(torch.unique(clips.sequence.sketches).tolist()) == {0.0, 1.0}
    picture = decode(clips.target[0])[0].flip(2)
    covered = torch.as_tensor((example.paint[3][..., 3] > 0) | (example.surface[3] == 0)).float()
    covered = covered + torch.nn.functional.max_pool2d(plain.sequence.sketches[0, :1], 2)[0]
    far = torch.nn.functional.max_pool2d(covered[None], 3, 1, 1)[0] == 0
    assert far.any()
    colors = ((picture[:, far] + 1.0) * 127.5).round()
    assert (colors - torch.tensor([[10.0], [200.0], [30.0]])).abs().max() < 2.0
    assert 0.02 < float(clips.lines.mean()) < 0.98
    inked = torch.nn.functional.avg_pool2d(plain.sequence.sketches, 8) > 0
    assert bool((plain.lines[inked] == 1.0).all()), "a latent with a line in it is all line"


@pytest.mark.parametrize("reading", list(Reading))
def test_the_loss_strengthens_keys_and_lines(reading: Reading) -> None:
    target = torch.zeros(1, 2, 3, 4, 4)
    lines = torch.zeros(1, 2, 4, 4)
    lines[..., :2] = 1.0
    is_key, counted = torch.tensor([False, True]), torch.tensor([True, True])

    def cost(frame: int, columns: slice, sigma: float = 1.0) -> float:
        loss = AdaptiveWeightedLoss(Weighting(reading))
        # running means of equal size: what balancing has to start from
        loss.state = torch.ones(4)
        denoised = target.clone()
        denoised[:, frame, :, :, columns] = 1.0
        found = loss(denoised, target, torch.tensor([sigma]), lines, is_key, counted)
        return float(found.total)

    on_line, off_line = slice(0, 2), slice(2, 4)
    assert cost(1, off_line) > 1.5 * cost(0, off_line)
    assert cost(0, on_line) > 1.5 * cost(0, off_line)
    share = cost(0, on_line, 20.0) / cost(0, off_line, 20.0)
    assert (share < 1.2) == (reading is Reading.NOISE), "only one reading forgets lines in noise"


def test_balancing_gives_more_to_what_is_learned_already() -> None:
    loss = AdaptiveWeightedLoss(Weighting(Reading.BALANCE, key=0.0, line=0.0))
    target, lines = torch.zeros(1, 1, 3, 4, 4), torch.zeros(1, 1, 4, 4)
    lines[..., :2] = 1.0
    denoised = target.clone()
    denoised[..., :2] = 2.0
    denoised[..., 2:] = 0.5
    arguments = target, torch.ones(1), lines, torch.tensor([False]), torch.tensor([True])
    for _ in range(3):
        found = loss(denoised, *arguments)
    plain = AdaptiveWeightedLoss(Weighting(Reading.FIXED, key=0.0, line=0.0))(denoised, *arguments)
    assert float(found.total) < 0.5 * float(plain.total)
    assert torch.allclose(loss.state[:2], torch.tensor([0.5, 8.0]))
    assert torch.isnan(loss.state[2:]).all(), "no key frame was seen"


def test_frames_that_are_given_cost_nothing() -> None:
    loss = AdaptiveWeightedLoss(Weighting(Reading.FIXED))
    target = torch.zeros(1, 2, 3, 4, 4)
    denoised = target.clone()
    denoised[:, 0] = 1.0
    lines, is_key = torch.zeros(1, 2, 4, 4), torch.tensor([False, False])
    found = loss(denoised, target, torch.ones(1), lines, is_key, torch.tensor([False, True]))
    assert float(found.total) == 0.0


def test_training_lowers_the_loss_and_moves_the_gates(stored: Path, example: CelExample) -> None:
    plan = dataclasses.replace(PLAN, steps=24, rate=3e-3)
    before = judge(tiny_networks(), [example], plan, 0, None)
    state = _learned(stored, plan)
    after = judge(state.networks, [example], plan, 0, None)
    assert after.losses[0] < 0.9 * before.losses[0]
    assert all(abs(gate) > 1e-4 for gate in state.networks.gates())
    assert all(abs(gate) > 1e-5 for gate in state.mean.networks.gates())


def test_alone_the_token_branch_learns_and_nothing_else(stored: Path) -> None:
    plan = dataclasses.replace(PLAN, stage=Stage.KEYS, steps=40, rate=3e-3)
    fresh, state = tiny_networks(), _learned(stored, plan)
    opened = State.begin(tiny_networks(), plan).networks
    clips = batch_of([stored], plan, 1000, 8)

    @torch.no_grad()
    def error(networks: SketchKeyNetworks) -> float:
        return float((read_keys(networks, clips.sequence)[1] - clips.key_target).square().mean())

    assert error(state.networks) < 0.7 * error(opened)
    assert state.networks.gates() == opened.gates() == [pytest.approx(0.964, abs=0.001), *[0.0] * 4]
    for one, other in zip(state.networks.unet.parameters(), fresh.unet.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_key_around_the_sequence_tells_where_its_frames_start(example: CelExample) -> None:
    size = PictureSize.of(example.size.height, example.size.width, 32, 8)
    alone = Pattern((0, 1, 2), (True, False, False), (True, False, False), (0,), backward=False)
    told = dataclasses.replace(alone, keys=(0, 4))
    one, other = (clips_of([example], pattern, [Change()], size).sequence for pattern in (alone, told))
    assert not torch.equal(one.start[:, 2], other.start[:, 2]), "moved halfway to the key at 4"


def test_without_sketch_attention_its_layers_learn_nothing(stored: Path) -> None:
    state = _learned(stored, dataclasses.replace(PLAN, sketch_attention=False))
    assert state.networks.gates() == [0.0] * 5
    clips = batch_of([stored], dataclasses.replace(PLAN, sketch_attention=False), 0, 8)
    assert len(clips.sequence.key_index) == 0
    assert clips.is_key.tolist() == clips.sequence.drawn.tolist()


def test_a_training_that_was_cut_off_goes_on_to_the_bit(stored: Path, tmp_path: Path) -> None:
    whole = _learned(stored, PLAN)
    path = tmp_path / "checkpoint.pt"
    half = _state()

    class CutOff(Exception):
        pass

    def cut(now: State) -> None:
        if now.step == 3:
            save_state(now, path)
            raise CutOff

    with pytest.raises(CutOff):
        learn(half, [stored], PLAN, cut)
    resumed = resume_state(path, tiny_networks(seed=99), PLAN)
    assert resumed.step == 3
    _learned(stored, PLAN, resumed)
    for one, other in zip(_weights(whole), _weights(resumed), strict=True):
        assert torch.equal(one.nan_to_num(), other.nan_to_num())


def test_another_seed_gives_other_weights(stored: Path) -> None:
    one, other = _learned(stored, PLAN), _learned(stored, dataclasses.replace(PLAN, seed=4))
    assert not torch.equal(_weights(one)[0], _weights(other)[0])


def test_a_batch_has_shots_of_one_size(stored: Path) -> None:
    clips = batch_of([stored], dataclasses.replace(PLAN, batch=3), 0, 8)
    assert clips.target.shape[:2] == (3, 3)
    assert clips.sequence.sketches.shape == (3, 3, 64, 64)


def test_a_report_shows_pictures_and_figures(example: CelExample, tmp_path: Path) -> None:
    verdict = judge(tiny_networks(), [example], PLAN, 1, tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 1000
    assert np.isfinite([*verdict.losses, verdict.edmd, verdict.edmd_keys, verdict.psnr]).all()
    assert "EDMD" in verdict.sentence()
