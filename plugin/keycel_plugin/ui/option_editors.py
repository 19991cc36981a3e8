"""One editor per kind of engine option. Every engine, also a future one, gets its form from these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from keycel_plugin.qt import QtCore, QtWidgets
from keycel_plugin.slots import guarded
from keycel_plugin.words import _
from keycel_shared.messages import EngineOption, OptionValue

_INTEGER_LIMIT = 2**31 - 1
_FLOAT_LIMIT = 1e9
_DECIMALS = 3

Tell = Callable[[OptionValue], None]


class Editor(Protocol):
    """Shows a value; tells every change that the artist makes, and no other."""

    @property
    def widget(self) -> QtWidgets.QWidget: ...

    def show(self, value: OptionValue) -> None: ...


def editor_for(option: EngineOption, tell: Tell) -> Editor:
    """The editor for an option, chosen by its choices and the type of its default."""
    if option.choices:
        return ChoiceEditor(option, tell)
    if isinstance(option.default, bool):
        return SwitchEditor(tell)
    if isinstance(option.default, int):
        return IntegerEditor(option, tell)
    if isinstance(option.default, float):
        return FloatEditor(option, tell)
    return TextEditor(tell)


class SwitchEditor:
    def __init__(self, tell: Tell) -> None:
        self.widget = QtWidgets.QCheckBox()
        self.widget.clicked.connect(guarded(lambda: tell(self.widget.isChecked())))

    def show(self, value: OptionValue) -> None:
        self.widget.setChecked(bool(value))


class IntegerEditor:
    def __init__(self, option: EngineOption, tell: Tell) -> None:
        self.widget = QtWidgets.QSpinBox()
        self.widget.setKeyboardTracking(False)
        self.widget.setRange(
            -_INTEGER_LIMIT if option.minimum is None else int(option.minimum),
            _INTEGER_LIMIT if option.maximum is None else int(option.maximum),
        )
        self.widget.valueChanged.connect(guarded(lambda: tell(self.widget.value())))

    def show(self, value: OptionValue) -> None:
        blocker = QtCore.QSignalBlocker(self.widget)
        self.widget.setValue(int(value or 0))
        blocker.unblock()


class FloatEditor:
    def __init__(self, option: EngineOption, tell: Tell) -> None:
        self.widget = QtWidgets.QDoubleSpinBox()
        self.widget.setKeyboardTracking(False)
        self.widget.setDecimals(_DECIMALS)
        low = -_FLOAT_LIMIT if option.minimum is None else option.minimum
        high = _FLOAT_LIMIT if option.maximum is None else option.maximum
        self.widget.setRange(low, high)
        self.widget.setSingleStep((high - low) / 100 if high - low <= 100 else 1.0)
        self.widget.valueChanged.connect(guarded(lambda: tell(self.widget.value())))

    def show(self, value: OptionValue) -> None:
        blocker = QtCore.QSignalBlocker(self.widget)
        self.widget.setValue(float(value or 0))
        blocker.unblock()


class ChoiceEditor:
    def __init__(self, option: EngineOption, tell: Tell) -> None:
        self.widget = QtWidgets.QComboBox()
        for choice in option.choices:
            self.widget.addItem(_(choice), choice)
        self.widget.activated.connect(guarded(lambda: tell(str(self.widget.currentData()))))

    def show(self, value: OptionValue) -> None:
        self.widget.setCurrentIndex(self.widget.findData(value))


class TextEditor:
    def __init__(self, tell: Tell) -> None:
        self.widget = QtWidgets.QLineEdit()
        self._shown = ""
        self._tell = tell
        self.widget.editingFinished.connect(guarded(self._finish))

    def show(self, value: OptionValue) -> None:
        self._shown = "" if value is None else str(value)
        self.widget.setText(self._shown)

    def _finish(self) -> None:
        if self.widget.text() != self._shown:
            self._shown = self.widget.text()
            self._tell(self._shown)
