"""Thumbnails on white paper: line art is dark and transparent, themes may be dark too."""

from __future__ import annotations

from keycel_plugin.qt import QtCore, QtGui
from keycel_plugin.ui.tints import Tint, tint_on

PAPER = QtGui.QColor(255, 255, 255)


def draw_on_paper(
    painter: QtGui.QPainter,
    place: QtCore.QRect,
    picture: QtGui.QImage | None,
    palette: QtGui.QPalette,
) -> None:
    """`picture` as large as it fits into the middle of `place`; an empty frame while there is none."""
    if picture is None or picture.isNull():
        painter.setPen(tint_on(palette, Tint.NEUTRAL))
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
        painter.drawRect(place.adjusted(0, 0, -1, -1))
        return
    size = picture.size().scaled(place.size(), QtCore.Qt.AspectRatioMode.KeepAspectRatio)
    sheet = QtCore.QRect(QtCore.QPoint(0, 0), size)
    sheet.moveCenter(place.center())
    painter.save()
    painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
    painter.fillRect(sheet, PAPER)
    painter.drawImage(sheet, picture)
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    painter.setPen(tint_on(palette, Tint.NEUTRAL))  # the edge of the sheet, where the list is white too
    painter.drawRect(sheet.adjusted(0, 0, -1, -1))
    painter.restore()


def sheet_with(
    picture: QtGui.QImage | None, size: QtCore.QSize, palette: QtGui.QPalette, sharpness: float
) -> QtGui.QPixmap:
    """The same as a pixmap of `size`; `sharpness` is the device pixel ratio of the screen."""
    pixmap = QtGui.QPixmap(size * sharpness)
    pixmap.setDevicePixelRatio(sharpness)
    pixmap.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(pixmap)
    draw_on_paper(painter, QtCore.QRect(QtCore.QPoint(0, 0), size), picture, palette)
    painter.end()
    return pixmap
