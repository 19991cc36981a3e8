"""Documents that Krita holds open without a view: scratch space that never touches the artist's own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

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


def open_hidden(path: Path) -> api.Document:
    """Open a file of ours without a view.

    Raises:
        KeycelError: OUT_NOT_WRITABLE if Krita cannot read back what was just written.
    """
    with no_dialogs():
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
