"""Mouse and keyboard as the artist uses them."""

from __future__ import annotations

from PyQt6.QtTest import QTest

from keycel_plugin.qt import QtCore, QtWidgets

Key = QtCore.Qt.Key
Modifier = QtCore.Qt.KeyboardModifier


def click(
    view: QtWidgets.QAbstractItemView, index: QtCore.QModelIndex, modifier: Modifier = Modifier.NoModifier
) -> None:
    """On the middle of an item that is in sight."""
    place = view.visualRect(index).center()
    viewport = view.viewport()
    assert viewport is not None
    assert viewport.rect().contains(place)
    QTest.mouseClick(viewport, QtCore.Qt.MouseButton.LeftButton, modifier, place)


def press(widget: QtWidgets.QWidget, key: Key, modifier: Modifier = Modifier.NoModifier) -> None:
    QTest.keyClick(widget, key, modifier)
