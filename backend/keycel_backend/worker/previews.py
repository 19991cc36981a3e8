"""Small pictures of running work, for whoever asks: at most one in a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from keycel_backend.supervisor.blob_files import BlobFiles
from keycel_backend.supervisor.orders import Previewed, Report

from .pictures import store_picture

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels

SECONDS = 1.0
"""Least time between two previews of an order."""


class Watchers(Protocol):
    """Knows whether somebody waits for a preview of a job."""

    def is_watched(self, job: str) -> bool: ...

    def was_shown(self, job: str) -> None: ...


class Previews:
    """Where an engine shows what it has so far (`engines.base.PreviewSink`)."""

    def __init__(
        self,
        job: str,
        files: BlobFiles,
        report: Callable[[Report], None],
        watchers: Watchers,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._job = job
        self._files = files
        self._report = report
        self._watchers = watchers
        self._clock = clock
        self._shown = clock() - SECONDS

    def wanted(self) -> bool:
        return self._watchers.is_watched(self._job) and self._clock() - self._shown >= SECONDS

    def show(self, time: int, picture: Pixels) -> None:
        self._shown = self._clock()
        self._watchers.was_shown(self._job)
        height, width = picture.shape[:2]
        self._report(Previewed(self._job, time, store_picture(self._files, picture), width, height))
