"""Runs test scenarios inside Krita: reads requests from a mailbox folder, answers with JSON.

Only ever installed into the private profile of the tests. A scenario is a function of a module of
`tests/krita/scenarios`; a generator function may `yield seconds` to give Krita its event loop back.
No exception may escape into Qt: Krita answers one with a modal window, and the run would hang.
"""

from krita import Extension, Krita

from .mailbox import Mailbox


class DriverExtension(Extension):
    """Opens the mailbox once Krita has a window."""

    def __init__(self, parent):
        super().__init__(parent)
        self._mailbox = None

    def setup(self):
        pass

    def createActions(self, _window):  # noqa: N802 - Krita's name
        if self._mailbox is None:
            self._mailbox = Mailbox()
            self._mailbox.open()


Krita.instance().addExtension(DriverExtension(Krita.instance()))
