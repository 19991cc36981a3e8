"""A worker process as the supervisor sees it: orders in, reports out, and its end noticed."""

from __future__ import annotations

import asyncio
import logging
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import IO

from keycel_backend.diffusion.device import Device
from keycel_shared.schema import SchemaError

from .orders import Alive, DeviceFound, Order, Probe, Quit, Report, from_line, to_line

log = logging.getLogger(__name__)

SILENT_AFTER = 60.0
"""Seconds without any sign after which a worker counts as dead; it reports every two."""

QUIT_SECONDS = 1.0


class WorkerDied(Exception):
    """The process is gone; the text says how."""


class WorkerProcess:
    """Threads move the lines, because asyncio's own subprocesses do not exist on Windows' socket loop.

    The worker's standard error goes to ours, the log. Its standard input is also how it learns that
    we are gone: at end of file it leaves at once.
    """

    def __init__(self, command: Sequence[str]) -> None:
        """Start it; returns at once.

        Raises:
            WorkerDied: it cannot be started.
        """
        self._loop = asyncio.get_running_loop()
        self._reports: asyncio.Queue[Report | WorkerDied] = asyncio.Queue()
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._death: WorkerDied | None = None
        self._heard = time.monotonic()
        self._asked_for_device = False
        self.device: Device | None = None
        """What its engines compute on; None until it has looked."""
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise WorkerDied(f"cannot be started: {error}") from error
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        self._threads = [
            threading.Thread(target=self._write_orders, args=(stdin,), name="orders", daemon=True),
            threading.Thread(target=self._read_reports, args=(stdout,), name="reports", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def process(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._death is None and self._process.poll() is None

    def look_for_device(self) -> None:
        """Let it find out what its engines compute on, once."""
        if not self._asked_for_device:
            self._asked_for_device = True
            self.order(Probe())

    def order(self, order: Order) -> None:
        """Send without waiting; orders to a dead worker vanish, `hear` tells of its death."""
        self._orders.put(order)

    async def hear(self) -> Report:
        """The next report.

        Raises:
            WorkerDied: it ended, said something senseless, or was silent for too long (then killed).
        """
        if self._death is not None:
            raise self._death
        report: Report | WorkerDied | None = None
        while report is None:
            silence = time.monotonic() - self._heard
            try:
                report = await asyncio.wait_for(self._reports.get(), max(0.01, SILENT_AFTER - silence))
            except (TimeoutError, asyncio.TimeoutError):
                if time.monotonic() - self._heard >= SILENT_AFTER:
                    self.kill()
                    report = WorkerDied(f"no sign of life for {SILENT_AFTER:.0f} s")
        if isinstance(report, WorkerDied):
            self._death = report
            raise report
        return report

    def kill(self) -> None:
        self._process.kill()

    async def stop(self) -> None:
        """End it, politely first; its pipes and threads are gone afterwards."""
        self.order(Quit())
        self._orders.put(None)
        await asyncio.to_thread(self._join)

    def _join(self) -> None:
        try:
            self._process.wait(QUIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join()

    # ---------------------------------------------------------------------------- threads

    def _write_orders(self, pipe: IO[bytes]) -> None:
        # Closing a broken pipe raises as well as writing to it; the reader notices the death.
        try:
            with pipe:
                while (order := self._orders.get()) is not None:
                    pipe.write(to_line(order))
                    pipe.flush()
        except OSError:
            return

    def _read_reports(self, pipe: IO[bytes]) -> None:
        reason = ""
        with pipe:
            for line in pipe:
                self._heard = time.monotonic()
                try:
                    report = _report(line)
                    if isinstance(report, DeviceFound):
                        self.device = report.device
                    elif not isinstance(report, Alive):
                        self._post(report)
                except SchemaError as error:
                    reason = f"senseless report: {error}"
                    self._process.kill()
                    break
        code = self._process.wait()
        self._orders.put(None)
        self._post(WorkerDied(reason or _how(code)))

    def _post(self, report: Report | WorkerDied) -> None:
        try:
            self._loop.call_soon_threadsafe(self._reports.put_nowait, report)
        except RuntimeError:
            log.debug("the loop is closed; nobody wants %s", report)


def _report(line: bytes) -> Report:
    message = from_line(line)
    if not isinstance(message, Report):
        raise SchemaError(f"{type(message).__name__} is an order")
    return message


def _how(code: int) -> str:
    if code < 0 and sys.platform != "win32":
        return f"ended by signal {-code}"
    return f"exit code {code}"
