"""What drawings are like in numbers, the same for procedural shots and for real ones.

Compare `describe` of both: a network trained on drawings unlike the real ones learns the difference.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keycel_backend.regions.arrays import Pixels
from keycel_backend.regions.features import RegionFeatures, measure
from keycel_backend.regions.lines import LineArt, read_line_art
from keycel_backend.regions.motion import dense_motion
from keycel_backend.regions.segmentation import automatic_gap, segment

MEASURES = (
    "regions",
    "small regions",
    "median region",
    "largest region",
    "line width",
    "line darkness",
    "ink share",
    "figure",
    "neighbours",
    "motion",
    "change",
)
"""Names of what `describe` measures."""


def describe(drawings: Sequence[Pixels]) -> dict[str, float]:
    """Means over the drawings (height, width, 4) of one shot.

    regions: number; small regions: share below 0.1 % of the figure's box; median region, largest
    region (without the biggest of all, mostly background): area as share of the box, in percent;
    line width: pixels per 480 of height; line darkness: 0..1; ink share: of the box, percent;
    figure: diagonal of the box over the canvas diagonal; neighbours: per region; motion: median
    shift of lines between consecutive drawings in percent of the box's diagonal; change: relative
    change of the number of regions between consecutive drawings.
    """
    rows: list[list[float]] = []
    last: RegionFeatures | None = None
    for drawing in drawings:
        art = read_line_art(drawing)
        if art.is_empty:
            last = None
            continue
        height, width = art.ink.shape
        features = measure(art.ink, segment(art.ink, automatic_gap(width, height, art.line_width)))
        rows.append([*_still(art, features), *_between(last, features)])
        last = features
    with np.errstate(all="ignore"):
        table = np.array(rows, np.float64).reshape(-1, len(MEASURES))
        filled = ~np.isnan(table)
        means = np.where(filled, table, 0.0).sum(axis=0) / np.maximum(filled.sum(axis=0), 1)
    return dict(zip(MEASURES, (float(value) for value in means), strict=True))


def summary(figures: Sequence[dict[str, float]]) -> str:
    """A table: 10th, 50th and 90th percentile over shots."""
    lines = [f"{'':16s}{'10 %':>10s}{'median':>10s}{'90 %':>10s}"]
    for name in MEASURES:
        low, middle, high = np.percentile([figure[name] for figure in figures], [10, 50, 90])
        lines.append(f"{name:16s}{low:10.2f}{middle:10.2f}{high:10.2f}")
    return "\n".join(lines)


def _still(art: LineArt, features: RegionFeatures) -> list[float]:
    rows, columns = np.nonzero(art.ink)
    box = float((np.ptp(rows) + 1) * (np.ptp(columns) + 1))
    share = np.sort(features.area / (box * features.scale**2))[::-1]
    rest = share[1:] if len(share) > 1 else share
    dark = np.percentile(art.strength[art.ink], 75) / 255.0
    return [
        float(features.count),
        float((rest < 0.001).mean()),
        100.0 * float(np.median(rest)),
        100.0 * float(rest[0]),
        art.line_width * 480.0 / art.ink.shape[0],
        float(dark),
        100.0 * len(rows) / box,
        float(np.hypot(np.ptp(rows), np.ptp(columns)) / np.hypot(*art.ink.shape)),
        2.0 * len(features.edges) / max(1, features.count),
    ]


def _between(last: RegionFeatures | None, features: RegionFeatures) -> list[float]:
    if last is None:
        return [float("nan")] * 2
    flow = dense_motion(features.lines, last.lines)
    shift = np.linalg.norm(flow, axis=2)[features.lines > 200]
    change = abs(features.count - last.count) / max(1, last.count)
    return [100.0 * float(np.median(shift)) / features.figure if len(shift) else float("nan"), change]
