"""Regions whose colour is a guess: frame, region, and why."""

from __future__ import annotations

from typing import Any

from keycel_plugin.qt import QtCore, QtWidgets, Signal
from keycel_plugin.slots import guarded_method
from keycel_plugin.state.review import Review, UnsureRegion
from keycel_plugin.ui.swatch import swatch_icon
from keycel_plugin.words import _

FRAME, REGION, WHY = range(3)

_Role = QtCore.Qt.ItemDataRole


class UnsureModel(QtCore.QAbstractTableModel):
    """A long shot has thousands of regions: nothing is made before it comes into sight."""

    def __init__(self, review: Review, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._review = review
        self._regions: tuple[UnsureRegion, ...] = tuple(review.unsure)
        review.unsure_changed.connect(self._show)

    def time(self, row: int) -> int:
        return self._regions[row].time

    def rowCount(self, parent: QtCore.QModelIndex | None = None) -> int:  # noqa: N802 - Qt's name
        return 0 if parent is not None and parent.isValid() else len(self._regions)

    def columnCount(self, parent: QtCore.QModelIndex | None = None) -> int:  # noqa: N802 - Qt's name
        return 0 if parent is not None and parent.isValid() else 3

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: QtCore.Qt.Orientation, role: int = _Role.DisplayRole
    ) -> Any:
        if orientation != QtCore.Qt.Orientation.Horizontal or role != _Role.DisplayRole:
            return None
        return (_("Frame"), _("Region"), _("Why"))[section]

    def data(self, index: QtCore.QModelIndex, role: int = _Role.DisplayRole) -> Any:
        region = self._regions[index.row()]
        if role == _Role.DisplayRole:
            return (_frames(region), str(region.number), _(region.reason))[index.column()]
        if role == _Role.DecorationRole and index.column() == REGION:
            return swatch_icon(region.color)
        if role in (_Role.ToolTipRole, _Role.AccessibleTextRole):
            return _region_words(region)
        return None

    @guarded_method
    def _show(self) -> None:
        self.beginResetModel()
        self._regions = tuple(self._review.unsure)
        self.endResetModel()


class UnsureList(QtWidgets.QTreeView):
    """A click or Enter jumps there."""

    visited = Signal(int)

    def __init__(self, review: Review, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._regions = UnsureModel(review, self)
        self._kept = -1
        self.setModel(self._regions)
        self._set_up()
        self.clicked.connect(self._visit)
        self.activated.connect(self._visit)
        self._regions.modelAboutToBeReset.connect(self._keep_place)
        self._regions.modelReset.connect(self._find_place)

    def _set_up(self) -> None:
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(_("Unsure regions"))
        self.setTextElideMode(QtCore.Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(4 * self.fontMetrics().height())
        header = self.header()
        if header is not None:
            header.setResizeContentsPrecision(0)  # what is in sight, not every row
            for column in (FRAME, REGION):
                header.setSectionResizeMode(column, QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
            header.setStretchLastSection(True)

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(super().sizeHint().width(), 7 * self.fontMetrics().height())

    @guarded_method
    def _visit(self, index: QtCore.QModelIndex) -> None:
        self.visited.emit(self._regions.time(index.row()))

    @guarded_method
    def _keep_place(self) -> None:
        self._kept = self.currentIndex().row()

    @guarded_method
    def _find_place(self) -> None:
        """Going through the list from top to bottom, the next region moves up as one is mended."""
        if 0 <= self._kept < self._regions.rowCount():
            self.setCurrentIndex(self._regions.index(self._kept, 0))


def _frames(region: UnsureRegion) -> str:
    """Where it is seen: one frame, or the first and the last."""
    return f"{region.time}\N{EN DASH}{region.also[-1]}" if region.also else str(region.time)


def _region_words(region: UnsureRegion) -> str:
    return _("Frame {frame}, region {region}: {why} ({percent} % sure)").format(
        frame=", ".join(str(time) for time in (region.time, *region.also)),
        region=region.number,
        why=_(region.reason),
        percent=round(100 * region.confidence),
    )
