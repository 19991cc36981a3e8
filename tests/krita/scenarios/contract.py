"""Runs the promises of `tests/support/host_contract.py` in Krita, on the small shot."""

import sys
from pathlib import Path

from krita import Krita
from shots import open_shot

from keycel_plugin.host import layers
from keycel_plugin.host.krita_document import KritaHost
from keycel_plugin.tasks import Task, pause

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.host_contract import CASES

krita = Krita.instance()


class KritaDesk:
    def __init__(self):
        self.host = KritaHost()
        self.moves_are_steps = krita.version().startswith("5.1.")

    async def settle(self):
        await pause(400)
        krita.activeDocument().waitForDone()
        await pause(50)

    def redo(self):
        krita.action("edit_redo").trigger()

    def lock(self, layer):
        layers.find(krita.activeDocument(), layer).setLocked(True)


def check(case, path):
    """An assertion that fails in here is told with its line."""
    yield from open_shot(path)
    ends = []
    task = Task(CASES[case](KritaDesk()), ends.append)
    while task.running:
        yield 0.005
    if ends[0] is not None:
        raise ends[0]
