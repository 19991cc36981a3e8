"""FlipSketch's sampling on tiny networks with random weights: what goldens of one size cannot show."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import torch
from support.tiny_flipsketch import TINY, random_networks
from torch import Tensor

from keycel_backend.diffusion.flipsketch.composition import Role, role_of
from keycel_backend.diffusion.flipsketch.configuration import FlipsketchConfiguration
from keycel_backend.diffusion.flipsketch.denoiser import TextConditions
from keycel_backend.diffusion.flipsketch.networks import FlipsketchNetworks, build_networks
from keycel_backend.diffusion.flipsketch.options import SamplingOptions
from keycel_backend.diffusion.flipsketch.sampling import Listener, Step, sample_clip
from keycel_backend.diffusion.flipsketch.schedule import Schedule
from keycel_backend.diffusion.flipsketch.windows import plan_windows
from keycel_shared.errors import ErrorCode, KeycelError

QUICK = SamplingOptions(num_steps=4, composed_steps=3)


@pytest.fixture(scope="module")
def flipsketch() -> FlipsketchNetworks:
    return random_networks(seed=5)


def _random(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _texts(negative: Callable[[Tensor], Tensor] = lambda null: null) -> TextConditions:
    width = TINY.unet.cross_attention_dim
    null = _random(1, 7, width, seed=2)
    return TextConditions(_random(1, 7, width, seed=3), negative(null), null)


def _ignore(_: object) -> None:
    pass


def _sample(
    networks: FlipsketchNetworks,
    frames: int,
    rows: int = 8,
    columns: int = 8,
    options: SamplingOptions = QUICK,
    texts: TextConditions | None = None,
    on_step: Callable[[Step], None] = _ignore,
) -> Tensor:
    schedule = Schedule.of(TINY.scheduler, options.num_steps)
    noise, sketch = _random(1, 4, frames, rows, columns), _random(1, 4, 1, rows, columns, seed=4)
    listener = Listener(on_step, _ignore)
    return sample_clip(networks.unet, noise, sketch, texts or _texts(), schedule, options, listener)


@pytest.mark.parametrize("frames", [2, 16, 64])
def test_any_number_of_frames_also_one_that_is_a_number_of_pixels(
    flipsketch: FlipsketchNetworks, frames: int
) -> None:
    """The official code takes a layer with as many pixels as frames for one along time, and fails."""
    assert len(TINY.unet.block_out_channels) == 2, "levels of 64 and of 16 pixels"
    latents = _sample(flipsketch, frames)
    assert latents.shape == (1, 4, frames, 8, 8)
    assert torch.isfinite(latents).all()


@pytest.mark.parametrize(("rows", "columns"), [(8, 16), (16, 8), (9, 7)])
def test_pictures_need_not_be_square(flipsketch: FlipsketchNetworks, rows: int, columns: int) -> None:
    aligned = replace(QUICK, aligned_steps=1, alignment_iterations=2)
    tall = _sample(flipsketch, 3, rows, columns, aligned)
    assert tall.shape == (1, 4, 3, rows, columns)
    assert torch.isfinite(tall).all()


def test_a_mirrored_sketch_is_read_in_rows() -> None:
    """Nothing inside exchanges height and width: with networks that do not care which is which, the
    transposed problem has the transposed answer."""
    networks = random_networks(seed=6)
    for module in networks.unet.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.weight.data = (module.weight.data + module.weight.data.mT) / 2.0
    schedule, texts = Schedule.of(TINY.scheduler, 4), _texts()
    noise, sketch = _random(1, 4, 3, 8, 16), _random(1, 4, 1, 8, 16, seed=4)
    options = replace(QUICK, aligned_steps=1, alignment_iterations=2)
    told = Listener(_ignore, _ignore)
    wide = sample_clip(networks.unet, noise, sketch, texts, schedule, options, told)
    tall = sample_clip(networks.unet, noise.mT, sketch.mT, texts, schedule, options, told)
    assert (tall.mT - wide).norm() / wide.norm() < 1e-3


def test_an_equal_negative_text_costs_passes_and_changes_nothing(flipsketch: FlipsketchNetworks) -> None:
    short, long = _sample(flipsketch, 3), _sample(flipsketch, 3, texts=_texts(Tensor.clone))
    assert (short - long).abs().max() < 1e-3 * short.abs().max()
    other = _sample(flipsketch, 3, texts=_texts(lambda null: -null))
    assert (other - short).abs().max() > 1e-2 * short.abs().max()


def test_more_fidelity_changes_late_frames_more(flipsketch: FlipsketchNetworks) -> None:
    options = replace(QUICK, num_steps=1, composed_steps=1, fidelity=0.0)
    free = _sample(flipsketch, 8, options=options)
    close = _sample(flipsketch, 8, options=replace(options, fidelity=1.0))
    change = (close - free).abs().mean(dim=(0, 1, 3, 4))
    assert change[4:].sum() > change[:4].sum() > 0.0


def test_composition_ends_where_it_should(flipsketch: FlipsketchNetworks) -> None:
    steps: list[Step] = []
    _sample(flipsketch, 3, options=replace(QUICK, composed_steps=2), on_step=steps.append)
    assert [step.reference.shape[2] for step in steps] == [3, 2, 1, 1]
    assert torch.equal(steps[2].reference, steps[3].reference), "frozen"
    assert torch.equal(steps[2].reference, steps[1].reference[:, :, :1])
    assert all(step.estimate.shape == step.latents.shape for step in steps)
    free = _sample(flipsketch, 3, options=replace(QUICK, composed_steps=0))
    assert not torch.equal(free, steps[-1].latents)


def test_calls_at_the_same_time_do_not_know_of_each_other(flipsketch: FlipsketchNetworks) -> None:
    jobs: list[dict[str, Any]] = [{"frames": 3}, {"frames": 2, "rows": 16}, {"frames": 4}]
    alone = [_sample(flipsketch, **job) for job in jobs]
    with ThreadPoolExecutor(len(jobs)) as pool:
        together = list(pool.map(lambda job: _sample(flipsketch, **job), jobs))
    assert all(torch.equal(one, other) for one, other in zip(alone, together, strict=True))


def test_numbers_that_are_not_finite_are_an_error() -> None:
    networks = random_networks(seed=5)
    bias = networks.unet.conv_out.bias
    assert bias is not None
    bias.data[0] = torch.nan
    with pytest.raises(KeycelError) as caught:
        _sample(networks, 2)
    assert caught.value.value.code is ErrorCode.RUN_FAILED


def test_layers_are_told_apart_by_their_names() -> None:
    """16 spatial self-attentions and 17 along time, as the official hooks find them."""
    with torch.device("meta"):
        unet = build_networks(FlipsketchConfiguration()).unet
    roles = [
        role_of(name.removesuffix(".to_q")) for name, _ in unet.named_modules() if name.endswith(".to_q")
    ]
    assert roles.count(Role.SPATIAL) == 16
    assert roles.count(Role.TEMPORAL) == 17
    assert roles.count(Role.PLAIN) == len(roles) - 33 == 33


def test_official_thresholds_follow_from_25_steps() -> None:
    faithful = SamplingOptions.of(25, 0.5, 9.0, faithful=True)
    assert (faithful.aligned_steps, faithful.composed_steps) == (10, 16)
    assert SamplingOptions.of(25, 0.5, 9.0, faithful=False) == SamplingOptions()
    half = SamplingOptions.of(50, 0.5, 9.0, faithful=True)
    assert (half.aligned_steps, half.composed_steps) == (20, 32)


@pytest.mark.parametrize("longest", [2, 3, 10, 14])
def test_clips_of_a_long_animation_share_one_frame(longest: int) -> None:
    for frames in range(2, 60):
        windows = plan_windows(frames, longest)
        assert sum(window - 1 for window in windows) == frames - 1
        assert max(windows) <= longest
        assert max(windows) - min(windows) <= 1
        rest = plan_windows(frames - windows[0] + 1, longest) if len(windows) > 1 else ()
        assert rest == windows[1:], "going on after a clip is the same plan"
