"""Cancelling an engine in the middle of one pass through its networks."""

from __future__ import annotations

import pytest

from keycel_backend.engines.base import Cancelled, Engine, Request


def assert_cancelled_within_a_step(engine: Engine, request: Request, step: str = "Sampling") -> None:
    """Between two steps the engine looks many times whether it shall stop, and stops when told so.

    `step`: what it says after each.
    """
    told: list[str] = []
    looks: list[int] = []
    """Number of steps done at each look."""

    def cancelled() -> bool:
        looks.append(told.count(step))
        return looks.count(1) > 20

    with pytest.raises(Cancelled):
        list(engine.run(request, lambda _, doing: told.append(doing), cancelled))
    assert told.count(step) == 1, "the second step was under way"
