"""Scrolling over a form must scroll, not change the values that happen to lie under the pointer."""

from __future__ import annotations

from keycel_plugin.qt import QtCore, QtWidgets


class WheelGuard(QtCore.QObject):
    """Lets a widget see the wheel only while it has the keyboard focus."""

    def protect(self, widget: QtWidgets.QWidget) -> None:
        widget.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)  # without the wheel's own focus
        widget.installEventFilter(self)

    def eventFilter(  # noqa: N802 - Qt's name
        self, a0: QtCore.QObject | None, a1: QtCore.QEvent | None
    ) -> bool:
        if (
            a1 is not None
            and a1.type() == QtCore.QEvent.Type.Wheel
            and isinstance(a0, QtWidgets.QWidget)
            and not a0.hasFocus()
        ):
            a1.ignore()
            return True
        return False
