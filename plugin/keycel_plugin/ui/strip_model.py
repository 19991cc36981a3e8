"""The drawings of the shot as a Qt list model."""

from __future__ import annotations

from typing import Any

from keycel_plugin.qt import QtCore
from keycel_plugin.slots import guarded_method
from keycel_plugin.state.review import Cell, Review
from keycel_plugin.state.thumbnails import Thumbnails
from keycel_plugin.ui.state_words import cell_words

CELL = int(QtCore.Qt.ItemDataRole.UserRole)
THUMBNAIL = CELL + 1
CURRENT = CELL + 2


class StripModel(QtCore.QAbstractListModel):
    """Rows are `review.cells`. Changes that keep the drawings keep rows, selection and scroll position."""

    def __init__(self, review: Review, thumbnails: Thumbnails, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._review = review
        self._thumbnails = thumbnails
        self._cells: tuple[Cell, ...] = tuple(review.cells)
        review.cells_changed.connect(self._show_cells)
        review.current_changed.connect(self._repaint)
        thumbnails.changed.connect(self._repaint_one)
        thumbnails.reset.connect(self._repaint)

    @property
    def times(self) -> tuple[int, ...]:
        return tuple(cell.time for cell in self._cells)

    def row_of(self, time: int) -> int:
        """-1 if there is no such drawing."""
        return next((row for row, cell in enumerate(self._cells) if cell.time == time), -1)

    # ---------------------------------------------------------------------------- Qt's interface

    def rowCount(self, parent: QtCore.QModelIndex | None = None) -> int:  # noqa: N802 - Qt's name
        return 0 if parent is not None and parent.isValid() else len(self._cells)

    def data(self, index: QtCore.QModelIndex, role: int = QtCore.Qt.ItemDataRole.DisplayRole) -> Any:
        cell = self._cells[index.row()]
        if role == CELL:
            return cell
        if role == THUMBNAIL:
            return self._thumbnails.get(cell.time)
        if role == CURRENT:
            return cell.time == self._review.current
        if role == QtCore.Qt.ItemDataRole.DisplayRole:
            return str(cell.time)
        if role in (QtCore.Qt.ItemDataRole.ToolTipRole, QtCore.Qt.ItemDataRole.AccessibleTextRole):
            return cell_words(cell)
        return None

    # ---------------------------------------------------------------------------- following the review

    @guarded_method
    def _show_cells(self) -> None:
        cells = tuple(self._review.cells)
        if [cell.time for cell in cells] == [cell.time for cell in self._cells]:
            self._cells = cells
            self._repaint()
        else:
            self.beginResetModel()
            self._cells = cells
            self.endResetModel()

    @guarded_method
    def _repaint(self) -> None:
        if self._cells:
            self.dataChanged.emit(self.index(0), self.index(len(self._cells) - 1))

    @guarded_method
    def _repaint_one(self, key: object) -> None:
        row = self.row_of(key) if isinstance(key, int) else -1
        if row >= 0:
            self.dataChanged.emit(self.index(row), self.index(row))
