"""A blocking client for the command line, on the same session and submission as the plugin."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from keycel_shared.errors import KeycelError
from keycel_shared.launcher import Launch
from keycel_shared.link import Link
from keycel_shared.messages import Body
from keycel_shared.session import Session
from keycel_shared.wire import Message

POLL_SECONDS = 0.1
RESTARTS = 3
"""How often a lost supervisor is started again before giving up."""


class Client:
    """A session with a running supervisor; use as a context manager."""

    def __init__(self, name: str) -> None:
        """Find or start the supervisor and say hello.

        Raises:
            KeycelError: ENV_* or LINK_* if there is none to be had.
        """
        self._launch = Launch(sys.executable)
        self.session = Session(Link(self._launch.wait()), name)
        self._restarts = 0
        self.run_until(lambda: self.session.welcome is not None)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()
        self._launch.release()

    def run_until(self, finished: Callable[[], bool]) -> None:
        """Handle messages until `finished()`; a lost supervisor is started again.

        Raises:
            KeycelError: the link was lost for good.
        """
        while not finished():
            if not self.session.process_one():
                self.session.link.wait(POLL_SECONDS)
            self.session.tick()
            if self.session.lost is not None:
                self._reconnect()

    def ask(self, body: Body) -> Message:
        """One request and its answer.

        Raises:
            KeycelError: the supervisor's error, or LINK_LOST.
        """
        answers: list[Message] = []
        failures: list[KeycelError] = []
        self.session.request(
            body, answers.append, lambda error: failures.append(KeycelError.from_value(error))
        )
        self.run_until(lambda: bool(answers or failures))
        if failures:
            raise failures[0]
        return answers[0]

    def _reconnect(self) -> None:
        error = self.session.lost
        if error is None:
            return
        if not error.retryable or self._restarts == RESTARTS:
            raise KeycelError.from_value(error)
        self._restarts += 1
        time.sleep(0.2 * self._restarts)
        self._launch = Launch(sys.executable)
        self.session.rebind(Link(self._launch.wait()))


@contextmanager
def on_interrupt(action: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C calls `action` instead of ending the program; a second Ctrl-C ends it."""

    def handle(number: int, _: FrameType | None) -> None:
        signal.signal(number, previous)
        action()

    previous = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
