"""The models in a list: title and how each is doing."""

from __future__ import annotations

from typing import Any

from keycel_plugin.qt import QtCore, QtWidgets, Signal
from keycel_plugin.slots import guarded_method
from keycel_plugin.state.models import Models
from keycel_plugin.ui.model_words import state_words
from keycel_plugin.words import _
from keycel_shared.model_messages import ModelInfo

TITLE, STATE = range(2)

_Role = QtCore.Qt.ItemDataRole


class ModelTable(QtCore.QAbstractTableModel):
    """Rows stay where they are while work goes on, and so does what is selected."""

    def __init__(self, models: Models, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._models = models
        self._rows: tuple[ModelInfo, ...] = models.models
        models.changed.connect(self._show)

    def name(self, row: int) -> str:
        """Empty for a row that is not there."""
        return self._rows[row].name if 0 <= row < len(self._rows) else ""

    def rowCount(self, parent: QtCore.QModelIndex | None = None) -> int:  # noqa: N802 - Qt's name
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: QtCore.QModelIndex | None = None) -> int:  # noqa: N802 - Qt's name
        return 0 if parent is not None and parent.isValid() else 2

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: QtCore.Qt.Orientation, role: int = _Role.DisplayRole
    ) -> Any:
        if orientation != QtCore.Qt.Orientation.Horizontal or role != _Role.DisplayRole:
            return None
        return (_("Model"), _("State"))[section]

    def data(self, index: QtCore.QModelIndex, role: int = _Role.DisplayRole) -> Any:
        model = self._rows[index.row()]
        state = state_words(model, self._models.work(model.name))
        if role == _Role.DisplayRole:
            return (_(model.title), state)[index.column()]
        if role in (_Role.ToolTipRole, _Role.AccessibleTextRole):
            return f"{_(model.title)}: {state}. {_(model.purpose)}"
        return None

    @guarded_method
    def _show(self) -> None:
        before = [model.name for model in self._rows]
        if before != [model.name for model in self._models.models]:
            self.beginResetModel()
            self._rows = self._models.models
            self.endResetModel()
            return
        self._rows = self._models.models
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, STATE))


class ModelList(QtWidgets.QTreeView):
    chosen_changed = Signal()

    def __init__(self, models: Models, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = ModelTable(models, self)
        self.setModel(self._table)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(_("Models"))
        self.setTextElideMode(QtCore.Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(6 * self.fontMetrics().height())
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Maximum)
        header = self.header()
        if header is not None:
            mode = QtWidgets.QHeaderView.ResizeMode
            header.setStretchLastSection(False)
            header.setSectionResizeMode(TITLE, mode.Stretch)
            header.setSectionResizeMode(STATE, mode.ResizeToContents)
        selection = self.selectionModel()
        if selection is not None:
            selection.currentChanged.connect(self._tell)
        self._table.modelReset.connect(self._choose_first)
        self._choose_first()

    @property
    def chosen(self) -> str:
        """Name of the model; empty for none."""
        return self._table.name(self.currentIndex().row())

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(super().sizeHint().width(), 11 * self.fontMetrics().height())

    @guarded_method
    def _choose_first(self) -> None:
        if not self.chosen and self._table.rowCount():
            self.setCurrentIndex(self._table.index(0, 0))

    @guarded_method
    def _tell(self) -> None:
        self.chosen_changed.emit()
