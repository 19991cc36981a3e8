"""Setting up: what the setup page shows, from a missing backend to a coloured test shot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from keycel_plugin.qt import QtCore, QtGui, Signal
from keycel_shared.errors import ErrorValue
from keycel_shared.setup_report import SetupPlan, Trouble


class Stage(str, Enum):
    CLOSED = "closed"
    """Nothing to set up; the docker shows its usual pages."""
    LOOKING = "looking"
    """For backends and for a Python that can install one."""
    OFFER = "offer"
    INSTALLING = "installing"
    STOPPED = "stopped"
    """By the artist or by an error; what was done stays done."""
    CONNECTING = "connecting"
    MODELS = "models"
    TRYING = "trying"
    TRIED = "tried"
    """The test shot is coloured, or could not be: then there is an error."""


@dataclass(frozen=True)
class FoundBackend:
    python: str
    version: str
    fits: bool
    """Speaks the plugin's protocol."""


@dataclass(frozen=True)
class SetupTrouble:
    """Why an installation stopped."""

    trouble: Trouble
    sentence: str = ""
    """The installer's own words."""
    detail: str = ""


@dataclass(frozen=True)
class SetupNews:
    """One moment of setting up."""

    stage: Stage = Stage.CLOSED
    reason: ErrorValue | None = None
    """Why there is something to set up."""
    found: tuple[FoundBackend, ...] = ()
    plan: SetupPlan | None = None
    """None until the installer has been asked, or if no Python can run it."""
    refused: str = ""
    """A folder that the artist pointed at and that holds no backend."""
    steps: tuple[str, ...] = ()
    weights: tuple[int, ...] = ()
    ended: tuple[str, ...] = ()
    current: str = ""
    cancelling: bool = False
    trouble: SetupTrouble | None = None
    """None if the artist stopped it."""
    error: ErrorValue | None = None
    """Of connecting or of the test shot."""
    picture: QtGui.QImage | None = field(default=None, compare=False)

    @property
    def share(self) -> float:
        """Of the installation that has ended, 0..1."""
        weights: Mapping[str, int] = dict(zip(self.steps, self.weights, strict=True))
        return sum(weights[step] for step in self.ended) / max(1, sum(weights.values()))


class Setup(QtCore.QObject):
    """The latest news of setting up, and the installer's log."""

    changed = Signal()
    log_grew = Signal()

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.news = SetupNews()
        self.log = ""

    def show(self, stage: Stage, **changes: object) -> None:
        """Go to `stage`; what is not named stays as it is."""
        news: SetupNews = replace(self.news, stage=stage, **changes)
        if news != self.news or news.picture is not self.news.picture:
            self.news = news
            self.changed.emit()

    def close(self) -> None:
        if self.news.stage is not Stage.CLOSED:
            self.news = SetupNews()
            self.changed.emit()

    def clear_log(self) -> None:
        self.log = ""
        self.log_grew.emit()

    def add_log(self, text: str) -> None:
        if text:
            self.log += text
            self.log_grew.emit()
