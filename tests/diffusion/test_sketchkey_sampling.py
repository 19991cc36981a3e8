"""Sampling a sequence: known frames stay, held frames follow, everything repeats."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from support.tiny_sketchkey import random_sequence, tiny_networks

from keycel_backend.diffusion.sketchkey.sampling import frame_noise, paint
from keycel_shared.errors import ErrorCode, KeycelError


def _noise(*seeds: int) -> torch.Tensor:
    return torch.stack([frame_noise(seed, (24, 8, 8)) for seed in seeds])


def test_the_same_noise_gives_the_same_pictures() -> None:
    networks, sequence = tiny_networks(gate=0.5), random_sequence(keys=(0, 3))
    steps: list[int] = []
    estimates: list[torch.Tensor] = []

    def told(step: int, estimate: torch.Tensor) -> None:
        steps.append(step)
        estimates.append(estimate)

    first = paint(networks, sequence, _noise(1, 2, 3, 4), 3, told)
    again = paint(networks, sequence, _noise(1, 2, 3, 4), 3, told)
    other = paint(networks, sequence, _noise(1, 2, 3, 5), 3, told)
    assert steps == [0, 1, 2] * 3
    assert all(torch.equal(one, other) for one, other in zip(estimates, first.estimates, strict=False))
    assert torch.equal(first.latents, again.latents)
    assert not torch.allclose(first.latents, other.latents)


def test_known_frames_come_out_as_they_went_in() -> None:
    sequence = random_sequence()
    sequence = replace(sequence, known=torch.tensor([True, False, True, False]))
    painted = paint(tiny_networks(), sequence, _noise(1, 2, 3, 4), 3, lambda *_: None)
    assert torch.allclose(painted.latents[0], sequence.colors[0, 0], atol=1e-5)
    assert torch.allclose(painted.latents[2], sequence.colors[0, 2], atol=1e-5)
    assert not torch.allclose(painted.latents[1], sequence.colors[0, 1], atol=0.1)


def test_another_take_of_a_frame_leaves_the_others_to_the_bit() -> None:
    networks, sequence = tiny_networks(), random_sequence()
    plain = paint(networks, sequence, _noise(1, 2, 3, 4), 3, lambda *_: None)
    held = {frame: tuple(estimate[frame] for estimate in plain.estimates) for frame in (0, 1, 3)}
    take = paint(networks, sequence, _noise(1, 2, 99, 4), 3, lambda *_: None, held)
    for frame in (0, 1, 3):
        assert torch.equal(take.latents[frame], plain.latents[frame])
    assert not torch.allclose(take.latents[2], plain.latents[2])


def test_numbers_that_are_not_finite_are_an_error() -> None:
    networks = tiny_networks()
    networks.unet.conv_out.weight.fill_(torch.nan)
    with pytest.raises(KeycelError) as caught:
        paint(networks, random_sequence(), _noise(1, 2, 3, 4), 2, lambda *_: None)
    assert caught.value.value.code is ErrorCode.RUN_FAILED
