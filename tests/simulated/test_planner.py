"""Estimates: asked a moment after the last change, and nothing left behind when Krita closes meanwhile."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest

from keycel_plugin.flow import planner
from keycel_plugin.flow.planner import Planner
from keycel_plugin.state.choice import Estimate
from keycel_plugin.state.progress import Progress

RunUntil = Callable[..., None]
COST = Estimate(3, 0, 1.0, 1)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "_CALM_MS", 0)


async def answer() -> Estimate | None:
    return COST


def test_many_changes_are_one_question(run_until: RunUntil) -> None:
    asked: list[int] = []
    shown: list[Estimate | None] = []

    def ask() -> planner.Question:
        asked.append(1)
        return answer

    one = Planner(Progress(), ask, shown.append)
    for _ in range(5):
        one.plan_soon()
    run_until(lambda: bool(shown))
    assert (len(asked), shown) == (1, [COST])


def test_stopped_before_the_question_is_put_nothing_is_left(run_until: RunUntil) -> None:
    """Warnings are errors here: a coroutine that nobody awaits would be one."""
    asked: list[int] = []

    def ask() -> planner.Question:
        asked.append(1)
        return answer

    one = Planner(Progress(), ask, lambda _: pytest.fail("it was stopped"))
    one.plan_soon()
    run_until(lambda: bool(asked))
    one.stop()
    gc.collect()
