"""Regions whose colour is a guess: frame, region, and why."""

from __future__ import annotations

from keycel_plugin.qt import QtCore, QtWidgets, Signal
from keycel_plugin.slots import guarded_method
from keycel_plugin.state.review import Review, UnsureRegion
from keycel_plugin.ui.swatch import swatch_icon
from keycel_plugin.words import _

_TIME = int(QtCore.Qt.ItemDataRole.UserRole)


class UnsureList(QtWidgets.QTreeWidget):
    """A click or Enter jumps there."""

    visited = Signal(int)

    def __init__(self, review: Review, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self.setColumnCount(3)
        self.setHeaderLabels([_("Frame"), _("Region"), _("Why")])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(_("Unsure regions"))
        self.setTextElideMode(QtCore.Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.header()
        if header is not None:
            for column in (0, 1):
                header.setSectionResizeMode(column, QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
            header.setStretchLastSection(True)
        self.setMinimumHeight(4 * self.fontMetrics().height())
        self.itemClicked.connect(self._visit)
        self.itemActivated.connect(self._visit)
        review.unsure_changed.connect(self._show)
        self._show()

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(super().sizeHint().width(), 7 * self.fontMetrics().height())

    @guarded_method
    def _visit(self, item: QtWidgets.QTreeWidgetItem) -> None:
        self.visited.emit(int(item.data(0, _TIME)))

    @guarded_method
    def _show(self) -> None:
        kept = self.currentIndex().row()
        self.clear()
        for region in self._review.unsure:
            self.addTopLevelItem(_row(region))
        if 0 <= kept < self.topLevelItemCount():
            self.setCurrentItem(self.topLevelItem(kept))


def _row(region: UnsureRegion) -> QtWidgets.QTreeWidgetItem:
    why = _(region.reason)
    item = QtWidgets.QTreeWidgetItem([str(region.time), str(region.number), why])
    item.setIcon(1, swatch_icon(region.color))
    item.setData(0, _TIME, region.time)
    words = _("Frame {frame}, region {region}: {why} ({percent} % sure)").format(
        frame=region.time, region=region.number, why=why, percent=round(100 * region.confidence)
    )
    for column in range(3):
        item.setToolTip(column, words)
    item.setData(0, QtCore.Qt.ItemDataRole.AccessibleTextRole, words)
    return item
