"""The part of the first page that draws the frames between key sketches: how, at what cost, the button."""

from __future__ import annotations

from keycel_plugin.qt import QtWidgets
from keycel_plugin.slots import guarded, guarded_method
from keycel_plugin.state.choice import ShotChoice
from keycel_plugin.state.records import Spacing
from keycel_plugin.ui.commands import Commands
from keycel_plugin.ui.estimate_words import inbetween_words
from keycel_plugin.ui.icons import SnugButton
from keycel_plugin.ui.pickers import Picker
from keycel_plugin.ui.wheel import WheelGuard
from keycel_plugin.words import _


class InbetweenPart(QtWidgets.QWidget):
    def __init__(self, choice: ShotChoice, commands: Commands) -> None:
        super().__init__()
        self._choice = choice
        self._commands = commands
        self.spacing_picker = Picker(_("How the frames between two key sketches are spaced"))
        self.button = SnugButton(
            _("In-betweens"),
            _("The line layer has key sketches: draw the frames between them, and colour them all"),
        )
        self.estimate_label = QtWidgets.QLabel()
        self._lay_out()
        WheelGuard(self).protect(self.spacing_picker)
        self.spacing_picker.picked.connect(self._choose)
        self.button.clicked.connect(guarded(commands.inbetween))
        choice.changed.connect(self._show)
        choice.estimate_changed.connect(self._show_estimate)
        self._show()
        self._show_estimate()

    def _lay_out(self) -> None:
        self.spacing_picker.setAccessibleName(_("Spacing"))
        self.estimate_label.setWordWrap(True)
        self.estimate_label.setToolTip(_("What drawing the frames between would cost"))
        row = QtWidgets.QHBoxLayout()
        row.addWidget(self.button, 1)
        row.addWidget(self.spacing_picker, 1)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.estimate_label)

    @guarded_method
    def _choose(self, spacing: str) -> None:
        self._commands.choose_spacing(Spacing(spacing))

    @guarded_method
    def _show(self) -> None:
        words = {
            Spacing.EVEN: _("Evenly spaced"),
            Spacing.SLOW_OUT: _("Starting slowly"),
            Spacing.SLOW_IN: _("Ending slowly"),
            Spacing.SLOW_BOTH: _("Starting and ending slowly"),
        }
        entries = [(spacing.value, told) for spacing, told in words.items()]
        self.spacing_picker.show_entries(entries, self._choice.choice.spacing.value)

    @guarded_method
    def _show_estimate(self) -> None:
        estimate = self._choice.inbetween_estimate
        self.estimate_label.setVisible(estimate is not None)
        self.estimate_label.setText(inbetween_words(estimate) if estimate is not None else "")
