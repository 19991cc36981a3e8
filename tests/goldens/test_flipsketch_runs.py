"""Whole runs of FlipSketch's sampling beside the official ones."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from goldens.flipsketch_set import (
    ALIGNED,
    ALIGNED_FEW,
    AUTOENCODER,
    FEW,
    LONG,
    LONG_RUN,
    LOSS,
    SHORT_RUN,
    FlipsketchSet,
    Limit,
    assert_close,
    existing,
    set_folders,
)
from torch import Tensor

from keycel_backend.diffusion.flipsketch.autoencoder import decode_frames
from keycel_backend.diffusion.flipsketch.denoiser import TextConditions
from keycel_backend.diffusion.flipsketch.sampling import Listener, Step, sample_clip
from keycel_backend.diffusion.flipsketch.schedule import Schedule

SETS = [FlipsketchSet(folder) for folder in set_folders()]
RUNS: list[Any] = [
    pytest.param((one, run), id=f"{one.folder.name}-{run['file'].removesuffix('.safetensors')}")
    for one in SETS
    for run in one.runs
] or [None]


@pytest.mark.parametrize("told", RUNS)
def test_sampling(told: tuple[FlipsketchSet, dict[str, Any]] | None) -> None:
    golden, run = (existing(None), {}) if told is None else told
    tensors = golden.tensors(run["file"])
    limit = LONG_RUN if run["steps"] >= LONG else SHORT_RUN
    schedule = Schedule.of(golden.configuration.scheduler, run["steps"])
    assert list(schedule.timesteps) == tensors["timesteps"].tolist()
    checks = _StepChecks(tensors, run, limit)
    latents = sample_clip(
        golden.networks.unet,
        tensors["initial_noise"],
        tensors["inv_latents"],
        _texts(tensors),
        schedule,
        golden.options(run),
        Listener(checks.step, checks.losses.append),
    )
    assert checks.steps == run["steps"]
    assert_close(latents, tensors["latents"], limit)
    for clip, frames in zip(tensors["latents"], tensors["frames"], strict=True):
        decoded = decode_frames(golden.networks.vae, clip.transpose(0, 1)) / 2.0 + 0.5
        assert_close(decoded.clamp(0.0, 1.0), frames, AUTOENCODER)


def _texts(tensors: dict[str, Tensor]) -> TextConditions:
    """As the engine has them: an empty negative text is the empty text."""
    negative, null = tensors["negative_prompt_embeds"], tensors["null_embeds"]
    return TextConditions(tensors["prompt_embeds"], null if torch.equal(negative, null) else negative, null)


class _StepChecks:
    """Compares all that a set has about each step."""

    def __init__(self, tensors: dict[str, Tensor], run: dict[str, Any], limit: Limit) -> None:
        self._tensors = tensors
        self._run = run
        self._limit = limit
        self.losses: list[float] = []
        self.steps = 0

    def step(self, step: Step) -> None:
        assert (step.number, step.steps) == (self.steps, self._run["steps"])
        # a reference clip that is not composed any more is not cut any more either
        if step.number < self._run["TAU_2"] + 1:
            assert step.reference.shape[2] == self._run["ref_copies"][step.number]
            self._compare("inv_latents_out", step.reference)
        self._compare("latents_out", step.latents)
        aligned = self._expected("align_out")
        if aligned is not None:
            _assert_aligned(step.aligned, aligned)
        losses = self._expected("align_losses")
        assert len(self.losses) == (0 if losses is None else len(losses))
        if losses is not None:
            assert (torch.tensor(self.losses) - losses).abs().max() <= LOSS
        self.losses.clear()
        self.steps += 1

    def _compare(self, name: str, ours: Tensor) -> None:
        expected = self._expected(name)
        if expected is not None:
            assert_close(ours, expected, self._limit)

    def _expected(self, name: str) -> Tensor | None:
        return self._tensors.get(f"step{self.steps:02d}.{name}")


def _assert_aligned(aligned: Tensor, expected: Tensor) -> None:
    """Adam divides by the size of the gradient: where that is next to nothing, its sign may be either."""
    off = (aligned - expected).abs()
    assert float(off.max()) <= ALIGNED_FEW
    assert float((off > ALIGNED).float().mean()) <= FEW
