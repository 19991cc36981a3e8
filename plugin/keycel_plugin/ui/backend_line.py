"""How the backend is doing: a dot and words."""

from __future__ import annotations

from keycel_plugin.qt import QtCore, QtWidgets
from keycel_plugin.slots import guarded_method
from keycel_plugin.state.backend_status import BackendStatus, Link
from keycel_plugin.ui.tints import Tint, tint_on
from keycel_plugin.words import _

_TINTS = {
    Link.OFF: Tint.NEUTRAL,
    Link.STARTING: Tint.ATTENTION,
    Link.READY: Tint.GOOD,
    Link.LOST: Tint.ATTENTION,
    Link.MISSING: Tint.BAD,
}
_DOTS = {Link.OFF: "○", Link.STARTING: "◐", Link.READY: "●", Link.LOST: "◐", Link.MISSING: "✕"}


class BackendLine(QtWidgets.QWidget):
    """One line that never asks for more width than it gets."""

    def __init__(self, status: BackendStatus, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._status = status
        self._dot = QtWidgets.QLabel()
        self.label = QtWidgets.QLabel()
        self.label.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        self.label.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._dot)
        row.addWidget(self.label, 1)
        status.changed.connect(self._show)
        self._show()

    def changeEvent(self, a0: QtCore.QEvent | None) -> None:  # noqa: N802 - Qt's name
        super().changeEvent(a0)
        if a0 is not None and a0.type() == QtCore.QEvent.Type.PaletteChange:
            self._show()

    @guarded_method
    def _show(self) -> None:
        link = self._status.link
        color = tint_on(self.palette(), _TINTS[link]).name()
        self._dot.setText(f'<span style="color:{color}">{_DOTS[link]}</span>')
        self.label.setText(_words(link))
        self.label.setToolTip(self._status.detail)


def _words(link: Link) -> str:
    return {
        Link.OFF: _("Backend not running; it starts by itself when needed"),
        Link.STARTING: _("Backend is starting"),
        Link.READY: _("Backend ready"),
        Link.LOST: _("Connection to the backend lost; trying again"),
        Link.MISSING: _("Backend cannot be started"),
    }[link]
