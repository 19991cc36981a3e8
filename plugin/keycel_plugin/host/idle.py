"""Waiting for Krita's worker threads without stopping the user interface."""

from __future__ import annotations

from keycel_plugin.tasks import pause

from . import api

_POLL_MS = 2


async def until_idle(document: api.Document) -> None:
    """Wait until nothing is being done to the document.

    Unlike `waitForDone` this blocks nobody: on the artist's own document it simply lasts until their
    stroke has ended.
    """
    while not document.tryBarrierLock():
        await pause(_POLL_MS)
    document.unlock()
