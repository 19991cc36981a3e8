"""The measurement behind `keycel bench` measures something."""

from __future__ import annotations

import os
import random

import pytest
from support.supervised import SOURCES

from keycel_backend.evaluate.overhead import measure_overhead


def test_overhead_is_measured_through_a_supervisor_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(SOURCES))
    pictures = [random.Random(number).randbytes(64 * 48 * 4) for number in range(6)]
    overhead = measure_overhead(pictures, 64, 48)
    assert overhead.frames == 6
    assert 0 < overhead.single < 5
    assert 0 < overhead.streamed < 5


def test_pictures_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="stated size"):
        measure_overhead([bytes([number]) * 16 for number in range(4)], 64, 48)
