"""Drop-down lists of things that have an identity: layers, engines, scopes."""

from __future__ import annotations

from collections.abc import Sequence

from keycel_plugin.host.ports import LayerInfo
from keycel_plugin.qt import QtCore, QtWidgets, Signal
from keycel_plugin.slots import guarded_method
from keycel_plugin.state.records import Choice
from keycel_plugin.words import _

_INDENT = "    "
_FEWEST_CHARACTERS = 8


class Picker(QtWidgets.QComboBox):
    """`picked` carries the identity of what the artist has chosen."""

    picked = Signal(str)
    opening = Signal()
    """About to show the list: the moment to look for new layers (Krita has no signal for them)."""

    def __init__(self, help: str, placeholder: str = "") -> None:  # noqa: A002
        super().__init__()
        self.setToolTip(help)
        self.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(_FEWEST_CHARACTERS)
        self.setPlaceholderText(placeholder)
        self.activated.connect(self._tell)

    def show_entries(self, entries: Sequence[tuple[str, str]], chosen: str) -> None:
        """Replace the list by (identity, words); nothing is shown as chosen if `chosen` is not in it."""
        present = [(str(self.itemData(row)), self.itemText(row)) for row in range(self.count())]
        blocker = QtCore.QSignalBlocker(self)
        if present != list(entries):
            self.clear()
            for identity, words in entries:
                self.addItem(words, identity)
        self.setCurrentIndex(self.findData(chosen))
        blocker.unblock()

    def minimumSizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        """Neither long names nor the placeholder may keep the docker from being narrow."""
        hint = super().minimumSizeHint()
        return QtCore.QSize(min(hint.width(), 6 * self.fontMetrics().height()), hint.height())

    def showPopup(self) -> None:  # noqa: N802 - Qt's name
        self.opening.emit()
        super().showPopup()

    @guarded_method
    def _tell(self, row: int) -> None:
        self.picked.emit(str(self.itemData(row)))


class LayerPicker(Picker):
    """Layers as Krita's layer docker lists them."""

    def __init__(self, help: str) -> None:  # noqa: A002
        super().__init__(help, _("Choose a layer"))

    def show_layers(self, layers: Sequence[LayerInfo], chosen: str) -> None:
        self.show_entries([(layer.id, _INDENT * layer.depth + layer.name) for layer in layers], chosen)


class OptionalLayerPicker(LayerPicker):
    """The same, or no layer."""

    NONE = ""

    def show_layers(self, layers: Sequence[LayerInfo], chosen: str) -> None:
        entries = [(layer.id, _INDENT * layer.depth + layer.name) for layer in layers]
        self.show_entries([(self.NONE, _("None")), *entries], chosen)


class ResultPicker(Picker):
    """A new layer, or one of those that Keycel has made."""

    NEW = ""
    LATEST = "latest"

    def show_layers(self, layers: Sequence[LayerInfo], choice: Choice) -> None:
        ours = [(layer.id, layer.name) for layer in layers if layer.ours]
        entries = [(self.NEW, _("New layer")), *ours]
        chosen = choice.result_layer if not choice.new_layer else self.NEW
        if ours and not chosen and not choice.new_layer:
            # Nothing was chosen yet; this entry goes away with the first choice.
            entries.insert(0, (self.LATEST, _("Our latest layer, else a new one")))
            chosen = self.LATEST
        self.show_entries(entries, chosen)

    @guarded_method
    def _tell(self, row: int) -> None:
        if self.itemData(row) != self.LATEST:
            self.picked.emit(str(self.itemData(row)))
