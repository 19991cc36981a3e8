"""How the backend is doing, in a word for the docker."""

from __future__ import annotations

from enum import Enum

from keycel_plugin.qt import QtCore, Signal


class Link(str, Enum):
    OFF = "off"
    """Not needed yet, or left."""
    STARTING = "starting"
    READY = "ready"
    LOST = "lost"
    """The connection broke; it is being renewed if a job needs it."""
    MISSING = "missing"
    """Cannot be started; see the error of the last job."""


class BackendStatus(QtCore.QObject):
    changed = Signal()

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.link = Link.OFF
        self.detail = ""
        """Version of the backend, or what is wrong."""

    def show(self, link: Link, detail: str = "") -> None:
        if (link, detail) != (self.link, self.detail):
            self.link, self.detail = link, detail
            self.changed.emit()
