"""How the backend is doing, in a word for the docker."""

from __future__ import annotations

from enum import Enum

from keycel_plugin.qt import QtCore, Signal
from keycel_shared.errors import ErrorValue


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
        self.error: ErrorValue | None = None
        """What is wrong, if it cannot be started."""

    def show(self, link: Link, detail: str = "", error: ErrorValue | None = None) -> None:
        if (link, detail, error) != (self.link, self.detail, self.error):
            self.link, self.detail, self.error = link, detail, error
            self.changed.emit()
