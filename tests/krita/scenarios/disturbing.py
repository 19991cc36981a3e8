"""Reading layers while Krita does something else with the document."""

import random

from host import layer_id, read_layer
from krita import Krita
from shots import settle

from keycel_plugin.host import idle
from keycel_plugin.host.krita_document import KritaHost
from keycel_plugin.tasks import Task, pause

krita = Krita.instance()


def read_while_layers_move(group, layer, rounds):
    """Read a group as often as it goes while layers are moved out of it and back; answers how often."""
    within, pattern = (krita.activeDocument().nodeByName(name) for name in (group, layer))
    for number in range(20):
        twin = pattern.clone()
        twin.setName(f"Twin {number}")
        within.addChildNode(twin, None)
    yield from settle()
    document, times, moving = KritaHost().active_document(), [], [True]

    async def read():
        while moving[0]:
            reader = await document.open_reader(layer_id(group), layer_id(group))
            times.append(reader.times)
            reader.close()
            await pause(random.randrange(4))

    ends = []
    task = Task(read(), ends.append)
    for _ in range(rounds):
        for node in within.childNodes()[:3]:
            node.remove()  # Krita handles events in here: that is when it crashed
            within.addChildNode(node, None)
        yield 0
    moving[0] = False
    while task.running:
        yield 0.005
    if ends[0] is not None:
        raise ends[0]
    yield from settle()
    return len(times)


def read_while_transforming(layer, color_layer):
    """What reading says while a transformation waits to be applied, and once it is given up."""
    krita.activeDocument().setActiveNode(krita.activeDocument().nodeByName(color_layer))
    yield from settle()
    krita.action("KisToolTransform").trigger()
    yield 1
    idle._PATIENCE, patience = 0.3, idle._PATIENCE
    try:
        during = yield from read_layer(layer, color_layer)
    finally:
        idle._PATIENCE = patience
        krita.action("KritaShape/KisToolBrush").trigger()
    yield from settle()
    after = yield from read_layer(layer, color_layer)
    return [during, after]
