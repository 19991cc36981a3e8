"""TC: how steady a prediction is from frame to frame (LVCD, section 6.1, equation 9).

The motion is that of the true frames. OpenCV's DIS optical flow (Kroeger et al. 2016) stands in
for RAFT, so values compare with each other but not with published ones.
"""

from __future__ import annotations

from typing import Protocol, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from keycel_backend.evaluate.image_quality import UnitRgb

_SMALLEST = 1e-9
_SMALLEST_NORM = 1e-6


class _OpticalFlow(Protocol):
    """OpenCV's flow class, which its type stubs leave out."""

    def calc(self, I0: object, I1: object, flow: None) -> NDArray[np.float32]: ...  # noqa: N803


class TemporalConsistency:
    """Sums warp errors over consecutive frames: feed every frame in order, then read `value`."""

    def __init__(self) -> None:
        self._flow = _optical_flow()
        self._previous: tuple[UnitRgb, UnitRgb] | None = None
        self._predicted_error = 0.0
        self._true_error = 0.0

    def add(self, truth: UnitRgb, predicted: UnitRgb) -> None:
        """The next frame, true and predicted, at one size."""
        if self._previous is not None:
            earlier_truth, earlier_predicted = self._previous
            motion = self._backward_flow(earlier_truth, truth)
            self._predicted_error += _warp_error(earlier_predicted, predicted, motion)
            self._true_error += _warp_error(earlier_truth, truth, motion)
        self._previous = (truth, predicted)

    @property
    def value(self) -> float:
        """Predicted over true warp error: 1 is as steady as the truth, more is less steady."""
        return self._predicted_error / max(self._true_error, _SMALLEST)

    def _backward_flow(self, earlier: UnitRgb, later: UnitRgb) -> NDArray[np.float32]:
        """For each pixel of `later`, where it was in `earlier`: x and y displacement in pixels."""
        return self._flow.calc(_grey(later), _grey(earlier), None)


def _optical_flow() -> _OpticalFlow:
    return cast("_OpticalFlow", cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM))


def _warp_error(earlier: UnitRgb, later: UnitRgb, motion: NDArray[np.float32]) -> float:
    difference = (_warped(earlier, motion) - later).astype(np.float64)
    norm = np.sqrt(np.sum(later.astype(np.float64) ** 2))
    return float(np.sqrt(np.sum(difference**2)) / max(norm, _SMALLEST_NORM))


def _warped(picture: UnitRgb, motion: NDArray[np.float32]) -> UnitRgb:
    height, width = motion.shape[:2]
    columns = np.arange(width, dtype=np.float32)[None, :] + motion[..., 0]
    rows = np.arange(height, dtype=np.float32)[:, None] + motion[..., 1]
    warped = cv2.remap(picture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cast("UnitRgb", warped)


def _grey(picture: UnitRgb) -> NDArray[np.uint8]:
    grey = cast("NDArray[np.float32]", cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
    return (grey * 255).astype(np.uint8)
