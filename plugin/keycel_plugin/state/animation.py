"""What is chosen for animating a drawing: sentence, number of drawings, exposure, options of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keycel_plugin.qt import QtCore, Signal
from keycel_shared.messages import EngineInfo, EngineOption, OptionValue

TASK = "animate"


class Animation(QtCore.QObject):
    """Of this session of Krita; options are those of the first engine that can animate."""

    changed = Signal()

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.engine: EngineInfo | None = None
        """None while no engine is known that can animate."""
        self.options: Mapping[str, OptionValue] = {}
        """Those that differ from what the engine suggests."""
        self.take = 0
        """Number of the latest take of these very options: 0 for the first."""

    def option(self, name: str) -> OptionValue:
        """The present value of an option of the engine."""
        default = next((option.default for option in self._all() if option.name == name), None)
        return self.options.get(name, default)

    def set_option(self, name: str, value: OptionValue) -> None:
        if value == self.option(name):
            return
        defaults = {option.name: option.default for option in self._all()}
        changed = {**self.options, name: value}
        self.options = {key: kept for key, kept in changed.items() if kept != defaults.get(key)}
        self.take = 0
        self.changed.emit()

    def show_engines(self, engines: Sequence[EngineInfo]) -> None:
        engine = next((engine for engine in engines if TASK in engine.tasks), None)
        if engine != self.engine:
            self.engine = engine
            known = {option.name for option in self._all()}
            self.options = {name: value for name, value in self.options.items() if name in known}
            self.changed.emit()

    def _all(self) -> Sequence[EngineOption]:
        return self.engine.options if self.engine is not None else ()
