"""The frame strip: one cell per drawing, in rows that fill the docker's width."""

from __future__ import annotations

from keycel_plugin.qt import QtCore, QtGui, QtWidgets, Signal
from keycel_plugin.slots import guarded_method
from keycel_plugin.state.model import Model
from keycel_plugin.ui.strip_delegate import StripDelegate, cell_size
from keycel_plugin.ui.strip_model import StripModel
from keycel_plugin.words import _

_WANTED_CELL_WIDTH = 74
_ROWS_AT_LEAST = 1.6

_Flag = QtCore.QItemSelectionModel.SelectionFlag


class FrameStrip(QtWidgets.QListView):
    """Follows `model.review`; tells what the artist picks."""

    visited = Signal(int)
    """The artist wants the playhead at this time."""
    picked = Signal(object)
    """Times (a tuple of int) of the cells that the artist has selected."""

    def __init__(self, model: Model, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._review = model.review
        self._cells = StripModel(model.review, model.thumbnails, self)
        self._delegate = StripDelegate(self)
        self._following = False
        self._set_up()
        self.setModel(self._cells)
        self.setItemDelegate(self._delegate)
        self._connect()
        self._show_selection()
        self._show_current()

    def _set_up(self) -> None:
        # Not the icon mode: there Shift selects a rectangle of the screen instead of a range of frames.
        self.setViewMode(QtWidgets.QListView.ViewMode.ListMode)
        self.setFlow(QtWidgets.QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setMovement(QtWidgets.QListView.Movement.Static)
        self.setResizeMode(QtWidgets.QListView.ResizeMode.Adjust)
        self.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QtWidgets.QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(_("Frames of the shot"))
        self.setMinimumHeight(round(_ROWS_AT_LEAST * self._cell_size().height()))

    def _connect(self) -> None:
        self._review.selection_changed.connect(self._show_selection)
        self._review.current_changed.connect(self._show_current)
        self._cells.modelReset.connect(self._show_selection)
        self._cells.modelReset.connect(self._show_current)
        self.clicked.connect(self._visit_selected)
        self.activated.connect(self._visit)
        self._selection().selectionChanged.connect(self._tell_selection)

    # ---------------------------------------------------------------------------- the artist's doing

    def keyPressEvent(self, e: QtGui.QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Arrow keys take the playhead along, as in the timeline."""
        before = self.currentIndex().row()
        super().keyPressEvent(e)
        if self.currentIndex().row() != before:
            self._visit_selected(self.currentIndex())

    @guarded_method
    def _visit_selected(self, index: QtCore.QModelIndex) -> None:
        """Taking a cell out of the selection is no wish to go there."""
        if self._selection().isSelected(index):
            self._visit(index)

    @guarded_method
    def _visit(self, index: QtCore.QModelIndex) -> None:
        if index.isValid():
            self.visited.emit(self._cells.times[index.row()])

    @guarded_method
    def _tell_selection(self) -> None:
        if not self._following:
            times = self._cells.times
            self.picked.emit(tuple(sorted(times[index.row()] for index in self.selectedIndexes())))

    # ---------------------------------------------------------------------------- following the review

    @guarded_method
    def _show_selection(self) -> None:
        selection = QtCore.QItemSelection()
        for time in self._review.selected:
            index = self._cells.index(self._cells.row_of(time))
            selection.select(index, index)
        self._following = True
        self._selection().select(selection, _Flag.ClearAndSelect)
        self._following = False

    @guarded_method
    def _show_current(self) -> None:
        row = self._cells.row_of(self._review.current)
        if row >= 0:
            self._selection().setCurrentIndex(self._cells.index(row), _Flag.NoUpdate)
            self.scrollTo(self._cells.index(row))

    def _selection(self) -> QtCore.QItemSelectionModel:
        selection = self.selectionModel()
        if selection is None:
            raise RuntimeError("the strip has no model yet")
        return selection

    # ---------------------------------------------------------------------------- size of the cells

    def resizeEvent(self, e: QtGui.QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        self._delegate.cell_size = self._cell_size()
        self.setGridSize(self._delegate.cell_size)
        super().resizeEvent(e)

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        cell = self._cell_size()
        return QtCore.QSize(3 * _WANTED_CELL_WIDTH, 3 * cell.height())

    def _cell_size(self) -> QtCore.QSize:
        viewport = self.viewport()
        # One pixel less: a row that exactly fills the width is wrapped by Qt 5.
        width = (viewport.width() if viewport else self.width()) - 1
        columns = max(1, width // _WANTED_CELL_WIDTH)
        cell = max(_WANTED_CELL_WIDTH, width // columns) if width > 0 else _WANTED_CELL_WIDTH
        return cell_size(cell, self.fontMetrics())
