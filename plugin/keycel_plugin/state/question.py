"""A question to the artist, answered by a button in the docker: no window jumps up, nothing blocks."""

from __future__ import annotations

from dataclasses import dataclass

from keycel_plugin.qt import QtCore, Signal
from keycel_plugin.tasks import Inbox


@dataclass(frozen=True)
class Asked:
    text: str
    yes: str
    """Words on the button that goes on."""
    no: str


class Question(QtCore.QObject):
    """At most one question is open. `asked` is None when there is none."""

    changed = Signal()

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.asked: Asked | None = None
        self._answers: Inbox[bool] = Inbox()

    async def ask(self, text: str, yes: str, no: str) -> bool:
        """Wait for the artist's answer. If the waiting work is cancelled, the question goes away."""
        self._set(Asked(text, yes, no))
        try:
            return await self._answers.get()
        finally:
            self._set(None)

    def answer(self, yes: bool) -> None:
        if self.asked is not None:
            self._set(None)
            self._answers.put(yes)

    def _set(self, asked: Asked | None) -> None:
        if asked != self.asked:
            self.asked = asked
            self.changed.emit()
