"""Rough pictures from latents, and the engine that shows them."""

from __future__ import annotations

import torch

from keycel_backend.diffusion.preview import LatentColors
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


def test_previews_have_the_shape_of_the_canvas_and_are_small() -> None:
    rough = torch.randint(0, 256, (5, 8, 3), generator=torch.Generator().manual_seed(1)).byte().numpy()
    picture = preview_picture(rough, 1920, 1080)
    assert picture.shape == (144, PREVIEW_SIDE, 4)
    assert (picture[..., 3] == 255).all()
    assert preview_picture(rough, 100, 400).shape == (PREVIEW_SIDE, 64, 4)
