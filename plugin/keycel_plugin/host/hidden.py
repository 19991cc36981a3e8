"""Documents that Krita holds open without a view: scratch space that never touches the artist's own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from keycel_plugin.qt import QtCore, QtWidgets
from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, KeycelError

from . import api


@contextlib.contextmanager
def no_dialogs() -> Iterator[None]:
    """Krita's warnings would be modal windows; here they are left out."""
    krita = api.application()
    before = krita.batchmode()
    krita.setBatchmode(True)
    try:
        yield
    finally:
        krita.setBatchmode(before)


class _ClosingWaits(QtCore.QObject):
    """Lets the main windows close only afterwards.

    Krita handles events while it opens a document, for its progress bar. If one of them closes the window
    with that bar, Krita 6.0.4 crashes (KoProgressUpdater::update).
    """

    def __init__(self) -> None:
        super().__init__()
        widgets = QtWidgets.QApplication.topLevelWidgets()
        self._windows = [widget for widget in widgets if isinstance(widget, QtWidgets.QMainWindow)]
        self._asked: list[QtWidgets.QMainWindow] = []

    def __enter__(self) -> None:
        for window in self._windows:
            window.installEventFilter(self)

    def __exit__(self, *_: object) -> None:
        for window in self._windows:
            window.removeEventFilter(self)
        for window in self._asked:
            QtCore.QTimer.singleShot(0, window.close)

    def eventFilter(self, a0: QtCore.QObject | None, a1: QtCore.QEvent | None) -> bool:  # noqa: N802
        if a1 is None or a1.type() != QtCore.QEvent.Type.Close:
            return False
        a1.ignore()
        if isinstance(a0, QtWidgets.QMainWindow) and a0 not in self._asked:
            self._asked.append(a0)
        return True


def open_hidden(path: Path) -> api.Document:
    """Open a file of ours without a view.

    Raises:
        KeycelError: OUT_NOT_WRITABLE if Krita cannot read back what was just written.
    """
    with no_dialogs(), _ClosingWaits():
        document = api.application().openDocument(str(path))
    if document is None:
        raise KeycelError(
            ErrorCode.OUT_NOT_WRITABLE,
            _("Krita could not open the temporary document for the colours."),
            _("Free some disk space in the temporary folder, then press the button again."),
            str(path),
        )
    document.setBatchmode(True)
    return document


def close_hidden(document: api.Document) -> None:
    """Close without a question about saving."""
    document.waitForDone()
    document.setModified(False)
    document.close()
