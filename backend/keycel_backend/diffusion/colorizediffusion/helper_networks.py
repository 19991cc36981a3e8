"""Around the official helper networks (masks, lines): what they are given, and what is made of their answer.

The networks themselves are not part of Keycel; anything that maps tensors may take their place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import cv2
import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from torch import Tensor

Network = Callable[[Tensor], Tensor]
"""(1, 3, height, width) to (1, 1, height, width)."""
LineNetwork = Callable[[Tensor], Tensor]
"""(3, 1, height, width), each channel for itself, to the same shape."""

_SIDE = 1024
_DILATION = 11
_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)
_HIGH_PASS = 3.0
_FAINTEST_LINE = 0.1


def salient_mask(network: Network, image: Tensor) -> Tensor:
    """Foreground of a painted image by a network as RMBG-2.0.

    Args:
        network: from pixels as of ImageNet to logits.
        image: (1, 3, height, width) in -1..1.
    Returns:
        (1, 1, height, width) in 0..1, not dilated.
    """
    resized = functional.interpolate((image + 1.0) / 2.0, (_SIDE, _SIDE), mode="bilinear", antialias=True)
    mean, deviation = (image.new_tensor(values)[:, None, None] for values in (_MEAN, _DEVIATION))
    mask = torch.sigmoid(network((resized - mean) / deviation))
    return functional.interpolate(mask, image.shape[2:], mode="bilinear", antialias=True)


def anime_mask(network: Network, image: Tensor) -> Tensor:
    """Foreground of a painted image by a network as ISNet for anime.

    Args:
        network: from inverted pixels in 0..1 to 0..1.
        image: (1, 3, height, width) in -1..1.
    Returns:
        (1, 1, height, width) in 0..1, not dilated.
    """
    size = image.shape[2:]
    resized = functional.interpolate(image, scale_factor=_SIDE / max(size), mode="bicubic")
    height, width = resized.shape[2:]
    top, left = (_SIDE - height) // 2, (_SIDE - width) // 2
    canvas = image.new_full((1, 3, _SIDE, _SIDE), -1.0)
    canvas[:, :, top : top + height, left : left + width] = resized
    mask = network(1.0 - (canvas + 1.0) / 2.0)[:, :, top : top + height, left : left + width]
    return functional.interpolate(mask, size, mode="bicubic").clamp(0.0, 1.0)


def dilated(mask: Tensor) -> Tensor:
    """The mask of a reference as the networks were trained with: a little larger than its figure."""
    return functional.max_pool2d(mask, _DILATION, stride=1, padding=_DILATION // 2).clamp(0.0, 1.0)


def sketch_mask(network: Network, sketch: Tensor, height: int, width: int) -> Tensor:
    """Foreground of a drawing by a network as ISNet for sketches.

    Args:
        network: from pixels in -1..1 to 0..1.
        sketch: (1, 3, any size) in -1..1, dark lines on white.
    Returns:
        (1, 1, height, width) in 0..1.
    """
    stretched = functional.interpolate(sketch, (_SIDE, _SIDE), mode="bicubic")
    return functional.interpolate(network(stretched), (height, width), mode="bicubic").clamp(0.0, 1.0)


def extracted_lines(network: LineNetwork, picture: NDArray[np.uint8]) -> Tensor:
    """Lines of a painted picture by a network as SketchKeras.

    Args:
        picture: (height, width, 3) RGB.
    Returns:
        (1, 3, height, width), paper -1 and lines brighter; may exceed 1.
    """
    blurred = cast("NDArray[np.uint8]", cv2.GaussianBlur(picture, (0, 0), _HIGH_PASS))
    edges: NDArray[Any] = (picture.astype(np.int32) - blurred.astype(np.int32)).astype(np.float32) / 128.0
    edges = edges / max(float(edges.max()), 1e-6)
    strongest = network(torch.as_tensor(edges).permute(2, 0, 1)[:, None]).amax(dim=0)
    lines = torch.where(strongest < _FAINTEST_LINE, 0.0, strongest) * 2.0 - 1.0
    return lines[None].expand(1, 3, -1, -1)
