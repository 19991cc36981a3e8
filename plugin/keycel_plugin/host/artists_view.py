"""What the artist has chosen in the window: the active layer, the selected layers and timeline cells.

Adding a layer makes Krita activate it; `ArtistsView` puts the artist's choice back. Only possible for
the document of the active view; another document's choice cannot be asked for.
"""

from __future__ import annotations

from keycel_plugin.qt import QtCore, QtWidgets
from keycel_plugin.tasks import pause

from . import api, layers

_SELECT = QtCore.QItemSelectionModel.SelectionFlag
LAYER_VIEW = "NodeView"
TIMELINE_VIEW = "KisAnimTimelineFramesView"

_views: dict[str, QtWidgets.QAbstractItemView] = {}
"""Views found before: looking through all widgets of Krita's window takes 40 ms."""


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


def selected_columns() -> tuple[int, ...]:
    """Frame numbers of the cells selected in the timeline, which shows the active document; ascending."""
    selection = _timeline_selection()
    if selection is None:
        return ()
    columns: set[int] = set()
    for chosen in selection.selection():
        columns.update(range(chosen.left(), chosen.right() + 1))
    return tuple(sorted(columns))


def click_column(time: int) -> None:
    """Select the cell at `time` in the timeline's present row, and nothing else.

    Krita moves the playhead after it; moving the playhead alone would leave other cells selected.
    """
    selection = _timeline_selection()
    if selection is None:
        return
    index = selection.currentIndex().siblingAtColumn(time)
    if index.isValid():
        selection.setCurrentIndex(index, _SELECT.ClearAndSelect)


def find_view(class_name: str) -> QtWidgets.QAbstractItemView | None:
    """A view of Krita's active window by its C++ class; it exists even while its docker is hidden."""
    window = api.application().activeWindow()
    if window is None:
        return None
    main_window = window.qwindow()
    known = _views.get(class_name)
    if known is not None and _is_part(known, main_window):
        return known
    for view in main_window.findChildren(QtWidgets.QAbstractItemView):
        meta = view.metaObject()
        if meta is not None and meta.className() == class_name:
            _views[class_name] = view
            return view
    return None


def _is_part(view: QtWidgets.QAbstractItemView, window: QtWidgets.QMainWindow) -> bool:
    try:
        part = view.parentWidget()
    except RuntimeError:  # Krita has deleted it
        return False
    while part is not None and part != window:
        part = part.parentWidget()
    return part is not None


def _timeline_selection() -> QtCore.QItemSelectionModel | None:
    view = find_view(TIMELINE_VIEW)
    return view.selectionModel() if view is not None else None


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
