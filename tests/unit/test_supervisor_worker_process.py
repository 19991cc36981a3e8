"""The supervisor's view of a worker that misbehaves as a process; scripts play the worker."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import psutil
import pytest

from keycel_backend.supervisor import worker_process
from keycel_backend.supervisor.orders import Cancel, Finished, Report
from keycel_backend.supervisor.worker_process import WorkerDied, WorkerProcess

ECHO = """
import sys
for line in sys.stdin.buffer:
    if b'"Quit"' in line: break
    print('{"kind":"Finished","job":"heard"}', flush=True)
"""
STUBBORN = "import time\nwhile True: time.sleep(1)"
CRASH = 'import sys; print(\'{"kind":"Finished","job":"last words"}\', flush=True); sys.exit(7)'
NONSENSE = "import time\nprint('hello, world', flush=True)\ntime.sleep(60)"
SPEAKS_ORDERS = 'import time\nprint(\'{"kind":"Quit"}\', flush=True)\ntime.sleep(60)'
CHATTY = """
import time
for _ in range(8):
    print('{"kind":"Alive"}', flush=True)
    time.sleep(0.1)
print('{"kind":"Finished","job":"slow"}', flush=True)
time.sleep(60)
"""

Play = Callable[[WorkerProcess], Coroutine[Any, Any, Any]]


def play(script: str, scene: Play) -> Any:
    """Run `scene` with a worker that runs `script`; the worker must be gone afterwards."""

    async def whole() -> Any:
        worker = WorkerProcess([sys.executable, "-c", script])
        try:
            return await scene(worker)
        finally:
            await worker.stop()
            assert not worker.alive
            assert not psutil.pid_exists(worker.process)

    return asyncio.run(whole())


async def hear(worker: WorkerProcess) -> Report:
    return await worker.hear()


async def hear_the_end(worker: WorkerProcess) -> str:
    async def all_of_it() -> None:
        while True:
            await worker.hear()

    with pytest.raises(WorkerDied) as caught:
        await all_of_it()
    assert not worker.alive
    with pytest.raises(WorkerDied):
        await worker.hear()
    return str(caught.value)


def test_orders_go_in_and_reports_come_out() -> None:
    async def scene(worker: WorkerProcess) -> Report:
        worker.order(Cancel("j"))
        return await worker.hear()

    assert play(ECHO, scene) == Finished("heard")


def test_last_words_are_heard_before_the_death() -> None:
    async def scene(worker: WorkerProcess) -> tuple[Report, str]:
        return await worker.hear(), await hear_the_end(worker)

    assert play(CRASH, scene) == (Finished("last words"), "exit code 7")


@pytest.mark.parametrize("script", [NONSENSE, SPEAKS_ORDERS])
def test_nonsense_is_death(script: str) -> None:
    assert "senseless report" in play(script, hear_the_end)


def test_a_killed_worker_is_noticed_and_orders_to_it_vanish() -> None:
    async def scene(worker: WorkerProcess) -> str:
        worker.kill()
        how = await hear_the_end(worker)
        for _ in range(10_000):
            worker.order(Cancel("j"))
        return how

    assert play(STUBBORN, scene) == "ended by signal 9"


def test_silence_is_death(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "SILENT_AFTER", 0.3)
    assert "no sign of life" in play(STUBBORN, hear_the_end)


def test_signs_of_life_keep_a_busy_worker_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "SILENT_AFTER", 0.6)
    assert play(CHATTY, hear) == Finished("slow")


def test_a_worker_that_will_not_quit_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "QUIT_SECONDS", 0.1)

    async def scene(worker: WorkerProcess) -> None:
        assert worker.alive

    play(STUBBORN, scene)


def test_a_program_that_does_not_exist() -> None:
    async def scene() -> None:
        WorkerProcess(["/no/such/program"])

    with pytest.raises(WorkerDied, match="cannot be started"):
        asyncio.run(scene())
