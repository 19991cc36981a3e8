"""What of a shot's choice is about colouring a drawing after an image, as the form of options needs it."""

from __future__ import annotations

from keycel_plugin.qt import QtCore, Signal
from keycel_plugin.state.choice import ShotChoice
from keycel_plugin.state.engine_options import present_value
from keycel_shared.messages import EngineInfo, OptionValue


class ImageChoice(QtCore.QObject):
    """Of the document in front; it is kept in there with everything else that is chosen."""

    changed = Signal()

    def __init__(self, shot: ShotChoice, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._shot = shot
        shot.changed.connect(self.changed)

    @property
    def engine(self) -> EngineInfo | None:
        """The backend's engine that colours after images; None while none is known."""
        return self._shot.image_engine

    def option(self, name: str) -> OptionValue:
        """The present value of an option of that engine."""
        return present_value(self.engine, self._shot.choice.image_options, name)
