"""Everything that the docker shows, in one place."""

from __future__ import annotations

from keycel_plugin.qt import QtCore
from keycel_plugin.state.animation import Animation
from keycel_plugin.state.backend_status import BackendStatus
from keycel_plugin.state.choice import ShotChoice
from keycel_plugin.state.image_choice import ImageChoice
from keycel_plugin.state.models import Models
from keycel_plugin.state.progress import Progress
from keycel_plugin.state.question import Question
from keycel_plugin.state.review import Review
from keycel_plugin.state.setup import Setup
from keycel_plugin.state.thumbnails import Thumbnails


class Model(QtCore.QObject):
    """The observable state. `flow` writes it, `ui` shows it."""

    def __init__(self, parent: QtCore.QObject | None = None, backend: BackendStatus | None = None) -> None:
        """`backend`: the status that the connection itself writes; None where there is none."""
        super().__init__(parent)
        self.choice = ShotChoice(self)
        self.image = ImageChoice(self.choice, self)
        self.animation = Animation(self)
        self.models = Models(self)
        self.progress = Progress(self)
        self.question = Question(self)
        self.review = Review(self)
        self.thumbnails = Thumbnails(self)
        self.setup = Setup(self)
        self.backend = backend or BackendStatus(self)
