"""Paints one cell of the frame strip.

lock       unsure count
      thumbnail
keyframe     take count
state  frame number  exposure
"""

from __future__ import annotations

from keycel_plugin.qt import QtCore, QtGui, QtWidgets
from keycel_plugin.state.review import Cell
from keycel_plugin.ui import marks
from keycel_plugin.ui.paper import draw_on_paper
from keycel_plugin.ui.state_words import TINTS
from keycel_plugin.ui.strip_model import CELL, CURRENT, THUMBNAIL
from keycel_plugin.ui.tints import Tint, tint_on

_MARGIN = 3
_RADIUS = 3
_FRAME_WIDTH = 2
_BAR_HEIGHT = 3
_THUMBNAIL_SHAPE = 0.62
"""Height of the thumbnail by its width: between 16:9 and 4:3."""

_Role = QtGui.QPalette.ColorRole


def cell_size(width: int, metrics: QtGui.QFontMetrics) -> QtCore.QSize:
    """Size of a cell that is `width` wide."""
    picture = round((width - 2 * _MARGIN) * _THUMBNAIL_SHAPE)
    return QtCore.QSize(width, picture + _BAR_HEIGHT + metrics.height() + 2 * _MARGIN + 1)


class StripDelegate(QtWidgets.QStyledItemDelegate):
    """Paints all cells in the same size, which the strip decides."""

    def __init__(self, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self.cell_size = QtCore.QSize()

    def sizeHint(  # noqa: N802 - Qt's name
        self,
        option: QtWidgets.QStyleOptionViewItem,  # noqa: ARG002
        index: QtCore.QModelIndex,  # noqa: ARG002
    ) -> QtCore.QSize:
        return self.cell_size

    def paint(
        self,
        painter: QtGui.QPainter | None,
        option: QtWidgets.QStyleOptionViewItem,
        index: QtCore.QModelIndex,
    ) -> None:
        cell = index.data(CELL)
        if painter is None or not isinstance(cell, Cell):
            return
        painter.save()
        _paint_background(painter, option)
        box = option.rect.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        text_height = option.fontMetrics.height()
        picture = box.adjusted(0, 0, 0, -text_height - _BAR_HEIGHT)
        caption = QtCore.QRect(box.left(), box.bottom() - text_height + 1, box.width(), text_height)
        draw_on_paper(painter, picture, index.data(THUMBNAIL), option.palette)
        _paint_marks(painter, picture, cell, option)
        _paint_state(painter, picture, caption, cell, option)
        if index.data(CURRENT):
            _paint_frame(painter, option.rect, option.palette.color(_Role.Text))
        painter.restore()


def _paint_background(painter: QtGui.QPainter, option: QtWidgets.QStyleOptionViewItem) -> None:
    state = option.state
    if state & QtWidgets.QStyle.StateFlag.State_Selected:
        painter.fillRect(option.rect, option.palette.color(_Role.Highlight))
    if state & QtWidgets.QStyle.StateFlag.State_HasFocus:
        painter.setPen(QtGui.QPen(option.palette.color(_Role.Highlight), 1, QtCore.Qt.PenStyle.DashLine))
        painter.drawRect(option.rect.adjusted(0, 0, -1, -1))


def _paint_frame(painter: QtGui.QPainter, rect: QtCore.QRect, color: QtGui.QColor) -> None:
    painter.setPen(QtGui.QPen(color, _FRAME_WIDTH))
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    painter.drawRect(rect.adjusted(1, 1, -1, -1))


def _paint_state(
    painter: QtGui.QPainter,
    picture: QtCore.QRect,
    caption: QtCore.QRect,
    cell: Cell,
    option: QtWidgets.QStyleOptionViewItem,
) -> None:
    """Bar, mark, number and exposure beneath the picture."""
    selected = bool(option.state & QtWidgets.QStyle.StateFlag.State_Selected)
    color = tint_on(option.palette, TINTS[cell.state])
    painter.fillRect(picture.left(), picture.bottom() + 1, picture.width(), _BAR_HEIGHT, color)
    text = option.palette.color(_Role.HighlightedText if selected else _Role.Text)
    size = caption.height() * 0.62
    mark = QtCore.QRectF(caption.left() + 1, caption.center().y() - size / 2 + 1, size, size)
    marks.draw_state(painter, mark, cell.state, text if selected else color)
    words = caption.adjusted(round(size) + 5, 0, 0, 0)
    painter.setPen(text)
    painter.drawText(words, int(_left_middle()), str(cell.time))
    held = cell.end - cell.time
    if held > 1:
        painter.setOpacity(0.7)
        painter.drawText(words, int(_right_middle()), f"\N{MULTIPLICATION SIGN}{held}")
        painter.setOpacity(1)


def _paint_marks(
    painter: QtGui.QPainter, picture: QtCore.QRect, cell: Cell, option: QtWidgets.QStyleOptionViewItem
) -> None:
    """Marks in the corners of the picture, each on a small plate so that any drawing lets it be read."""
    plates = _Plates(painter, option)
    if cell.locked:
        plates.symbol(picture.topLeft(), marks.draw_lock)
    if cell.keyframe:
        plates.symbol(picture.bottomLeft() - QtCore.QPoint(0, plates.height - 1), marks.draw_keyframe)
    if cell.unsure:
        plates.count(picture.topRight(), "?", cell.unsure, Tint.ATTENTION)
    if cell.takes > 1:
        corner = picture.bottomRight() - QtCore.QPoint(0, plates.height - 1)
        plates.count(corner, "", cell.takes, None)


class _Plates:
    """Small rounded plates in the theme's colours."""

    def __init__(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionViewItem) -> None:
        self._painter = painter
        self._palette = option.palette
        font = QtGui.QFont(option.font)
        if font.pointSizeF() > 0:
            font.setPointSizeF(font.pointSizeF() * 0.85)
        self._font = font
        self._metrics = QtGui.QFontMetrics(font)
        self.height = self._metrics.height()

    def symbol(self, corner: QtCore.QPoint, draw: marks.Draw) -> None:
        """A mark whose plate begins at `corner`, its left upper one."""
        plate = QtCore.QRect(corner.x(), corner.y(), self.height, self.height)
        self._plate(plate, self._palette.color(_Role.Base))
        inset = self.height * 0.22
        inner = QtCore.QRectF(plate).adjusted(inset, inset, -inset, -inset)
        draw(self._painter, inner, self._palette.color(_Role.Text))

    def count(self, corner: QtCore.QPoint, sign: str, count: int, tint: Tint | None) -> None:
        """A number whose plate ends at `corner`, its right upper one; without a sign it counts takes."""
        words = f"{count}{sign}"
        space = 0 if sign else round(self.height * 0.6)
        width = self._metrics.horizontalAdvance(words) + space + 6
        plate = QtCore.QRect(corner.x() - width + 1, corner.y(), width, self.height)
        fill = tint_on(self._palette, tint) if tint else self._palette.color(_Role.Base)
        text = self._palette.color(_Role.Base if tint else _Role.Text)
        self._plate(plate, fill)
        if space:
            side = self.height * 0.5
            top = plate.center().y() - side / 2 + 0.5
            marks.draw_takes(self._painter, QtCore.QRectF(plate.left() + 3, top, side, side), text)
        self._painter.save()
        self._painter.setFont(self._font)
        self._painter.setPen(text)
        self._painter.drawText(plate.adjusted(0, 0, -3, 0), int(_right_middle()), words)
        self._painter.restore()

    def _plate(self, rect: QtCore.QRect, fill: QtGui.QColor) -> None:
        self._painter.save()
        self._painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        self._painter.setPen(QtCore.Qt.PenStyle.NoPen)
        self._painter.setBrush(fill)
        self._painter.drawRoundedRect(rect, _RADIUS, _RADIUS)
        self._painter.restore()


def _left_middle() -> QtCore.Qt.AlignmentFlag:
    return QtCore.Qt.AlignmentFlag.AlignLeft | QtCore.Qt.AlignmentFlag.AlignVCenter


def _right_middle() -> QtCore.Qt.AlignmentFlag:
    return QtCore.Qt.AlignmentFlag.AlignRight | QtCore.Qt.AlignmentFlag.AlignVCenter
