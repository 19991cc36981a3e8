"""Padding and cropping of pictures of any size."""

from __future__ import annotations

import pytest
import torch

from keycel_backend.diffusion.sizes import WorkingSize


@pytest.mark.parametrize(("height", "width"), [(64, 64), (70, 100), (1, 3), (200, 63)])
def test_padding_is_taken_off_exactly(height: int, width: int) -> None:
    size = WorkingSize.of(height, width, 1.0, 64)
    picture = torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(1))
    padded = size.padded_picture(picture)
    assert padded.shape[2] % 64 == padded.shape[3] % 64 == 0
    assert padded.shape[2] - height < 64
    assert padded.shape[3] - width < 64
    assert torch.equal(size.cropped(padded), picture)
    assert torch.equal(padded[:, :, -1, :width], picture[:, :, -1])
    assert torch.equal(padded[:, :, :height, -1], picture[:, :, :, -1])


def test_there_are_no_lines_in_the_padding() -> None:
    size = WorkingSize.of(70, 100, 1.0, 64)
    lines = torch.zeros(2, 70, 100)
    padded = size.padded_lines(lines)
    assert padded.shape == (2, 128, 128)
    assert torch.equal(padded[:, :70, :100], lines)
    assert padded[:, 70:].min() == padded[:, :, 100:].min() == 255.0


def test_pictures_made_smaller_come_back_in_their_size() -> None:
    size = WorkingSize.of(130, 260, 0.5, 64)
    picture = torch.linspace(0.0, 1.0, 260).expand(1, 3, 130, 260)
    padded = size.padded_picture(picture)
    assert padded.shape == (1, 3, 128, 192)
    back = size.cropped(padded)
    assert back.shape == picture.shape
    assert (back - picture).abs().max() < 0.02
