"""The host in memory keeps the same promises, and breaks the same ones, as Krita (tests/krita)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.host_contract import CASES, LINE_TIMES
from support.memory_host import MemoryDocument, MemoryHost, MemoryLayer, flat_picture

from keycel_plugin.tasks import Task, pause


class MemoryDesk:
    moves_are_steps = True

    def __init__(self) -> None:
        drawings = {time: flat_picture(time) for time in LINE_TIMES}
        drawings[44] = drawings[5]
        self.document = MemoryDocument(
            MemoryLayer("paper", "Paper", still=flat_picture(255)),
            MemoryLayer("keys", "Colour keys", {0: flat_picture(200), 9: flat_picture(201)}),
            MemoryLayer("lines", "Lines", drawings, shared=[frozenset({5, 44})]),
        )
        self.host = MemoryHost(self.document)

    async def settle(self) -> None:
        await pause(1)

    def redo(self) -> None:
        self.document.redo()

    def lock(self, layer: str) -> None:
        self.document.layer(layer).locked = True


@pytest.mark.parametrize("case", CASES)
def test_in_memory(case: str, run_until: Callable[..., None]) -> None:
    ends: list[BaseException | None] = []
    task = Task(CASES[case](MemoryDesk()), ends.append)
    run_until(lambda: not task.running)
    if ends[0] is not None:
        raise ends[0]
