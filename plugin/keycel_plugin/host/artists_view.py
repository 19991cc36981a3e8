"""What the artist has chosen in the window: the active layer, the selected layers and timeline cells.

Adding a layer makes Krita activate it; this puts the artist's choice back. Only possible for
the document of the active view; another document's choice cannot be asked for.
"""

from __future__ import annotations

from keycel_plugin.qt import QtCore, QtWidgets
from keycel_plugin.tasks import pause

from . import api, layers

_SELECT = QtCore.QItemSelectionModel.SelectionFlag
LAYER_VIEW = "NodeView"
TIMELINE_VIEW = "KisAnimTimelineFramesView"


class ArtistsView:
    """A memory of the view, taken before a change and restored after it."""

    def __init__(self, document: api.Document) -> None:
        krita = api.application()
        self._document = document
        self._active: str | None = None
        self._cells: list[tuple[QtWidgets.QAbstractItemView, list[QtCore.QPersistentModelIndex]]] = []
        if krita.activeDocument() != document:
            return
        node = document.activeNode()
        self._active = layers.identity(node) if node is not None else None
        for name in (LAYER_VIEW, TIMELINE_VIEW):
            view = find_view(name)
            selection = view.selectionModel() if view is not None else None
            if view is not None and selection is not None:
                chosen = [QtCore.QPersistentModelIndex(index) for index in selection.selectedIndexes()]
                self._cells.append((view, chosen))

    async def restore(self) -> None:
        """Put everything back, unless the artist has moved on to another document meanwhile."""
        await pause()  # Krita activates a new layer one event after adding it
        if self._active is None or api.application().activeDocument() != self._document:
            return
        node = layers.find(self._document, self._active)
        if node is None:
            return
        self._document.setActiveNode(node)
        await pause()
        for view, chosen in self._cells:
            _select(view, chosen)


def find_view(class_name: str) -> QtWidgets.QAbstractItemView | None:
    """A view of Krita's main window by its C++ class; it exists even while its docker is hidden."""
    window = api.application().activeWindow()
    if window is None:
        return None
    for view in window.qwindow().findChildren(QtWidgets.QAbstractItemView):
        meta = view.metaObject()
        if meta is not None and meta.className() == class_name:
            return view
    return None


def _select(view: QtWidgets.QAbstractItemView, chosen: list[QtCore.QPersistentModelIndex]) -> None:
    selection = view.selectionModel()
    if selection is None:
        return
    wanted = QtCore.QItemSelection()
    for index in chosen:
        if index.isValid():
            place = QtCore.QModelIndex(index)
            wanted.select(place, place)
    if not wanted.isEmpty():
        selection.select(wanted, _SELECT.ClearAndSelect)
