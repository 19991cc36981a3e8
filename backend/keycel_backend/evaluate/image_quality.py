"""PSNR and SSIM as in LVCD (Huang et al., SIGGRAPH Asia 2024), section 6.1."""

from __future__ import annotations

import math
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from keycel_backend.evaluate.color import Rgb

UnitRgb = NDArray[np.float32]
"""Picture with values 0..1, shape (height, width, 3)."""

REDUCED_SIDE = 256
_PSNR_OF_EQUAL = 99.0
_SSIM_WINDOW, _SSIM_SIGMA = (11, 11), 1.5
_SSIM_C1, _SSIM_C2 = 0.01**2, 0.03**2


def to_unit(picture: Rgb) -> UnitRgb:
    return np.divide(picture, 255, dtype=np.float32)


def reduced(picture: Rgb) -> UnitRgb:
    """The picture at 256 x 256, the size at which LVCD compares."""
    small = cv2.resize(picture, (REDUCED_SIDE, REDUCED_SIDE), interpolation=cv2.INTER_AREA)
    return to_unit(cast("Rgb", small))


def psnr(truth: UnitRgb, predicted: UnitRgb) -> float:
    """Peak signal-to-noise ratio in dB, at most 99 (equal pictures)."""
    error = float(np.mean((truth.astype(np.float64) - predicted) ** 2))
    if error == 0:
        return _PSNR_OF_EQUAL
    return min(_PSNR_OF_EQUAL, -10 * math.log10(error))


def ssim(truth: UnitRgb, predicted: UnitRgb) -> float:
    """Structural similarity (Wang et al. 2004), Gaussian window, mean over pixels and channels."""
    truth_mean, predicted_mean = _blurred(truth), _blurred(predicted)
    truth_variance = _blurred(truth * truth) - truth_mean**2
    predicted_variance = _blurred(predicted * predicted) - predicted_mean**2
    covariance = _blurred(truth * predicted) - truth_mean * predicted_mean
    similarity = (2 * truth_mean * predicted_mean + _SSIM_C1) * (2 * covariance + _SSIM_C2)
    similarity /= (truth_mean**2 + predicted_mean**2 + _SSIM_C1) * (
        truth_variance + predicted_variance + _SSIM_C2
    )
    return float(np.mean(similarity))


def _blurred(picture: UnitRgb) -> UnitRgb:
    return cast("UnitRgb", cv2.GaussianBlur(picture, _SSIM_WINDOW, _SSIM_SIGMA))
