"""What the plugin is doing right now, as the artist should read it."""

from __future__ import annotations

from dataclasses import dataclass

from keycel_plugin.qt import QtCore, QtGui, Signal
from keycel_plugin.words import _
from keycel_shared.errors import ErrorValue


@dataclass(frozen=True)
class ProgressNews:
    """One moment. `done` of `total` steps; a total of 0 means: busy, no measure yet."""

    text: str
    done: int = 0
    total: int = 0
    busy: bool = False
    can_cancel: bool = False
    """False also while the document is being changed: that takes a moment and is one whole."""
    error: ErrorValue | None = None


class Progress(QtCore.QObject):
    """The latest news; whoever shows it listens to `changed`."""

    changed = Signal()
    preview_changed = Signal()

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.news = ProgressNews(_("Choose the two layers, then press Colorize."))
        self.preview: QtGui.QImage | None = None
        """What the engine has so far, a small picture; None for none."""

    def show(self, text: str, done: int = 0, total: int = 0) -> None:
        """Work is going on and leaves the document alone."""
        self._set(ProgressNews(text, done, total, busy=True, can_cancel=True))

    def deliver(self, text: str, done: int = 0, total: int = 0) -> None:
        """The document is being changed."""
        self._set(ProgressNews(text, done, total, busy=True))

    def finish(self, text: str) -> None:
        """Work has ended well, or was cancelled."""
        self._set(ProgressNews(text))

    def fail(self, error: ErrorValue) -> None:
        """Work has ended with an error."""
        self._set(ProgressNews(error.title, error=error))

    def show_preview(self, picture: QtGui.QImage | None) -> None:
        """To look at while work goes on."""
        if picture is not None or self.preview is not None:
            self.preview = picture
            self.preview_changed.emit()

    def _set(self, news: ProgressNews) -> None:
        if not news.can_cancel:  # the work itself is over
            self.show_preview(None)
        if news != self.news:
            self.news = news
            self.changed.emit()
