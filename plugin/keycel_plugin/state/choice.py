"""What is chosen in the docker: layers, engine, options, scope; and what that would cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from keycel_plugin.host.ports import LayerInfo
from keycel_plugin.qt import QtCore, Signal
from keycel_plugin.state.engine_options import present_value
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
        self.image_engine: EngineInfo | None = None
        """The backend's engine that colours a drawing after an image; None: it has none."""
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
        return present_value(self.engine, self.choice.options, name)

    def for_images(self, choice: Choice) -> Choice:
        """The same with the engine that colours after images (empty: there is none) and its options."""
        engine = self.image_engine.name if self.image_engine is not None else ""
        return replace(choice, engine=engine, options=choice.image_options)

    def show(self, layers: Sequence[LayerInfo], choice: Choice) -> None:
        if (tuple(layers), choice) != (tuple(self.layers), self.choice):
            self.layers, self.choice = tuple(layers), choice
            self.changed.emit()

    def show_engines(self, engines: Sequence[EngineInfo]) -> None:
        coloring = tuple(engine for engine in engines if "colorize" in engine.tasks)
        after_image = next((engine for engine in engines if "reference" in engine.tasks), None)
        if (coloring, after_image) != (tuple(self.engines), self.image_engine):
            self.engines, self.image_engine = coloring, after_image
            self.changed.emit()

    def show_estimate(self, estimate: Estimate | None) -> None:
        if estimate != self.estimate:
            self.estimate = estimate
            self.estimate_changed.emit()

    def show_inbetween_estimate(self, estimate: Estimate | None) -> None:
        if estimate != self.inbetween_estimate:
            self.inbetween_estimate = estimate
            self.estimate_changed.emit()
