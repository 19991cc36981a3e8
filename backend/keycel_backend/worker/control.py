"""Threads that hear orders and show that the process lives, while the main thread computes."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from typing import IO

from keycel_backend.supervisor.orders import Alive, Cancel, Probe, Quit, Run, Warm, from_line

from .pipes import Reports

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 2.0

Task = Run | Warm | Probe


class Control:
    """Orders for the main thread come from `next`; whether one is still wanted, from `is_cancelled`."""

    def __init__(self, orders: IO[bytes], reports: Reports) -> None:
        self._orders = orders
        self._reports = reports
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._cancelled: set[str] = set()
        for target in (self._listen, self._beat):
            threading.Thread(target=target, name=target.__name__, daemon=True).start()

    def next(self) -> Task:
        """The next order; waits for it."""
        return self._tasks.get()

    def is_cancelled(self, job: str) -> bool:
        return job in self._cancelled

    def _listen(self) -> None:
        try:
            self._obey()
        except Exception:
            log.exception("the supervisor cannot be understood")
        # Told to leave, or the supervisor is gone. Nothing here is worth another moment: what is
        # finished is in the store, and a thread of an engine might never end.
        os._exit(0)

    def _obey(self) -> None:
        for line in self._orders:
            order = from_line(line)
            if isinstance(order, Cancel):
                self._cancelled.add(order.job)
            elif isinstance(order, Run):
                self._cancelled.discard(order.job)
                self._tasks.put(order)
            elif isinstance(order, (Warm, Probe)):
                self._tasks.put(order)
            elif isinstance(order, Quit):
                return

    def _beat(self) -> None:
        while True:
            time.sleep(HEARTBEAT_SECONDS)
            try:
                self._reports.send(Alive())
            except OSError:
                os._exit(0)
