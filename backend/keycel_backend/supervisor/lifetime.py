"""When the supervisor may leave: nobody holds it, nobody talks to it, nothing is left to do."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from keycel_shared.schema import SchemaError, from_json

GRACE = 300.0
"""Seconds after the last sign of any client: time to restart a crashed Krita."""

FACTS_SECONDS = 10.0
_STDIN = 0


@dataclass(frozen=True)
class LaunchFacts:
    """What the launching program says through the inherited pipe, as one line of JSON."""

    client_key: str
    """Its public CURVE key, Z85; the secret half stays with it. Empty: it uses the connection file's."""
    launch: str = ""
    linger: float | None = None
    """Seconds to stay after everybody has left in order and nothing waits for anybody; None: grace time."""


class InheritedPipe:
    """Our standard input: first a line of facts, later only the news that its other end is gone."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._facts: asyncio.Future[bytes] = self._loop.create_future()
        self.open = True
        threading.Thread(target=self._read, name="pipe", daemon=True).start()

    async def facts(self) -> LaunchFacts:
        """Raises ValueError (SchemaError, JSON) or TimeoutError if the launcher does not say them."""
        line = await asyncio.wait_for(self._facts, FACTS_SECONDS)
        facts = from_json(LaunchFacts, json.loads(line))
        if len(facts.client_key) not in (0, 40):
            raise SchemaError("client_key: a public key has 40 characters")
        return facts

    def _read(self) -> None:
        # The bare descriptor: a buffered reader's lock must not be held when the interpreter ends.
        data = b""
        while b"\n" not in data and (more := os.read(_STDIN, 4096)):
            data += more
        self._call(self._got_facts, data)
        while os.read(_STDIN, 4096):
            pass
        self._call(self._closed)

    def _call(self, callback: Callable[..., None], *arguments: object) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:
            return  # the loop has ended, and the process is about to

    def _got_facts(self, data: bytes) -> None:
        if not self._facts.done():
            self._facts.set_result(data)

    def _closed(self) -> None:
        self.open = False


class Lifetime:
    """Keeps the time of the last sign of life."""

    def __init__(
        self,
        grace: float,
        pipe: InheritedPipe | None,
        busy: Callable[[], bool],
        expects_somebody: Callable[[], bool],
        linger: float | None = None,
    ) -> None:
        """`expects_somebody`: a client may come back, for it has not said goodbye or frames wait for it."""
        self._grace = grace
        self._linger = grace if linger is None else min(linger, grace)
        self._pipe = pipe
        self._busy = busy
        self._expects_somebody = expects_somebody
        self._heard = time.monotonic()
        self._stop = asyncio.Event()

    def heard(self) -> None:
        """Some client has said something."""
        self._heard = time.monotonic()

    def stop(self) -> None:
        """Leave now (signal, or `service.shutdown`)."""
        self._stop.set()

    async def over(self) -> None:
        """Returns when it is time to leave."""
        pause = min(1.0, max(0.05, self._grace / 4))
        while not self._stop.is_set() and self._needed():
            try:
                await asyncio.wait_for(self._stop.wait(), pause)
            except (TimeoutError, asyncio.TimeoutError):
                continue

    def _needed(self) -> bool:
        if self._busy():
            self.heard()  # the grace time begins when the work is done
        if self._pipe is not None and self._pipe.open:
            return True
        patience = self._grace if self._expects_somebody() else self._linger
        return time.monotonic() - self._heard < patience
