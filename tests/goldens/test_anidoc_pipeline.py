"""Whole runs of AniDoc beside the official pipeline: conditions, every step, decoding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from goldens.anidoc_set import (
    AniDocSet,
    assert_near,
    assert_same_bytes,
    pictures_of,
)
from torch import Tensor

from keycel_backend.diffusion.anidoc import denoiser, sampling
from keycel_backend.diffusion.anidoc.condition import LabelMaps, as_values, frame_condition
from keycel_backend.diffusion.anidoc.denoiser import time_ids
from keycel_backend.diffusion.anidoc.labels import Pairs, on_pixels, track_labels
from keycel_backend.diffusion.anidoc.networks import AniDocNetworks
from keycel_backend.diffusion.anidoc.options import SamplingOptions
from keycel_backend.diffusion.anidoc.reference import (
    EncodedReference,
    Noise,
    both_halves,
    draw_noise,
    encode_reference,
    noisy_reference,
)
from keycel_backend.diffusion.anidoc.sampling import initial_noise, sample_window, window_conditions
from keycel_backend.diffusion.anidoc.schedule import clean_estimate, network_input, network_label, sigmas
from keycel_backend.diffusion.anidoc.sparse import straight_tracks, two_sketches
from keycel_backend.diffusion.anidoc.windows import plan_windows
from keycel_backend.diffusion.svd.autoencoder import decode_chunk
from keycel_backend.diffusion.svd.image_embedding import clip_pixels
from keycel_backend.diffusion.svd.schedule import euler_step, scale_noise
from keycel_backend.diffusion.svd.unet import Residuals

RUNS = ("c", "d", "h")
CONTROL_OF_STEP_0 = "step0.control.down."


@dataclass(frozen=True)
class _Run:
    """Material of a run, and what the set has about it."""

    options: SamplingOptions
    sketches: Tensor
    maps: LabelMaps
    picture: Tensor
    expected: dict[str, Tensor]

    @classmethod
    def of(cls, anidoc: AniDocSet, letter: str) -> _Run:
        expected = anidoc.tensors(letter)
        if letter == "h":
            sketches, maps = (
                expected["mid.sketch_u8"],
                LabelMaps(expected["mid.map_ref"], expected["mid.map_frames"]),
            )
            reference, options = expected["in.ref_native_u8"], ("call_h", anidoc.config["seed_h"])
        else:
            shared = anidoc.tensors("c")
            sketches = expected["in.sketch_u8"]
            maps = LabelMaps(expected["in.map_ref"], expected["in.map_frames"])
            reference, options = shared["in.ref_image_u8"], ("call_c_and_d", anidoc.config["seed_c_and_d"])
        options = anidoc.options(*options, frames=len(sketches))
        return cls(options, sketches, maps, as_values(reference), expected)

    def noise(self, networks: AniDocNetworks) -> Noise:
        pixels = networks.configuration.autoencoder.pixels_per_latent
        height, width = self.picture.shape[1:]
        return draw_noise(self.options, height // pixels, width // pixels, pixels)

    def condition(self) -> Tensor:
        return frame_condition(self.sketches, self.maps, self.picture)


@pytest.mark.parametrize("letter", RUNS)
@pytest.mark.timeout(600)
def test_run(anidoc: AniDocSet, letter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run, networks, limits = _Run.of(anidoc, letter), anidoc.networks, anidoc.tolerance
    noise = run.noise(networks)
    (window,) = plan_windows(len(run.sketches), run.options.window, run.options.overlap)
    reference = encode_reference(networks, run.picture, noise, run.options)
    told = window_conditions(networks, run.condition(), reference, run.options)
    _assert_conditions(run, reference, told, limits["g"])
    check = _StepChecks(run.expected, limits["step_latents_relative"], limits["c_d_h_latents_max_abs"])
    monkeypatch.setattr(sampling, "guided_denoise", check.at_start(sampling.guided_denoise))
    monkeypatch.setattr(denoiser, "scaled", check.control(denoiser.scaled))
    monkeypatch.setattr(denoiser, "unet_forward", check.networks(denoiser.unet_forward))
    sampled = sample_window(networks, window, told, None, noise, run.options, lambda _, __: None)
    assert check.steps == run.options.num_steps
    assert_near(sampled.x0, run.expected["out.latents"][0], limits["c_d_h_latents_max_abs"])
    latents = sampled.x0
    decoded = torch.cat(
        [
            decode_chunk(networks.vae, latents[list(frames)])
            for frames, _ in run.options.chunks.of(len(latents))
        ]
    )
    if "out.decoded" in run.expected:
        assert_near(decoded, run.expected["out.decoded"][0].transpose(0, 1), limits["decoded_max_abs"])
    if "out.decoded_frame0" in run.expected:
        assert_near(decoded[0], run.expected["out.decoded_frame0"], limits["decoded_max_abs"])
    assert_same_bytes(pictures_of(decoded), run.expected["out.frames_u8"], anidoc.frames_limit)


def _assert_conditions(
    run: _Run, reference: EncodedReference, told: sampling.WindowConditions, near: float
) -> None:
    """All that the set has about what is the same in every step. The run `h` has few of them."""
    levels, compared = sigmas(run.options.num_steps), 0
    ours = {
        "image_embeddings": both_halves(reference.image_embedding),
        "image_latents": both_halves(reference.latent),
        "added_time_ids": time_ids(),
        "guidance_scale": told.guidance.flatten(),
        "sigmas": levels,
        "timesteps": network_label(levels[:-1]),
    }
    for name, found in ours.items():
        expected = run.expected.get(f"mid.{name}")
        if expected is not None:
            assert_near(found, expected, near)
            compared += 1
    assert compared


class _StepChecks:
    """Compares all that a set has about each step, where it has it."""

    def __init__(self, expected: dict[str, Tensor], relative: float, absolute: float) -> None:
        self._expected = expected
        self._relative = relative
        self._absolute = absolute
        self.steps = 0

    def at_start(self, denoise: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """`guided_denoise` that looks at the latents the step before has left."""

        def checked(networks: AniDocNetworks, sample: Tensor, sigma: Tensor, told: object) -> Tensor:
            before = self._expected.get(f"step{self.steps - 1}.latents")
            if before is not None:
                assert_near(sample, before[0], self._relative * float(before.abs().max()))
            if self.steps == 0 and "step0.model_input" in self._expected:
                scaled = network_input(sample, sigma)
                ours = torch.cat([scaled.expand(2, -1, -1, -1, -1), told.concat], dim=2)  # type: ignore[attr-defined]
                assert_near(ours, self._expected["step0.model_input"], self._absolute)
            return denoise(networks, sample, sigma, told)

        return checked

    def control(self, scale: Callable[..., Residuals]) -> Callable[..., Residuals]:
        """The official ControlNet scales what it gives itself; ours is scaled afterwards."""

        def checked(residuals: Residuals, factor: float) -> Residuals:
            found = scale(residuals, factor)
            if self.steps == 0:
                for name, expected in self._expected.items():
                    if name.startswith(CONTROL_OF_STEP_0):
                        number = int(name.removeprefix(CONTROL_OF_STEP_0))
                        assert_near(found.down[number], expected, self._absolute)
                    elif name == "step0.control.mid":
                        assert_near(found.middle, expected, self._absolute)
            return found

        return checked

    def networks(self, forward: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def checked(*given: object) -> Tensor:
            prediction = forward(*given)
            expected = self._expected.get(f"step{self.steps}.noise_pred")
            if expected is not None:
                assert_near(prediction, expected, self._absolute)
            self.steps += 1
            return prediction

        return checked


@pytest.mark.parametrize("letter", ["c", "h"])
def test_noise_is_drawn_in_the_official_order(anidoc: AniDocSet, letter: str) -> None:
    run = _Run.of(anidoc, letter)
    noise = run.noise(anidoc.networks)
    assert torch.equal(noise.image, run.expected["rng.image_noise"])
    (window,) = plan_windows(len(run.sketches), run.options.window, run.options.overlap)
    assert torch.equal(initial_noise(noise, window), run.expected["rng.latents_noise"][0])


def test_pictures_are_prepared_alike(anidoc: AniDocSet) -> None:
    run = _Run.of(anidoc, "c")
    image = run.picture[None]
    noisy = noisy_reference(image, run.noise(anidoc.networks), run.options)
    assert_near(noisy, run.expected["mid.vae_input"], 1e-6)
    size = anidoc.configuration.image_encoder.image_size
    assert_near(clip_pixels(image, size), run.expected["mid.clip_pixel_values"], anidoc.tolerance["g"])


def test_our_reading_of_the_sparse_mode(anidoc: AniDocSet) -> None:
    """The set's condition was made by its authors' reading of the paper, not by the release."""
    given = anidoc.tensors("d")
    sketches, (height, width) = given["in.sketch_u8"], given["in.map_ref"].shape
    assert torch.equal(two_sketches(sketches[0], sketches[-1], len(sketches)), sketches)
    start, end = given["in.start_points"], given["in.end_points"]
    pairs = Pairs(_places(given["in.map_ref"], len(start)), on_pixels(start, height, width))
    tracks = straight_tracks(start, end, len(sketches))
    maps = track_labels(pairs, tracks, torch.arange(len(start)), height, width)
    assert torch.equal(maps.frames, given["in.map_frames"])
    assert torch.equal(maps.reference, given["in.map_ref"])


def _places(labels: Tensor, count: int) -> Tensor:
    """(count, 2) x, y of each label of a map.

    A label that is missing was overwritten by a later one. Which one does not show: the last will do.
    """
    last = (labels == count).nonzero()[0]
    found = [(labels == number + 1).nonzero() for number in range(count)]
    return torch.stack([(places[0] if len(places) else last).flip(0) for places in found])


def test_steps_are_the_schedulers_to_the_last_digit(anidoc: AniDocSet) -> None:
    """Each from the official latents and predictions: samples are in the thousands, digits add up."""
    run, tensors = _Run.of(anidoc, "c"), anidoc.tensors("c")
    levels, frames = sigmas(run.options.num_steps), len(run.sketches)
    guidance = torch.linspace(*run.options.guidance, frames)[:, None, None, None]
    sample = scale_noise(tensors["rng.latents_noise"][0], levels[0])
    channels = sample.shape[1]
    given = tensors["step0.model_input"][0, :, :channels]
    assert_near(network_input(sample, levels[0]), given, 1e-6)
    for number in range(run.options.num_steps):
        without, informed = tensors[f"step{number}.noise_pred"]
        estimate = clean_estimate(sample, without + guidance * (informed - without), levels[number])
        expected = tensors[f"step{number}.latents"][0]
        ours = euler_step(sample, estimate, levels[number], levels[number + 1])
        assert_near(ours, expected, 3e-7 * float(sample.abs().max()))
        sample = expected
