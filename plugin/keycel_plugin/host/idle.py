"""Waiting for Krita's worker threads without stopping the user interface."""

from __future__ import annotations

import math
import time

from keycel_plugin.tasks import pause

from . import api
from .refusals import busy, no_document

_POLL_MS = 2
_PATIENCE = 10.0
"""Seconds. A stroke ends by then; a transformation that waits to be applied does not."""


async def until_idle(document: api.Document) -> None:
    """Wait until nothing is being done to the document.

    Unlike `waitForDone` this blocks nobody: on the artist's own document it simply lasts until their
    stroke has ended.

    Raises:
        KeycelError: DOC_NO_SHOT if the document is closed meanwhile.
    """
    await _locked(document)
    document.unlock()


async def copy_of(document: api.Document) -> api.Document:
    """A hidden copy with the same layers and ids; close it after use.

    Krita copies without taking a lock. If its other threads change the layers meanwhile, as at an undo, it
    crashes; and while it waits for them it handles events, so that we may well be asked at such a moment.

    Raises:
        KeycelError: DOC_NO_SHOT if the document is closed meanwhile; DOC_UNREADABLE_PICTURE if something is
            being done to it for long.
    """
    await _locked(document, _PATIENCE)
    try:
        return document.clone()
    finally:
        document.unlock()


async def _locked(document: api.Document, patience: float = math.inf) -> None:
    deadline = time.monotonic() + patience
    while not document.tryBarrierLock():
        if time.monotonic() > deadline:
            raise busy(document.name())
        await pause(_POLL_MS)
        if not document.width():  # closed: it would never be idle
            raise no_document()
