"""Buttons with icons of Krita's theme, and buttons that fit into a narrow docker."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keycel_plugin.qt import QtCore, QtGui, QtWidgets

Icons = Callable[[str], QtGui.QIcon]
"""From the name of an icon to the icon of the present theme; a null icon if there is none."""


_ICON_SIDE = 16


class IconButton(QtWidgets.QToolButton):
    """Shows the first icon of `names` that the theme has, else a `symbol`; `help` becomes its tooltip."""

    def __init__(
        self,
        icons: Icons,
        names: Sequence[str],
        symbol: str,
        name: str,
        help: str,  # noqa: A002
    ) -> None:
        super().__init__()
        self._icons = icons
        self._names = tuple(names)
        self.setText(symbol)
        self.setToolTip(help)
        self.setAccessibleName(name)
        self.setAutoRaise(True)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Fixed)
        self._show_icon()

    def changeEvent(self, a0: QtCore.QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Krita has icons for dark and for light themes; the artist may change the theme at any time."""
        super().changeEvent(a0)
        if a0 is not None and a0.type() == QtCore.QEvent.Type.PaletteChange:
            self._show_icon()

    def _show_icon(self) -> None:
        icons = (self._icons(name) for name in self._names)
        icon = next((icon for icon in icons if _can_be_seen(icon)), QtGui.QIcon())
        self.setIcon(icon)
        style = QtCore.Qt.ToolButtonStyle
        self.setToolButtonStyle(style.ToolButtonTextOnly if icon.isNull() else style.ToolButtonIconOnly)


def _can_be_seen(icon: QtGui.QIcon) -> bool:
    """Without Qt's SVG plugin (an extra package on some systems) Krita has icons that show nothing."""
    return not icon.isNull() and not icon.pixmap(_ICON_SIDE, _ICON_SIDE).isNull()


class SnugButton(QtWidgets.QPushButton):
    """A push button that a narrow docker may squeeze; what does not fit is elided and in the tooltip."""

    def __init__(self, text: str = "", help: str = "") -> None:  # noqa: A002
        super().__init__()
        self._help = help
        self._words = ""
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Fixed)
        self.set_words(text)

    def set_words(self, text: str) -> None:
        self._words = text
        self.setAccessibleName(text)
        self.setToolTip(self._help or text)
        self._fit()
        self.updateGeometry()

    def words(self) -> str:
        return self._words

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        hint = super().sizeHint()
        shown = self.fontMetrics().horizontalAdvance(self.text())
        return QtCore.QSize(hint.width() - shown + self._width_of_words(), hint.height())

    def minimumSizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(3 * self.fontMetrics().height(), super().minimumSizeHint().height())

    def resizeEvent(self, a0: QtGui.QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(a0)
        self._fit()

    def _fit(self) -> None:
        frame = 2 * self.fontMetrics().averageCharWidth()
        room = self.width() - frame
        elide = QtCore.Qt.TextElideMode.ElideRight
        text = self.fontMetrics().elidedText(self._words, elide, room)
        if text != self.text():
            self.setText(text)

    def _width_of_words(self) -> int:
        return self.fontMetrics().horizontalAdvance(self._words)
