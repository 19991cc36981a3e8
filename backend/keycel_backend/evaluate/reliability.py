"""Reliability: does a stated confidence of 0.7 mean that seven of ten such regions are right?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from keycel_backend.evaluate.color import colors_to_lab, distance, pack, unpack
from keycel_backend.evaluate.footage import Footage
from keycel_backend.evaluate.judging import Judged
from keycel_backend.evaluate.regions import most_frequent
from keycel_backend.regions.lines import read_line_art
from keycel_backend.regions.segmentation import automatic_gap, segment

BINS = 10
_FEWEST_PIXELS = 10
_SIDE, _MARGIN = 360, 40
_COLORS = ((30, 90, 180), (200, 110, 30), (30, 140, 60), (150, 50, 150))
_BLACK, _GREY = (20, 20, 20), (190, 190, 190)


class Reliability:
    """Collects what an engine said of its regions and what was true."""

    def __init__(self) -> None:
        self._said: list[NDArray[np.float64]] = []
        self._right: list[NDArray[np.bool_]] = []

    def watch(self, footage: Footage, setting: str, judged: Judged) -> None:
        """Every reported region of at least 10 pixels of known paint; it is right if most of it is."""
        del setting
        reports = judged.colored.regions
        line = footage.lines[judged.colored.time]
        frame = footage.frames[judged.colored.time]
        art = read_line_art(line)
        found = segment(art.ink, automatic_gap(line.shape[1], line.shape[0], art.line_width))
        if len(reports) != found.count:
            return  # an engine with other regions: nothing to compare by
        paint = frame.color if frame.paint is None else frame.paint
        known = np.where(frame.ink, 0, found.labels)
        true = most_frequent(known, found.count, pack(paint))
        shown = most_frequent(known, found.count, pack(judged.seen))
        apart = distance(colors_to_lab(unpack(true)), colors_to_lab(unpack(shown)))
        large = np.bincount(known.ravel(), minlength=found.count + 1)[1:] >= _FEWEST_PIXELS
        said = np.array([report.confidence for report in reports])
        self.add(said[large], (apart <= footage.tolerance)[large])

    def add(self, said: NDArray[np.float64], right: NDArray[np.bool_]) -> None:
        """Confidences 0..1 of some regions, and which of these are right, shape (n,) each."""
        self._said.append(said)
        self._right.append(right)

    def bins(self) -> list[tuple[int, float, float]]:
        """Of every tenth of confidence that occurs: regions, mean confidence, share that is right."""
        said, right = self._all()
        tenth = np.minimum((said * BINS).astype(np.int64), BINS - 1)
        occurring = [tenth == number for number in range(BINS) if (tenth == number).any()]
        return [(int(part.sum()), float(said[part].mean()), float(right[part].mean())) for part in occurring]

    def error(self) -> float:
        """Expected calibration error: mean distance of confidence and share over `bins`, by regions."""
        bins = self.bins()
        total = sum(number for number, _, _ in bins)
        return sum(number * abs(mean - share) for number, mean, share in bins) / max(total, 1)

    def _all(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        if not self._said:
            return np.zeros(0), np.zeros(0, np.bool_)
        return np.concatenate(self._said), np.concatenate(self._right)


def as_text(reliability: Reliability) -> str:
    """One row a bin, and the expected calibration error."""
    rows = ["| stated confidence | share right | regions |", "| --- | --- | --- |"]
    rows += [f"| {mean:.2f} | {share:.2f} | {number} |" for number, mean, share in reliability.bins()]
    return "\n".join([*rows, f"\nExpected calibration error {reliability.error():.3f}"])


def draw(path: Path, curves: Mapping[str, Reliability]) -> None:
    """A reliability diagram (PNG): stated confidence against the share that is right, one curve a name."""
    canvas = Image.new("RGB", (_SIDE + 2 * _MARGIN, _SIDE + 2 * _MARGIN), "white")
    pen = ImageDraw.Draw(canvas)

    def at(confidence: float, share: float) -> tuple[float, float]:
        return _MARGIN + _SIDE * confidence, _MARGIN + _SIDE * (1.0 - share)

    for step in range(0, BINS + 1, 2):
        pen.line([at(step / BINS, 0), at(step / BINS, 1)], fill=_GREY)
        pen.line([at(0, step / BINS), at(1, step / BINS)], fill=_GREY)
        x, y = at(step / BINS, 0)
        pen.text((x - 8, y + 4), f"{step / BINS:.1f}", fill=_BLACK)
        x, y = at(0, step / BINS)
        pen.text((x - 26, y - 6), f"{step / BINS:.1f}", fill=_BLACK)
    pen.line([at(0, 0), at(1, 1)], fill=_BLACK)
    pen.text((_MARGIN + _SIDE // 2 - 50, _SIDE + _MARGIN + 20), "stated confidence", fill=_BLACK)
    pen.text((_MARGIN, 14), "share right", fill=_BLACK)
    for number, (name, reliability) in enumerate(curves.items()):
        color = _COLORS[number % len(_COLORS)]
        bins = reliability.bins()
        total = sum(count for count, _, _ in bins)
        pen.line([at(mean, share) for _, mean, share in bins], fill=color, width=2)
        for count, mean, share in bins:
            x, y = at(mean, share)
            radius = 2 + 12 * (count / total) ** 0.5
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=color, width=2)
        pen.text((_MARGIN + 12, _MARGIN + 12 + 16 * number), f"{name} ({total} regions)", fill=color)
    canvas.quantize(64).save(path, optimize=True)
