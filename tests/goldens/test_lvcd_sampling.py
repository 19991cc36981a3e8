"""Whole runs of LVCD's sampling beside the official ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from goldens.lvcd_set import (
    EXACT,
    GUIDED,
    LARGEST_ABSOLUTE,
    NETWORK,
    PICTURE,
    GoldenSet,
    assert_close,
    ids_of,
    set_folders,
)
from torch import Tensor

from keycel_backend.diffusion.lvcd import sampling
from keycel_backend.diffusion.lvcd.conditions import (
    Noise,
    ReferenceConditions,
    draw_noise,
    encode_reference,
    sketch_hint,
    time_ids,
)
from keycel_backend.diffusion.lvcd.networks import LvcdNetworks
from keycel_backend.diffusion.lvcd.sampling import Step
from keycel_backend.diffusion.lvcd.slots import SlotLayout

RUNS = sorted({run for folder in set_folders() for run in GoldenSet(folder).runs}) or ["none"]


def _given(golden: GoldenSet, tensors: dict[str, Tensor]) -> tuple[ReferenceConditions, Noise]:
    """Conditions and noise as stored, so that sampling is measured alone."""
    scaling = golden.configuration.autoencoder.scaling_factor
    reference = ReferenceConditions(
        tensors["crossattn"], tensors["seg0_concat"][:1], tensors["first_cond_z_scaled"] / scaling
    )
    return reference, Noise(tensors["x_T"], tensors["posterior_noise"], torch.zeros(()))


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.timeout(600)
def test_sampling(golden: GoldenSet, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if run not in golden.runs:
        return  # of another set
    tensors = golden.tensors(f"sampling_{run}")
    told = golden.config["runs"][run]
    options = golden.options(run)
    guided = options.guidance != (1.0, 1.0)
    limit = GUIDED if guided else NETWORK
    sketches = golden.tensors("inputs")["sketches_u8"][: told["n_sketches"]]
    reference, noise = _given(golden, tensors)
    check = _StepChecks(tensors, limit, sketches, options.layout)
    monkeypatch.setattr(sampling, "guided_denoise", check.before(sampling.guided_denoise))
    latents = sampling.sample_shot(golden.networks, sketches, reference, noise, options, check.after)
    # frames that the official code leaves out at the end are there as well
    assert len(latents) == len(sketches)
    ours, expected = latents[: told["n_output_frames"]], tensors["output_latents_scaled"]
    assert_close(ours, expected, limit)
    if not guided:
        assert (ours - expected).abs().max() <= LARGEST_ABSOLUTE
    ids = ids_of(tensors["vector"], golden.networks.unet.add_time_proj)
    assert_close(time_ids(options), ids, EXACT)


class _StepChecks:
    """Compares all that a set has about each step and segment, where it has it."""

    def __init__(
        self, tensors: dict[str, Tensor], limit: float, sketches: Tensor, layout: SlotLayout
    ) -> None:
        self._tensors = tensors
        self._limit = limit
        self._sketches = sketches
        self._layout = layout
        self._segment = 0
        self._step = 0

    def before(self, denoise: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """`denoise` that looks at what it is given."""

        def checked(networks: LvcdNetworks, sample: Tensor, sigma: Tensor, told: Any, *others: Any) -> Tensor:
            if self._step == 0:
                self._compare("x_T", sample / torch.sqrt(1.0 + sigma**2))
                self._compare("concat", told.concat)
            if self._step == 1:
                self._compare("xt_step1", sample)
            return denoise(networks, sample, sigma, told, *others)

        return checked

    def after(self, step: Step) -> None:
        assert (step.segment.number, step.number) == (self._segment, self._step)
        if f"seg{self._segment}_denoised" in self._tensors:
            expected = self._tensors[f"seg{self._segment}_denoised"][step.number]
            assert_close(step.denoised, expected, self._limit)
        if step.number == 0:
            hint = sketch_hint(self._sketches[list(step.segment.sketches)])
            self._compare("hint_sums", hint.double().sum(dim=(1, 2, 3)))
        if step.number + 1 == step.steps:
            # in the last step the estimate is the result, but where the overlap is blended
            new = slice(self._layout.total - self._layout.stride, None)
            self._compare("x0", step.denoised[new], new)
        last = step.number + 1 == step.steps
        self._segment, self._step = (self._segment + 1, 0) if last else (self._segment, self._step + 1)

    def _compare(self, name: str, ours: Tensor, part: slice = slice(None)) -> None:
        expected = self._tensors.get(f"seg{self._segment}_{name}")
        if expected is not None:
            assert_close(ours, expected[part].expand_as(ours), self._limit)


def test_conditions_of_a_run(golden: GoldenSet) -> None:
    """From the reference picture and the seed, by the networks and the CPU's generator."""
    pictures = golden.tensors("inputs")
    image = pictures["ref_image_u8"].permute(2, 0, 1)[None] / 255.0 * 2.0 - 1.0
    pixels = golden.configuration.autoencoder.pixels_per_latent
    scaling = golden.configuration.autoencoder.scaling_factor
    for run in golden.runs:
        tensors = golden.tensors(f"sampling_{run}")
        options = golden.options(run)
        noise = draw_noise(options, image.shape[2] // pixels, image.shape[3] // pixels, pixels)
        assert_close(noise.slots, tensors["x_T"], EXACT)
        assert_close(noise.posterior, tensors["posterior_noise"], EXACT)
        reference = encode_reference(golden.networks, image, noise, options)
        assert_close(reference.image_embedding, tensors["crossattn"], PICTURE)
        assert_close(reference.latent * scaling, tensors["first_cond_z_scaled"], PICTURE)
        assert_close(reference.first_segment_latent, tensors["seg0_concat"][:1], PICTURE)
