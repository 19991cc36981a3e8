"""Opening shots, and the state of a document as the tests compare it."""

import hashlib

from krita import Krita, Selection

from keycel_plugin.qt import QtCore, QtWidgets

krita = Krita.instance()


def open_shot(path):
    """Open a .kra in the main window."""
    yield from close_all()
    document = krita.openDocument(path)
    krita.activeWindow().addView(document)
    yield from settle()
    return layer_names(document)


def close_all():
    """Close every document, one per event: closing and opening in one event leaves stale views.

    Not right after a change: the layer docker of Krita 5.1.5 shows changes with a delay, and crashes
    when the layer is gone by then (KisNodeModel::processUpdateQueue).
    """
    if krita.documents():
        yield 1.2
    for document in krita.documents():
        document.setModified(False)
        document.close()
        yield 0.1


def settle(seconds=0.5):
    """Let Krita finish what it does after a change."""
    yield seconds
    for document in krita.documents():
        document.waitForDone()
    yield 0.05


def place_artist(time, active, selected, box):
    """Put playhead, active layer, further selected layers and a pixel selection somewhere particular."""
    document = krita.activeDocument()
    document.setCurrentTime(time)
    selection = Selection()
    selection.select(*box, 255)
    document.setSelection(selection)
    yield from settle()
    document.setActiveNode(document.nodeByName(active))
    yield 0.2
    select_layers(selected)
    yield 0.2
    return state()


def select_layers(names):
    """Add layers to the selection of the layer docker."""
    [tree] = [view for view in window().findChildren(QtWidgets.QTreeView) if class_name(view) == "NodeView"]
    model = tree.model()
    flag = QtCore.QItemSelectionModel.SelectionFlag
    for row in range(model.rowCount()):
        if model.data(model.index(row, 0)) in names:
            tree.selectionModel().select(model.index(row, 0), flag.Select | flag.Rows)


def state():
    """Everything of the active document that Keycel must change in one step, or not at all."""
    document = krita.activeDocument()
    selection = document.selection()
    view = krita.activeWindow().activeView()
    return {
        "layers": [layer_state(document, node) for node in all_layers(document.rootNode())],
        "undo_steps": undo_steps(),
        "undo": krita.action("edit_undo").text(),
        "playhead": document.currentTime(),
        "active": document.activeNode().name() if document.activeNode() else None,
        "selected": sorted(node.name() for node in view.selectedNodes()),
        "selection": None
        if selection is None
        else [selection.x(), selection.y(), selection.width(), selection.height()],
        "documents": len(krita.documents()),
    }


def layer_state(document, node):
    size = (0, 0, document.width(), document.height())
    times = [time for time in range(document.animationLength()) if node.hasKeyframeAtTime(time)]
    pictures = {time: bytes(node.pixelDataAtTime(*size, time)) for time in times}
    return {
        "name": node.name(),
        "id": node.uniqueId().toString(),
        "type": node.type(),
        "locked": node.locked(),
        "visible": node.visible(),
        "blending": node.blendingMode(),
        "color": [node.colorModel(), node.colorDepth()],
        "still": hashlib.sha256(bytes(node.pixelData(*size))).hexdigest() if not times else None,
        "keyframes": {time: hashlib.sha256(data).hexdigest() for time, data in pictures.items()},
    }


def undo():
    krita.action("edit_undo").trigger()
    yield from settle()
    return state()


def redo():
    krita.action("edit_redo").trigger()
    yield from settle()
    return state()


def save_as(path):
    document = krita.activeDocument()
    document.setBatchmode(True)
    document.saveAs(path)
    yield from settle()
    return document.fileName()


def set_locked(name, locked):
    krita.activeDocument().nodeByName(name).setLocked(locked)
    yield 0.1


def add_document(width, height):
    """A second document in front of the others."""
    document = krita.createDocument(width, height, "Other", "RGBA", "U8", "", 120.0)
    krita.activeWindow().addView(document)
    yield from settle()
    return krita.activeDocument().name()


def layers_of(title):
    """Layers of an open document, top-most first, whether or not it is in front."""
    [document] = [document for document in krita.documents() if title in document.fileName()]
    return layer_names(document)


def undo_steps():
    """Entries of Krita's undo history for the active document."""
    views = [view for view in window().findChildren(QtWidgets.QListView) if class_name(view) == "KisUndoView"]
    return views[0].model().rowCount()


def all_layers(node):
    for child in reversed(node.childNodes()):
        yield child
        yield from all_layers(child)


def layer_names(document):
    return [node.name() for node in all_layers(document.rootNode())]


def window() -> QtWidgets.QMainWindow:
    return krita.activeWindow().qwindow()


def class_name(view):
    return view.metaObject().className()
