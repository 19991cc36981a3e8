"""Brings the sockets' messages into Qt's event loop, one per event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from keycel_plugin.qt import QtCore
from keycel_plugin.slots import guarded
from keycel_shared.connection import ConnectionInfo
from keycel_shared.link import Link
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

    def start(self, link: Link) -> None:
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


class WatchedLink(Link):
    """Tells after every send, because a send may swallow the sign of a waiting message."""

    def __init__(self, info: ConnectionInfo, on_sent: Callable[[], None]) -> None:
        super().__init__(info)
        self._on_sent = on_sent

    def send(self, message: Message) -> None:
        super().send(message)
        self._on_sent()
