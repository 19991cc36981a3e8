"""The colours of the shot as a Qt table: colour and name, frames, pixels."""

from __future__ import annotations

from typing import Any

from keycel_plugin.qt import QtCore, Signal
from keycel_plugin.slots import guarded_method
from keycel_plugin.state.records import Rgba
from keycel_plugin.state.review import Review, Swatch
from keycel_plugin.ui.swatch import swatch_icon
from keycel_plugin.words import _, plural

NAME, FRAMES, PIXELS = range(3)

_Role = QtCore.Qt.ItemDataRole


class PaletteModel(QtCore.QAbstractTableModel):
    renamed = Signal(object, str)
    """Original colour and its new name."""

    def __init__(self, review: Review, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._review = review
        self._swatches: tuple[Swatch, ...] = tuple(review.palette)
        review.palette_changed.connect(self._show)

    def swatch(self, row: int) -> Swatch | None:
        return self._swatches[row] if 0 <= row < len(self._swatches) else None

    def row_of(self, original: Rgba) -> int:
        """-1 if there is no such colour (any more)."""
        found = (row for row, swatch in enumerate(self._swatches) if swatch.original == original)
        return next(found, -1)

    # ---------------------------------------------------------------------------- Qt's interface

    def rowCount(self, parent: QtCore.QModelIndex | None = None) -> int:  # noqa: N802 - Qt's name
        return 0 if parent is not None and parent.isValid() else len(self._swatches)

    def columnCount(self, parent: QtCore.QModelIndex | None = None) -> int:  # noqa: N802 - Qt's name
        return 0 if parent is not None and parent.isValid() else 3

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: QtCore.Qt.Orientation, role: int = _Role.DisplayRole
    ) -> Any:
        if orientation != QtCore.Qt.Orientation.Horizontal:
            return None
        if role == _Role.DisplayRole:
            return (_("Colour"), _("Frames"), _("Pixels"))[section]
        if role == _Role.ToolTipRole:
            return (
                _("Double-click a name to change it"),
                _("On how many frames the colour is used"),
                _("Pixels on the current frame"),
            )[section]
        return None

    def flags(self, index: QtCore.QModelIndex) -> QtCore.Qt.ItemFlag:
        flags = super().flags(index)
        return flags | QtCore.Qt.ItemFlag.ItemIsEditable if index.column() == NAME else flags

    def data(self, index: QtCore.QModelIndex, role: int = _Role.DisplayRole) -> Any:
        swatch = self._swatches[index.row()]
        if role == _Role.ToolTipRole or role == _Role.AccessibleTextRole:
            return swatch_words(swatch)
        if role == _Role.TextAlignmentRole and index.column() != NAME:
            return int(QtCore.Qt.AlignmentFlag.AlignRight | QtCore.Qt.AlignmentFlag.AlignVCenter)
        if index.column() == NAME:
            if role == _Role.DecorationRole:
                return swatch_icon(swatch.color, swatch.original)
            if role == _Role.DisplayRole:
                return swatch.name or hexadecimal(swatch.color)
            if role == _Role.EditRole:
                return swatch.name
        elif role == _Role.DisplayRole:
            return QtCore.QLocale().toString(swatch.frames if index.column() == FRAMES else swatch.pixels)
        return None

    def setData(  # noqa: N802 - Qt's name
        self, index: QtCore.QModelIndex, value: Any, role: int = _Role.EditRole
    ) -> bool:
        """The new name goes to the record; what is shown changes when it comes back from there."""
        swatch = self.swatch(index.row())
        name = str(value).strip()
        if role != _Role.EditRole or swatch is None or name == swatch.name:
            return False
        self.renamed.emit(swatch.original, name)
        return True

    @guarded_method
    def _show(self) -> None:
        swatches = tuple(self._review.palette)
        if [swatch.original for swatch in swatches] == [swatch.original for swatch in self._swatches]:
            self._swatches = swatches
            if swatches:
                self.dataChanged.emit(self.index(0, NAME), self.index(len(swatches) - 1, PIXELS))
        else:
            self.beginResetModel()
            self._swatches = swatches
            self.endResetModel()


def hexadecimal(color: Rgba) -> str:
    """As colour dialogs write it, “#ffc896”."""
    return "#{:02x}{:02x}{:02x}".format(*color[:3])


def swatch_words(swatch: Swatch) -> str:
    name = f"{swatch.name} ({hexadecimal(swatch.color)})" if swatch.name else hexadecimal(swatch.color)
    lines = [name, plural("On one frame", "On {count} frames", swatch.frames)]
    if swatch.color != swatch.original:
        lines.append(_("Replaces {color} of the keyframes").format(color=hexadecimal(swatch.original)))
    return "\n".join(lines)
