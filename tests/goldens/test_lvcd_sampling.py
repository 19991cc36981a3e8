"""Whole runs of LVCD's sampling beside the official ones."""

from __future__ import annotations

from collections.abc import Callable

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
    set_folders,
)
from torch import Tensor

from keycel_backend.diffusion.lvcd.conditions import (
    Noise,
    ReferenceConditions,
    draw_noise,
    encode_reference,
    sketch_hint,
    time_ids,
)
from keycel_backend.diffusion.lvcd.sampling import Step, sample_shot

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
def test_sampling(golden: GoldenSet, run: str) -> None:
    if run not in golden.runs:
        return  # of another set
    tensors = golden.tensors(f"sampling_{run}")
    told = golden.config["runs"][run]
    options = golden.options(run)
    guided = options.guidance != (1.0, 1.0)
    limit = GUIDED if guided else NETWORK
    sketches = golden.tensors("inputs")["sketches_u8"][: told["n_sketches"]]
    reference, noise = _given(golden, tensors)
    compare = _step_checks(tensors, limit, sketches)
    latents = sample_shot(golden.networks, sketches, reference, noise, options, compare)
    # frames that the official code leaves out at the end are there as well
    assert len(latents) == len(sketches)
    ours, expected = latents[: told["n_output_frames"]], tensors["output_latents_scaled"]
    assert_close(ours, expected, limit)
    if not guided:
        assert (ours - expected).abs().max() <= LARGEST_ABSOLUTE
    vector = golden.networks.unet.add_time_proj(time_ids(options).flatten()).flatten()[None]
    assert_close(vector, tensors["vector"], EXACT)


def _step_checks(tensors: dict[str, Tensor], limit: float, sketches: Tensor) -> Callable[[Step], None]:
    """Compares all that a set has about each step and segment, where it has it."""

    def check(step: Step) -> None:
        number = step.segment.number
        expected = tensors.get(f"seg{number}_denoised")
        if expected is not None:
            assert_close(step.denoised, expected[step.number], limit)
        sums = tensors.get(f"seg{number}_hint_sums")
        if sums is not None and step.number == 0:
            hint = sketch_hint(sketches[list(step.segment.sketches)])
            assert_close(hint.double().sum(dim=(1, 2, 3)), sums, EXACT)
        x0 = tensors.get(f"seg{number}_x0")
        if x0 is not None and step.number + 1 == step.steps:
            # in the last step the estimate is the result, but where the overlap is blended
            new = slice(len(x0) - 10, None)
            assert_close(step.denoised[new], x0[new], limit)

    return check


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
