"""Counting right and wrong regions over a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keycel_backend.evaluate.color import Rgb, colors_to_lab, distance, nearest_distance, pack, unpack
from keycel_backend.evaluate.regions import TrueRegions
from keycel_backend.evaluate.truth import Truth

_SAME_AS_BACKGROUND = 2
"""Largest difference in any channel, where colours are medians."""


@dataclass(frozen=True)
class Verdict:
    """On the regions of one frame, shape (n,) each."""

    right: NDArray[np.bool_]
    foreground: NDArray[np.bool_]


def judge(
    regions: TrueRegions, predicted_colors: NDArray[np.uint8], tolerance: float, background: int | None
) -> Verdict:
    """Which regions have the right colour (within dE76 `tolerance`), and which are not background."""
    apart = distance(colors_to_lab(predicted_colors), colors_to_lab(regions.colors))
    return Verdict(apart <= tolerance, ~_is_background(regions, background))


def _is_background(regions: TrueRegions, background: int | None) -> NDArray[np.bool_]:
    if background is None:
        return np.zeros(len(regions), bool)
    if not regions.by_median:
        return pack(regions.colors) == background
    color = unpack(np.array(background)).astype(np.int64)
    difference = np.abs(regions.colors.astype(np.int64) - color)
    return np.max(difference, axis=1, initial=0) <= _SAME_AS_BACKGROUND


@dataclass
class Share:
    """A running share: how much of a total was right."""

    right: int = 0
    total: int = 0

    def add(self, right: NDArray[np.bool_], weights: NDArray[np.int64]) -> None:
        self.right += int(np.sum(weights[right]))
        self.total += int(np.sum(weights))

    @property
    def value(self) -> float:
        return self.right / self.total if self.total else 1.0


class RegionTally:
    """Adds up frames: all regions, those of the foreground, and those a reference could explain."""

    def __init__(self, tolerance: float, background: int | None) -> None:
        self._tolerance = tolerance
        self._background = background
        self.all_count, self.all_area = Share(), Share()
        self.foreground_count, self.foreground_area = Share(), Share()
        self.seen_count = Share()
        self.per_frame: list[float] = []
        """Share of right foreground regions (0 where a frame has none)."""

    def add(self, regions: TrueRegions, predicted_colors: NDArray[np.uint8], seen: NDArray[np.uint8]) -> None:
        """One frame. `seen` are the true colours of the reference frames, shape (n, 3)."""
        verdict = judge(regions, predicted_colors, self._tolerance, self._background)
        right, foreground = verdict.right, verdict.foreground
        ones = np.ones(len(regions), np.int64)
        self.all_count.add(right, ones)
        self.all_area.add(right, regions.areas)
        self.foreground_count.add(right[foreground], ones[foreground])
        self.foreground_area.add(right[foreground], regions.areas[foreground])
        if len(seen):
            known = foreground & (
                nearest_distance(colors_to_lab(regions.colors), colors_to_lab(seen)) <= self._tolerance
            )
            self.seen_count.add(right[known], ones[known])
        self.per_frame.append(float(np.sum(right[foreground])) / max(1, int(np.sum(foreground))))

    @property
    def seen_share(self) -> float:
        """Share of foreground regions whose true colour occurs in the references."""
        return self.seen_count.total / self.foreground_count.total if self.foreground_count.total else 1.0


def tally_regions(truth: Truth, seen: Mapping[int, Rgb]) -> RegionTally:
    """Regions with the right colour in the frames of `seen` (frame number to RGB picture, lines included)."""
    tally = RegionTally(truth.tolerance, truth.background())
    no_colors = np.zeros((0, 3), np.uint8)
    for time, picture in seen.items():
        regions = truth.regions(truth.frame(time))
        tally.add(regions, regions.predicted_colors(picture), no_colors)
    return tally
