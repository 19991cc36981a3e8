"""One region's report as JSON: on the wire, and without its shape in `report.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keycel_backend.engines.base import RegionReport


def region_to_json(region: RegionReport) -> dict[str, object]:
    """Plain JSON values without the region's shape; engines may have left NumPy numbers in the report."""
    entry = region.palette_entry
    return {
        "box": [int(value) for value in region.box],
        "area": int(region.area),
        "color": [int(value) for value in region.color],
        "palette_entry": None if entry is None else int(entry),
        "confidence": round(float(region.confidence), 4),
        "reason": region.reason,
    }


def region_with_shape_to_json(region: RegionReport) -> dict[str, object]:
    """The same with the track and the runs, which can be thousands of numbers for one region."""
    runs = [[int(value) for value in run] for run in region.runs]
    return {**region_to_json(region), "track": region.track, "runs": runs}


def region_from_json(body: Mapping[str, Any]) -> RegionReport:
    """The report that either of the two wrote.

    Raises:
        KeyError, ValueError, TypeError: it did not.
    """
    left, top, right, bottom = body["box"]
    red, green, blue, alpha = body["color"]
    return RegionReport(
        box=(left, top, right, bottom),
        area=body["area"],
        color=(red, green, blue, alpha),
        palette_entry=body["palette_entry"],
        confidence=body["confidence"],
        reason=body["reason"],
        runs=tuple((row, first, after) for row, first, after in body.get("runs", ())),
        track=body.get("track", ""),
    )
