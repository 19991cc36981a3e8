"""Rough pictures from latents, and the engine that shows them."""

from __future__ import annotations

import pytest
import torch

from keycel_backend.diffusion.colorizediffusion.schedules import Sampler, clean_estimate, make_scheduler
from keycel_backend.diffusion.preview import FittedWhenNeeded, LatentColors
from keycel_backend.engines.base import PREVIEW_SIDE
from keycel_backend.engines.painting import preview_picture


def test_colors_are_read_from_latents_as_in_the_picture_they_were_fitted_to() -> None:
    generator = torch.Generator().manual_seed(1)
    colors = torch.rand(4, 3, generator=generator) * 2.0 - 1.0
    codes = torch.randn(4, 4, generator=generator)
    where = torch.randint(0, 4, (6, 9), generator=generator)
    latent = codes[where].permute(2, 0, 1)
    small = colors[where].permute(2, 0, 1)
    picture = small.repeat_interleave(8, dim=1).repeat_interleave(8, dim=2)
    shown = LatentColors.fitted(latent, picture).picture(latent)
    assert shown.shape == (6, 9, 3)
    expected = (small.permute(1, 2, 0) + 1.0) / 2.0 * 255.0
    assert float((shown.float() - expected).abs().max()) < 6.0


def test_a_picture_of_one_color_is_no_trouble() -> None:
    latent = torch.randn(4, 3, 3, generator=torch.Generator().manual_seed(1))
    shown = LatentColors.fitted(latent, torch.full((3, 24, 24), 0.5)).picture(100.0 * latent)
    assert torch.isfinite(shown.float()).all()
    assert float((shown.float() - 191.25).abs().max()) < 2.0


@pytest.mark.parametrize("sampler", list(Sampler))
@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction"])
def test_an_estimate_is_the_picture_itself_where_the_network_is_right(
    sampler: Sampler, prediction_type: str
) -> None:
    generator = torch.Generator().manual_seed(1)
    picture, noise = torch.randn(2, 1, 4, 3, 3, generator=generator)
    kept = torch.cumprod(1.0 - torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2, 0)
    for timestep in make_scheduler(sampler, 7, prediction_type, sampler is Sampler.DPM_PP_2M).timesteps:
        low = int(timestep)
        share = kept[low] if low == timestep else _between(kept, float(timestep))
        seen = share.sqrt() * picture + (1.0 - share).sqrt() * noise
        velocity = share.sqrt() * noise - (1.0 - share).sqrt() * picture
        said = noise if prediction_type == "epsilon" else velocity
        found = clean_estimate(seen, said, float(timestep), prediction_type)
        assert torch.allclose(found, picture, atol=1e-3), timestep


def _between(kept: torch.Tensor, timestep: float) -> torch.Tensor:
    """k-diffusion's levels between two training steps: geometric in the ratio of noise to picture."""
    low = int(timestep)
    ratio = ((1.0 - kept) / kept).sqrt().log()
    level = torch.lerp(ratio[low], ratio[low + 1], timestep - low).exp()
    return 1.0 / (1.0 + level**2)


def test_colors_are_only_fitted_when_something_is_looked_at() -> None:
    asked: list[int] = []

    def known() -> tuple[torch.Tensor, torch.Tensor]:
        asked.append(1)
        return torch.randn(4, 3, 3, generator=torch.Generator().manual_seed(1)), torch.zeros(3, 24, 24)

    rough = FittedWhenNeeded(known)
    assert asked == []
    first, again = (rough.picture(torch.zeros(4, 2, 2)) for _ in range(2))
    assert torch.equal(first, again)
    assert (first.float() - 127.5).abs().max() < 2.0
    assert asked == [1]


def test_previews_have_the_shape_of_the_canvas_and_are_small() -> None:
    rough = torch.randint(0, 256, (5, 8, 3), generator=torch.Generator().manual_seed(1)).byte().numpy()
    picture = preview_picture(rough, 1920, 1080)
    assert picture.shape == (144, PREVIEW_SIDE, 4)
    assert (picture[..., 3] == 255).all()
    assert preview_picture(rough, 100, 400).shape == (PREVIEW_SIDE, 64, 4)
