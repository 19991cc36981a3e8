"""The plugin's own host package at work in Krita, one call at a time."""

import hashlib

from krita import InfoObject, Krita, Selection
from shots import settle

from keycel_plugin.host.krita_document import KritaHost
from keycel_plugin.tasks import Task
from keycel_shared.errors import KeycelError

krita = Krita.instance()


def read_layer(layer, color_layer):
    """What the plugin would send for a layer: digest of each picture by frame number."""
    document = KritaHost().active_document()
    try:
        reader = document.open_reader(layer_id(layer), layer_id(color_layer))
    except KeycelError as error:
        return {"error": error.value.code.value, "remedy": error.value.remedy}
    try:
        pictures = {time: reader.picture(time) for time in reader.times}
    finally:
        reader.close()
    return {
        "kind": type(reader).__name__,
        "digests": {time: hashlib.sha256(data).hexdigest() for time, data in pictures.items()},
        "first": list(pictures[min(pictures)][:4]),
    }


def group(name, layers):
    """Move layers into a new group at the top."""
    document = krita.activeDocument()
    made = document.createGroupLayer(name)
    document.rootNode().addChildNode(made, None)
    for layer in layers:
        node = document.nodeByName(layer)
        node.remove()
        made.addChildNode(node, None)
    yield from settle()


def clone_layer(name, source):
    document = krita.activeDocument()
    document.rootNode().addChildNode(document.createCloneLayer(name, document.nodeByName(source)), None)
    yield from settle()


def invert_by_mask(layer):
    """A filter mask that inverts the layer's colours."""
    document = krita.activeDocument()
    everything = Selection()
    everything.select(0, 0, document.width(), document.height(), 255)
    invert = krita.filter("invert")
    invert.setConfiguration(invert.configuration() or InfoObject())
    mask = document.createFilterMask("Invert", invert, everything)
    document.nodeByName(layer).addChildNode(mask, None)
    yield from settle()


def hide(layer):
    document = krita.activeDocument()
    document.nodeByName(layer).setVisible(False)
    document.refreshProjection()
    yield from settle()


def convert(model, depth):
    document = krita.activeDocument()
    document.setColorSpace(model, depth, "" if model != "RGBA" else document.colorProfile())
    yield from settle()
    return [document.colorModel(), document.colorDepth()]


def pixels_of(value, width, height):
    """A picture that is different for each value, opaque."""
    row = bytes((value % 256, value // 256, (7 * value) % 256, 255)) * width
    return row * height


def add_layer(name, line_layer, cels):
    """Stage pictures (value of each cel's pixels: its number + 1) and deliver them as a new layer."""
    document = KritaHost().active_document()
    width, height = document.size

    async def work():
        staged = document.stage(cels, layer_id(line_layer))
        try:
            for number, times in enumerate(cels):
                await staged.put(min(times), pixels_of(number + 1, width, height))
            result["layer"] = await document.add_layer(staged, name, layer_id(line_layer))
            result["read_back"] = {
                time: document.digest_at(result["layer"], time) == digest
                for time, digest in staged.digests.items()
            }
        finally:
            staged.close()

    result = {}
    yield from finish(work())
    return result


def replace_frame(layer, time, value):
    """Regenerate's last step with known pixels: replace one keyframe of a layer of ours."""
    from keycel_plugin.host.ports import OurLayer

    document = KritaHost().active_document()
    width, height = document.size
    identity = layer_id(layer)
    document.remember(OurLayer(identity, identity, identity))

    async def work():
        staged = document.stage([(time,)], identity)
        try:
            await staged.put(time, pixels_of(value, width, height))
            await document.replace_frames(staged, identity, [time])
            result["read_back"] = document.digest_at(identity, time) == staged.digests[time]
        finally:
            staged.close()

    result = {}
    yield from finish(work())
    return result


def pin(layer, pinned):
    node = krita.activeDocument().nodeByName(layer)  # must outlive the call, see host/api.py
    node.setPinnedToTimeline(pinned)
    yield 0.1


def rename(layer, name):
    krita.activeDocument().nodeByName(layer).setName(name)
    yield 0.1


def paint_over(layer):
    """An artist's correction: fill the selection with the foreground colour."""
    document = krita.activeDocument()
    document.setActiveNode(document.nodeByName(layer))
    yield 0.3
    krita.action("fill_selection_foreground_color").trigger()
    yield from settle()


def leave_backend():
    """Drop the connection, so that the next press has to connect again."""
    from keycel_plugin import plugin

    plugin.parts[0].shut_down()


def finish(work):
    ends = []
    task = Task(work, ends.append)
    while task.running:
        yield 0.005
    if ends[0] is not None:
        raise ends[0]


def layer_id(name):
    return krita.activeDocument().nodeByName(name).uniqueId().toString()
