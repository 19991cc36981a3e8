"""What is chosen for animating a drawing: sentence, number of drawings, exposure, options of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keycel_plugin.qt import QtCore, Signal
from keycel_plugin.state.choice import Estimate
from keycel_plugin.state.engine_options import all_options, present_value, with_option
from keycel_shared.messages import EngineInfo, OptionValue

TASK = "animate"


class Animation(QtCore.QObject):
    """Of this session of Krita; options are those of the first engine that can animate."""

    changed = Signal()
    estimate_changed = Signal()

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.engine: EngineInfo | None = None
        """None while no engine is known that can animate."""
        self.options: Mapping[str, OptionValue] = {}
        """Those that differ from what the engine suggests."""
        self.take = 0
        """Number of the latest take of these very options: 0 for the first."""
        self.estimate: Estimate | None = None
        """What an animation would cost; None while it is not known."""

    def option(self, name: str) -> OptionValue:
        """The present value of an option of the engine."""
        return present_value(self.engine, self.options, name)

    def all_options(self) -> dict[str, OptionValue]:
        """Every option of the engine with its present value; none while there is no engine."""
        return all_options(self.engine, self.options) if self.engine is not None else {}

    def set_option(self, name: str, value: OptionValue) -> None:
        if value == self.option(name):
            return
        self.options = with_option(self.engine, self.options, name, value)
        self.take = 0
        self.changed.emit()

    def show_engines(self, engines: Sequence[EngineInfo]) -> None:
        engine = next((engine for engine in engines if TASK in engine.tasks), None)
        if engine != self.engine:
            self.engine = engine
            known = {option.name for option in engine.options} if engine is not None else set[str]()
            self.options = {name: value for name, value in self.options.items() if name in known}
            self.changed.emit()

    def show_estimate(self, estimate: Estimate | None) -> None:
        if estimate != self.estimate:
            self.estimate = estimate
            self.estimate_changed.emit()
