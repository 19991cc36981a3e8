"""Each engine is loaded on the device that suits it, and the supervisor hears of it."""

from __future__ import annotations

import asyncio
import sys
from types import SimpleNamespace

import pytest

from keycel_backend.diffusion.device import Device, processor
from keycel_backend.engines import registry
from keycel_backend.engines.base import Estimate
from keycel_backend.supervisor.orders import DeviceFound, Probe, from_line, to_line
from keycel_backend.supervisor.worker_process import WorkerProcess
from keycel_backend.worker import process

CARD = Device("cuda:1", "a card", "float16", 24 << 30, 4e13)
FINDS_A_CARD = f"""
import sys
for line in sys.stdin.buffer:
    if b'"Quit"' in line: break
    if b'"Probe"' in line:
        sys.stdout.buffer.write({to_line(DeviceFound(CARD))!r})
        print('{{"kind":"Finished","job":"probed"}}', flush=True)
"""


class _Loaded:
    """Engine that remembers where it was loaded."""

    where: tuple[str, str] = ("", "")

    def load(self, device: str, precision: str) -> None:
        self.where = (device, precision)


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which devices were looked for; a card is always found."""
    looked: list[str] = []

    def find_device(name: str) -> Device:
        looked.append(name)
        return CARD

    monkeypatch.setattr(process, "import_networks", lambda _: SimpleNamespace(find_device=find_device))
    monkeypatch.setattr(process, "load_engine", lambda *_: _Loaded())
    plain = registry.ENTRIES["flat"]
    accelerated = registry.EngineEntry(
        plain.description, plain.estimate, "", device_estimate=lambda *_: Estimate(1.0, 1)
    )
    for name in ("card", "another"):
        monkeypatch.setitem(registry.ENTRIES, name, accelerated)
    return looked


def test_only_engines_that_use_a_card_look_for_one(
    wanted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYCEL_DEVICE", "cuda:1")
    told: list[Device] = []
    engines = process.Engines(told.append)
    flat = engines.get("flat", "colorize")
    assert isinstance(flat, _Loaded)
    assert flat.where == (processor().kind, processor().precision)
    assert (wanted, told) == ([], [])
    networks = engines.get("card", "colorize")
    assert isinstance(networks, _Loaded)
    assert networks.where == ("cuda:1", "float16")
    assert engines.device() == CARD
    assert engines.get("card", "colorize") is networks
    assert (wanted, told) == (["cuda:1"], [CARD])


@pytest.mark.usefixtures("wanted")
def test_large_networks_make_room_for_those_of_another_engine() -> None:
    engines = process.Engines(lambda _: None)
    flat, card = engines.get("flat", "colorize"), engines.get("card", "colorize")
    engines.get("another", "colorize")
    assert engines.get("flat", "colorize") is flat
    assert engines.get("card", "colorize") is not card


def test_a_device_passes_the_pipe() -> None:
    assert from_line(to_line(DeviceFound(CARD))) == DeviceFound(CARD)
    assert from_line(to_line(Probe())) == Probe()


def test_a_worker_is_asked_once_and_its_answer_kept() -> None:
    async def scene() -> list[Device | None]:
        worker = WorkerProcess([sys.executable, "-c", FINDS_A_CARD])
        try:
            before = worker.device
            worker.look_for_device()
            worker.look_for_device()
            await worker.hear()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(worker.hear(), 0.3)
            return [before, worker.device]
        finally:
            await worker.stop()

    assert asyncio.run(scene()) == [None, CARD]


def test_engines_without_a_card_keep_their_estimate() -> None:
    assert not registry.ENTRIES["flat"].accelerated
    assert registry.ENTRIES["flat"].installed
    assert registry.ENTRIES["lvcd"].accelerated
