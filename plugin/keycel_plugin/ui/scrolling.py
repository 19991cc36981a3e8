"""Room for content that is higher than the docker."""

from __future__ import annotations

from keycel_plugin.qt import QtCore, QtWidgets


def scrollable(page: QtWidgets.QWidget) -> QtWidgets.QScrollArea:
    """A low docker scrolls its page instead of pushing other dockers away."""
    area = QtWidgets.QScrollArea()
    area.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
    area.setWidget(page)
    return area
