"""Brings the sockets' messages into Qt's event loop, one per event."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from keycel_plugin.qt import QtCore
from keycel_plugin.slots import guarded
from keycel_shared.bridge import BridgeLink
from keycel_shared.connection import ConnectionInfo
from keycel_shared.errors import KeycelError
from keycel_shared.launcher import backend_python
from keycel_shared.link import Channel, Link
from keycel_shared.wire import Message

_SAFETY_MS = 100
"""How often the sockets are looked at even without a sign of life."""


class SocketWatch(QtCore.QObject):
    """Calls `process_one` until it finds nothing, after each sign of life; `tick` ten times a second."""

    def __init__(
        self, process_one: Callable[[], bool], tick: Callable[[], None], parent: QtCore.QObject
    ) -> None:
        super().__init__(parent)
        self._process_one = process_one
        self._notifiers: list[QtCore.QSocketNotifier] = []
        self._waiting = False
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(_SAFETY_MS)
        self._timer.timeout.connect(guarded(self.look_soon))
        self._timer.timeout.connect(guarded(tick))

    def start(self, link: Channel) -> None:
        for descriptor in link.file_descriptors():
            number = cast("Any", descriptor)  # PyQt's own type hint leaves out int
            notifier = QtCore.QSocketNotifier(number, QtCore.QSocketNotifier.Type.Read, self)
            notifier.activated.connect(guarded(self.look_soon))
            self._notifiers.append(notifier)
        self._timer.start()
        self.look_soon()

    def stop(self) -> None:
        """Before the sockets close: a notifier on a closed descriptor would spin."""
        self._timer.stop()
        for notifier in self._notifiers:
            notifier.setEnabled(False)
            notifier.deleteLater()
        self._notifiers.clear()

    def look_soon(self) -> None:
        """ZeroMQ's descriptors are edge-triggered: after any sign, and after each send, read until empty."""
        if not self._waiting:
            self._waiting = True
            QtCore.QTimer.singleShot(0, guarded(self._look))

    def _look(self) -> None:
        self._waiting = False
        if self._notifiers and self._process_one():
            self.look_soon()


class WatchedLink:
    """A way to the supervisor that tells after every send: a send may swallow the sign of a waiting message.

    Where this Python has no pyzmq, the backend's own Python passes messages on.
    """

    def __init__(self, info: ConnectionInfo, on_sent: Callable[[], None]) -> None:
        """Raises KeycelError: ENV_* if there is no way."""
        self._channel = _open(info)
        self._on_sent = on_sent
        self.receive = self._channel.receive
        self.file_descriptors = self._channel.file_descriptors
        self.wait = self._channel.wait
        self.close = self._channel.close

    def send(self, message: Message) -> None:
        self._channel.send(message)
        self._on_sent()


def _open(info: ConnectionInfo) -> Channel:
    try:
        return Link(info)
    except KeycelError:
        python = backend_python()
        if Path(python) == Path(sys.executable):
            raise
        return BridgeLink(info, python)
