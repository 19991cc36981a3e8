"""One region's report as JSON: the same in a frame's report on the wire and in `report.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keycel_backend.engines.base import RegionReport


def region_to_json(region: RegionReport) -> dict[str, object]:
    """Plain JSON values; engines may have left NumPy numbers in the report."""
    entry = region.palette_entry
    return {
        "box": [int(value) for value in region.box],
        "area": int(region.area),
        "color": [int(value) for value in region.color],
        "palette_entry": None if entry is None else int(entry),
        "confidence": round(float(region.confidence), 4),
        "reason": region.reason,
    }


def region_from_json(body: Mapping[str, Any]) -> RegionReport:
    """The report that `region_to_json` wrote.

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
    )
