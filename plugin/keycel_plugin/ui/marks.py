"""The small marks in the frame strip. Each has a shape of its own: no meaning hangs on colour alone."""

from __future__ import annotations

from collections.abc import Callable

from keycel_plugin.qt import QtCore, QtGui
from keycel_shared.states import FrameState

Painter = QtGui.QPainter
Box = QtCore.QRectF
Draw = Callable[[Painter, Box, QtGui.QColor], None]


def draw_state(painter: Painter, box: Box, state: FrameState, color: QtGui.QColor) -> None:
    """Ring: empty; dot: proposed; tick: accepted; pencil stroke: edited; triangle: stale; cross: failed."""
    painter.save()
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setPen(_pen(color, box.width() / 5))
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    _STATE_SHAPES[state](painter, box, color)
    painter.restore()


def draw_lock(painter: Painter, box: Box, color: QtGui.QColor) -> None:
    """A padlock."""
    painter.save()
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setPen(_pen(color, box.width() / 6))
    side = box.width()
    shackle = Box(box.left() + side * 0.26, box.top() + side * 0.08, side * 0.48, side * 0.7)
    painter.drawArc(shackle, 0, 180 * 16)
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.setBrush(color)
    body = Box(box.left() + side * 0.1, box.top() + side * 0.43, side * 0.8, side * 0.54)
    painter.drawRoundedRect(body, side * 0.1, side * 0.1)
    painter.restore()


def draw_keyframe(painter: Painter, box: Box, color: QtGui.QColor) -> None:
    """A diamond, as animation programs mark keyframes."""
    painter.save()
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.setBrush(color)
    center = box.center()
    corners = [
        QtCore.QPointF(center.x(), box.top()),
        QtCore.QPointF(box.right(), center.y()),
        QtCore.QPointF(center.x(), box.bottom()),
        QtCore.QPointF(box.left(), center.y()),
    ]
    painter.drawPolygon(QtGui.QPolygonF(corners))
    painter.restore()


def draw_takes(painter: Painter, box: Box, color: QtGui.QColor) -> None:
    """Two sheets lying on each other."""
    painter.save()
    painter.setPen(_pen(color, 1))
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    side = box.width() * 0.62
    painter.drawRect(Box(box.right() - side, box.top(), side, side))
    painter.drawRect(Box(box.left(), box.bottom() - side, side, side))
    painter.restore()


def _pen(color: QtGui.QColor, width: float) -> QtGui.QPen:
    round_cap = QtCore.Qt.PenCapStyle.RoundCap
    round_join = QtCore.Qt.PenJoinStyle.RoundJoin
    return QtGui.QPen(QtGui.QBrush(color), width, QtCore.Qt.PenStyle.SolidLine, round_cap, round_join)


def _at(box: Box, x: float, y: float) -> QtCore.QPointF:
    return QtCore.QPointF(box.left() + x * box.width(), box.top() + y * box.height())


def _ring(painter: Painter, box: Box, _color: QtGui.QColor) -> None:
    margin = box.width() * 0.2
    painter.drawEllipse(box.adjusted(margin, margin, -margin, -margin))


def _dot(painter: Painter, box: Box, color: QtGui.QColor) -> None:
    painter.setBrush(color)
    _ring(painter, box, color)


def _tick(painter: Painter, box: Box, _color: QtGui.QColor) -> None:
    painter.drawPolyline(QtGui.QPolygonF([_at(box, 0.1, 0.55), _at(box, 0.4, 0.85), _at(box, 0.9, 0.18)]))


def _pencil(painter: Painter, box: Box, color: QtGui.QColor) -> None:
    painter.drawLine(_at(box, 0.35, 0.65), _at(box, 0.85, 0.15))
    painter.setBrush(color)
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.drawPolygon(QtGui.QPolygonF([_at(box, 0.05, 0.95), _at(box, 0.18, 0.55), _at(box, 0.45, 0.82)]))


def _triangle(painter: Painter, box: Box, _color: QtGui.QColor) -> None:
    painter.drawPolygon(QtGui.QPolygonF([_at(box, 0.5, 0.12), _at(box, 0.94, 0.88), _at(box, 0.06, 0.88)]))


def _cross(painter: Painter, box: Box, _color: QtGui.QColor) -> None:
    painter.drawLine(_at(box, 0.15, 0.15), _at(box, 0.85, 0.85))
    painter.drawLine(_at(box, 0.85, 0.15), _at(box, 0.15, 0.85))


_STATE_SHAPES: dict[FrameState, Draw] = {
    FrameState.EMPTY: _ring,
    FrameState.PROPOSED: _dot,
    FrameState.ACCEPTED: _tick,
    FrameState.EDITED: _pencil,
    FrameState.STALE: _triangle,
    FrameState.FAILED: _cross,
}
