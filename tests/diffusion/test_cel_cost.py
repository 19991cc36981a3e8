"""What `cel` and `sketchkey` are said to cost, compared with what the bundled shot took on one core."""

from __future__ import annotations

import os

import pytest

from keycel_backend.engines.registry import ENTRIES

_DEMO = (1280, 720)


@pytest.mark.parametrize(
    ("engine", "drawings", "measured"),
    [("cel", 24, 19.3), ("sketchkey", 39, 37.4)],  # processor seconds, docs/benchmarks.md
)
def test_the_bundled_shot_takes_about_as_long_as_is_said(
    engine: str, drawings: int, measured: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    said = ENTRIES[engine].estimate(*_DEMO, drawings, 2, {}).seconds
    assert measured / 1.5 < said < measured * 1.5


def test_more_cores_help_and_more_steps_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds: list[float] = []
    for cores, steps in ((1, 4), (1, 2), (2, 2), (4, 2), (8, 2)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        seconds.append(ENTRIES["cel"].estimate(*_DEMO, 24, 2, {"steps": steps}).seconds)
    assert seconds[0] > 1.5 * seconds[1]
    assert seconds[1] > seconds[2] > seconds[3] == seconds[4]
