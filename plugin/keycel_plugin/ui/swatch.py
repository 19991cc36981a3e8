"""A colour as an icon."""

from __future__ import annotations

from keycel_plugin.qt import QtCore, QtGui
from keycel_plugin.state.records import Rgba

_SIDE = 32
_BORDER = QtGui.QColor(128, 128, 128)
_CHECK = QtGui.QColor(190, 190, 190)


def swatch_icon(color: Rgba, was: Rgba | None = None) -> QtGui.QIcon:
    """A square of `color`; the lower right corner shows `was`, if that is another colour."""
    pixmap = QtGui.QPixmap(_SIDE, _SIDE)
    pixmap.fill(QtGui.QColor(255, 255, 255))
    painter = QtGui.QPainter(pixmap)
    if color[3] < 255:
        half = _SIDE // 2
        painter.fillRect(0, 0, half, half, _CHECK)
        painter.fillRect(half, half, half, half, _CHECK)
    painter.fillRect(pixmap.rect(), QtGui.QColor(*color))
    if was is not None and was != color:
        corner = QtGui.QPolygon(
            [QtCore.QPoint(_SIDE, 0), QtCore.QPoint(_SIDE, _SIDE), QtCore.QPoint(0, _SIDE)]
        )
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(QtGui.QColor(*was))
        painter.drawPolygon(corner)
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    painter.setPen(QtGui.QPen(_BORDER, 2))
    painter.drawRect(pixmap.rect().adjusted(1, 1, -1, -1))
    painter.end()
    return QtGui.QIcon(pixmap)
