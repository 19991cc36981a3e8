"""The plugin's own host package at work in Krita, one call at a time."""

import hashlib
import random
import time as clock

from krita import InfoObject, Krita, Selection
from shots import add_document, class_name, close_all, settle, undo_steps, window

from keycel_plugin.host.artists_view import TIMELINE_VIEW
from keycel_plugin.host.krita_document import KritaHost
from keycel_plugin.host.ports import Place, Replacement
from keycel_plugin.qt import QtCore, QtWidgets
from keycel_plugin.tasks import Task
from keycel_shared.errors import KeycelError
from keycel_shared.pixels import digest_of

krita = Krita.instance()


def open_quietly(path):
    """Without Krita's warnings, which are modal windows."""
    yield from close_all()
    krita.setBatchmode(True)
    document = krita.openDocument(path)
    krita.setBatchmode(False)
    krita.activeWindow().addView(document)
    yield from settle()


def read_layer(layer, color_layer):
    """What the plugin would send for a layer: digest of each picture by frame number."""
    document, result = KritaHost().active_document(), {}

    async def read():
        reader = await document.open_reader(layer_id(layer), layer_id(color_layer))
        try:
            pictures = {time: reader.picture(time) for time in reader.times}
        finally:
            reader.close()
        result["kind"] = type(reader).__name__
        result["digests"] = {time: hashlib.sha256(data).hexdigest() for time, data in pictures.items()}
        result["visible"] = {time: digest_of(visible_part(data)) for time, data in pictures.items()}
        result["first"] = list(pictures[min(pictures)][:4])

    try:
        yield from finish(read())
    except KeycelError as error:
        return {"error": error.value.code.value, "remedy": error.value.remedy}
    return result


def visible_part(data):
    """A picture without the colours that hide in transparent pixels."""
    pixels = (data[start : start + 4] for start in range(0, len(data), 4))
    return b"".join(pixel if pixel[3] else bytes(4) for pixel in pixels)


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


def add_layer(name, beside, cels, place="beneath"):
    """Stage pictures (value of each cel's pixels: its number + 1) and deliver them as a new layer."""
    result = {}
    document = KritaHost().active_document()
    yield from finish(deliver(document, name, layer_id(beside), cels, Place(place), result))
    return result


async def deliver(document, name, beside, cels, place, result):
    width, height = document.size
    staged = document.stage(cels, beside)
    try:
        for number, times in enumerate(cels):
            await staged.put(min(times), pixels_of(number + 1, width, height))
        result["layer"] = await document.add_layer(staged, name, beside, place)
        result["read_back"] = await read_back(document, result["layer"], staged.digests)
    finally:
        staged.close()


def replace_frames(changes, color_layer, interruption=None):
    """Give keyframes of layers of ours known pixels: `changes` maps layer names to {time: value}.

    `interruption` is evaluated right after the start.
    """
    document = KritaHost().active_document()
    width, height = document.size

    async def work():
        replacements = []
        try:
            for layer, values in changes.items():
                times = tuple(map(int, values))
                staged = document.stage([[time] for time in times], layer_id(color_layer))
                replacements.append(Replacement(staged, layer_id(layer), times))
                for time, value in values.items():
                    await staged.put(int(time), pixels_of(value, width, height))
            result["started"] = clock.perf_counter()
            await document.replace_frames(replacements)
            result["seconds"] = clock.perf_counter() - result.pop("started")
            result["read_back"] = [await read_back(document, r.layer, r.staged.digests) for r in replacements]
        finally:
            for replacement in replacements:
                replacement.staged.close()

    result = {}
    try:
        yield from finish(work(), interruption)
    except KeycelError as error:
        return {"error": error.value.code.value, "title": error.value.title}
    return result


async def read_back(document, layer, digests):
    return {
        time: digest_of(await document.picture_at(layer, time)) == wanted for time, wanted in digests.items()
    }


def pictures_at(layer, times):
    """Digest of what a layer has in its keyframe at each time; None where it has none."""
    document, result = KritaHost().active_document(), {}

    async def read():
        for time in times:
            data = await document.picture_at(layer_id(layer), time)
            result[time] = digest_of(data) if data else None

    yield from finish(read())
    return result


def profiles():
    """Of the paint layers, by name; the document's own must be the same."""
    document = krita.activeDocument()
    found = {node.name(): node.colorProfile() for node in document.rootNode().childNodes()}
    assert set(found.values()) == {document.colorProfile()}
    return found


def add_layer_in_the_back(name, beside, cels):
    """The same as `add_layer`, but the artist has gone on to another document."""
    document = KritaHost().active_document()
    line = layer_id(beside)
    yield from add_document(64, 64)
    result = {}
    yield from finish(deliver(document, name, line, cels, Place.BENEATH, result))
    result["layers_in_front"] = [layer.name for layer in KritaHost().active_document().layers()]
    try:
        document.check_writable(result["layer"])
    except KeycelError as error:
        result["refused"] = error.value.code.value
    return result


def refused(call, *arguments):
    """The code of the error that a call of the host raises; None if it raises none."""
    try:
        getattr(KritaHost().active_document(), call)(*map(id_if_layer, arguments))
    except KeycelError as error:
        return error.value.code.value
    return None


def calls_refused(layer):
    """What every call that changes a layer says for this one."""
    return {
        "check_writable": refused("check_writable", layer),
        "set_visible": refused("set_visible", layer, False),
        "unlock": refused("unlock", layer),
    }


def facts():
    """Everything that the host tells about the active document."""
    document = KritaHost().active_document()
    names = {layer.id: layer.name for layer in document.layers()}
    return {
        "name": document.name,
        "size": document.size,
        "length": document.length,
        "notes": list(document.notes),
        "playhead": document.playhead(),
        "selected_times": document.selected_times(),
        "layers": [[layer.name, layer.depth, layer.ours] for layer in document.layers()],
        "our_layers": [names[layer] for layer in document.our_layers()],
        "keyframe_times": {name: document.keyframe_times(layer) for layer, name in names.items()},
        "visible": {name: document.is_visible(layer) for layer, name in names.items()},
        "active": names.get(document.active_layer()),
        "memos": {name: hashlib.sha256(document.memo(name)).hexdigest() for name in document.memo_names()},
    }


def set_visible(layer, visible):
    KritaHost().active_document().set_visible(layer_id(layer), visible)
    yield from settle()
    document = krita.activeDocument()
    seen = document.pixelData(0, 0, document.width(), document.height()).data()
    document.refreshProjection()
    yield from settle()
    again = document.pixelData(0, 0, document.width(), document.height()).data()
    return {"up_to_date": seen == again, "seen": hashlib.sha256(seen).hexdigest()}


def unlock(layer):
    KritaHost().active_document().unlock(layer_id(layer))
    yield 0.1


def keep_memos(count, size):
    """Store memos of random bytes; returns their digests, and whether the document must be saved now."""
    document = KritaHost().active_document()
    krita.activeDocument().setModified(False)
    pictures = [random.Random(number).randbytes(size) for number in range(count)]
    digests = {"take-" + hashlib.sha256(data).hexdigest(): data for data in pictures}
    slowest = 0.0
    for name, data in digests.items():
        start = clock.perf_counter()
        document.set_memo(name, data)
        slowest = max(slowest, clock.perf_counter() - start)
        yield 0
    quiet = not krita.activeDocument().modified()
    document.mark_modified()
    return {"quiet": quiet, "marked": krita.activeDocument().modified(), "slowest_ms": slowest * 1000}


def forget_memos(count):
    document = KritaHost().active_document()
    for name in list(document.memo_names())[:count]:
        document.set_memo(name, b"")
    return [len(document.memo_names()), [document.memo(name) == b"" for name in ("nothing", "take-1")]]


def damage_claims(data):
    """What a broken or foreign annotation of our name does."""
    krita.activeDocument().setAnnotation("keycel", "x", bytes.fromhex(data))
    return facts()["our_layers"]


def select_cells(first, last):
    """Select cells in the topmost row of the timeline, as by dragging."""
    view = timeline_view()
    flag = QtCore.QItemSelectionModel.SelectionFlag
    model = view.model()
    cells = QtCore.QItemSelection(model.index(0, first), model.index(0, last))
    view.selectionModel().select(cells, flag.ClearAndSelect)
    yield 0.3


def move_playhead(time):
    document = KritaHost().active_document()
    before = undo_steps()
    document.move_playhead(time)
    at_once = document.playhead()
    yield from settle()
    shown = timeline_view().selectionModel().currentIndex().column()
    return {
        "at_once": at_once,
        "later": document.playhead(),
        "timeline": shown,
        "selected": document.selected_times(),
        "undo_steps": undo_steps() - before,
        "active": krita.activeDocument().activeNode().name(),
    }


def undo():
    KritaHost().active_document().undo()
    yield from settle()


def several_documents():
    """The host's view of all documents, of which the last one opened is in front."""
    host = KritaHost()
    hidden = krita.createDocument(8, 8, "Hidden", "RGBA", "U8", "", 72.0)
    documents = host.documents()
    front = host.active_document()
    [back] = [document for document in documents if not document.is_active()]
    result = {
        "documents": sorted(document.name for document in documents),
        "front": front.name,
        "same": [document.is_same(front) for document in documents].count(True),
        "refused": {},
        "selected_times": back.selected_times(),
        "active_layer": back.active_layer(),
    }
    for call, arguments in (("undo", ()), ("move_playhead", (1,))):
        try:
            getattr(back, call)(*arguments)
        except KeycelError as error:
            result["refused"][call] = error.value.code.value
    hidden.setModified(False)
    hidden.close()
    yield 0.2
    krita.activeDocument().setModified(False)
    krita.activeDocument().close()
    yield 0.5
    result["closed"] = [front.is_open(), front.is_same(back), back.is_same(host.active_document())]
    try:
        front.layers()
    except KeycelError as error:
        result["refused"]["layers"] = error.value.code.value
    return result


def host_things():
    host = KritaHost()
    return {
        "icon": [host.icon("edit-undo").isNull(), host.icon("keycel-no-such-icon").isNull()],
        "resources": str(host.resource_folder()),
    }


def timings(repeat=20):
    """Milliseconds that the cheap questions take on average."""
    document = KritaHost().active_document()
    layers = [layer.id for layer in document.layers()]
    questions = {
        "layers": document.layers,
        "our_layers": document.our_layers,
        "selected_times": document.selected_times,
        "playhead": document.playhead,
        "memo_names": document.memo_names,
        "keyframe_times": lambda: [document.keyframe_times(layer) for layer in layers],
    }
    result = {}
    for name, ask in questions.items():
        ask()
        start = clock.perf_counter()
        for _ in range(repeat):
            ask()
        result[name] = (clock.perf_counter() - start) * 1000 / repeat
    return result


def lock(layer, locked=True):
    krita.activeDocument().nodeByName(layer).setLocked(locked)
    yield 0.1


def convert_layer(layer, model, depth):
    node = krita.activeDocument().nodeByName(layer)
    node.setColorSpace(model, depth, node.colorProfile())
    yield from settle()
    return [node.colorModel(), node.colorDepth()]


def move(layer, x, y):
    """The artist's move tool, on the keyframe at the playhead."""
    node = krita.activeDocument().nodeByName(layer)
    node.move(x, y)
    yield from settle()


def duplicate(layer):
    document = krita.activeDocument()
    copy = document.nodeByName(layer).duplicate()
    copy.setName(layer + " copy")
    document.rootNode().addChildNode(copy, None)
    yield from settle()


def timeline_view():
    [view] = [
        view for view in window().findChildren(QtWidgets.QTableView) if class_name(view) == TIMELINE_VIEW
    ]
    return view


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


def finish(work, interruption=None):
    ends = []
    task = Task(work, ends.append)
    if interruption is not None:
        exec(interruption, {"krita": krita})
    while task.running:
        yield 0.005
    if ends[0] is not None:
        raise ends[0]


def id_if_layer(value):
    return layer_id(value) if isinstance(value, str) else value


def layer_id(name):
    """Ids are taken as they are, for namesakes."""
    if name.startswith("{"):
        return name
    return krita.activeDocument().nodeByName(name).uniqueId().toString()
