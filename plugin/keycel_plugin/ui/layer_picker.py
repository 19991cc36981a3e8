"""A drop-down list of the document's layers."""

from __future__ import annotations

from collections.abc import Sequence

from keycel_plugin.host.ports import LayerInfo
from keycel_plugin.qt import QtCore, QtWidgets, Signal

_INDENT = "    "


class LayerPicker(QtWidgets.QComboBox):
    """Shows layers as Krita's layer docker lists them; `picked` carries the id of the chosen one."""

    picked = Signal(str)
    opening = Signal()
    """About to show the list: the moment to look for new layers (Krita has no signal for them)."""

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setPlaceholderText("Choose a layer")
        self.activated.connect(self._picked)

    def show_layers(self, layers: Sequence[LayerInfo], chosen: str) -> None:
        """Replace the list; nothing is shown as chosen if `chosen` is not in it."""
        blocker = QtCore.QSignalBlocker(self)
        self.clear()
        for layer in layers:
            self.addItem(_INDENT * layer.depth + layer.name, layer.id)
        self.setCurrentIndex(self.findData(chosen))
        blocker.unblock()

    def showPopup(self) -> None:  # noqa: N802 - Qt's name
        self.opening.emit()
        super().showPopup()

    def _picked(self, index: int) -> None:
        self.picked.emit(str(self.itemData(index)))
