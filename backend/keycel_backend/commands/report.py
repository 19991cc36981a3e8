"""Frame reports: as they arrive from the supervisor, and as they lie in a result folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keycel_backend.io.region_json import region_from_json
from keycel_backend.io.results import REPORT_NAME, FrameReport
from keycel_shared.submission import Delivery


def frame_report(delivery: Delivery) -> FrameReport:
    """The report of a frame that just arrived."""
    event = delivery.event
    return _from_json(
        delivery.report, time=event.time, engine=event.engine, seed=event.seed, seconds=event.seconds
    )


def read_frames(folder: Path) -> dict[int, FrameReport]:
    """Reports of the frames that an earlier run left in `folder`, by frame number.

    A missing or damaged file counts as empty: it is ours, and it is written anew.
    """
    try:
        frames = json.loads((folder / REPORT_NAME).read_bytes())["frames"]
        reports = [
            _from_json(
                frame,
                time=int(frame["time"]),
                engine=str(frame["engine"]),
                seed=int(frame["seed"]),
                seconds=float(frame["seconds"]),
            )
            for frame in frames
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {report.time: report for report in reports}


def _from_json(body: Mapping[str, Any], *, time: int, engine: str, seed: int, seconds: float) -> FrameReport:
    return FrameReport(
        time=time,
        engine=engine,
        seed=seed,
        seconds=seconds,
        palette=tuple((r, g, b, a) for r, g, b, a in body["palette"]),
        regions=tuple(region_from_json(region) for region in body["regions"]),
    )
