"""What is chosen in the docker: layers, engine, options, scope; and what that would cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keycel_plugin.host.ports import LayerInfo
from keycel_plugin.qt import QtCore, Signal
from keycel_plugin.state.records import Choice
from keycel_shared.messages import EngineInfo, OptionValue


@dataclass(frozen=True)
class Estimate:
    """What the work would cost, as the backend says before any of it is done."""

    frames: int
    stored: int
    """Frames whose result is stored already and costs nothing."""
    seconds: float
    memory_bytes: int


class ShotChoice(QtCore.QObject):
    """The choice of the document in front, with what there is to choose from."""

    changed = Signal()
    estimate_changed = Signal()

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.layers: Sequence[LayerInfo] = ()
        """Of the document, top-most first."""
        self.choice = Choice()
        self.engines: Sequence[EngineInfo] = ()
        """Those of the backend that colour drawings after keyframes; empty until it has been reached."""
        self.image_engine = ""
        """Name of the backend's engine that colours a drawing after an image; empty: it has none."""
        self.estimate: Estimate | None = None
        """None while it is not known."""
        self.inbetween_estimate: Estimate | None = None
        """Of the frames between key sketches; None while it is not known, or if there are none."""

    @property
    def engine(self) -> EngineInfo | None:
        """The chosen engine's description, if the backend has it."""
        return next((engine for engine in self.engines if engine.name == self.choice.engine), None)

    def option(self, name: str) -> OptionValue:
        """The present value of an option of the chosen engine."""
        default = (
            next((option.default for option in self.engine.options if option.name == name), None)
            if self.engine
            else None
        )
        return self.choice.options.get(name, default)

    def show(self, layers: Sequence[LayerInfo], choice: Choice) -> None:
        if (tuple(layers), choice) != (tuple(self.layers), self.choice):
            self.layers, self.choice = tuple(layers), choice
            self.changed.emit()

    def show_engines(self, engines: Sequence[EngineInfo]) -> None:
        coloring = tuple(engine for engine in engines if "colorize" in engine.tasks)
        after_image = next((engine.name for engine in engines if "reference" in engine.tasks), "")
        if (coloring, after_image) != (tuple(self.engines), self.image_engine):
            self.engines, self.image_engine = coloring, after_image
            self.changed.emit()

    def show_estimates(self, estimate: Estimate | None, inbetween: Estimate | None) -> None:
        if (estimate, inbetween) != (self.estimate, self.inbetween_estimate):
            self.estimate, self.inbetween_estimate = estimate, inbetween
            self.estimate_changed.emit()
