"""The row of buttons for going through the frames."""

from __future__ import annotations

from keycel_plugin.qt import QtWidgets
from keycel_plugin.slots import guarded, guarded_method
from keycel_plugin.state.model import Model
from keycel_plugin.ui.commands import Commands
from keycel_plugin.ui.icons import IconButton, Icons
from keycel_plugin.words import _


class ReviewTools(QtWidgets.QWidget):
    """They mean the cells selected in the strip, else the frame under the playhead."""

    def __init__(self, model: Model, commands: Commands, icons: Icons) -> None:
        super().__init__()
        self._model = model
        self._commands = commands
        self.previous_unsure_button = IconButton(
            icons,
            ("arrow-left", "go-previous"),
            "◀",
            _("Previous unsure frame"),
            _("Go to the previous frame with unsure regions"),
        )
        self.next_unsure_button = IconButton(
            icons,
            ("arrow-right", "go-next"),
            "▶",
            _("Next unsure frame"),
            _("Go to the next frame with unsure regions"),
        )
        self.accept_button = IconButton(
            icons,
            ("dialog-ok",),
            "✓",
            _("Accept"),
            _("Accept the frames: only you can change them from then on. Press again to take it back."),
        )
        self.lock_button = IconButton(
            icons,
            ("layer-locked", "object-locked"),
            "▣",
            _("Lock"),
            _("Lock the frames: nothing changes their colours. Press again to unlock."),
        )
        self.regenerate_button = IconButton(
            icons,
            ("view-refresh",),
            "↻",
            _("Regenerate"),
            _("Colour the frames once more, as a new take; no other frame changes"),
        )
        self.unsure_button = IconButton(
            icons,
            ("visible",),
            "?",
            _("Show unsure regions"),
            _("Mark the unsure regions on the canvas, in a layer of their own"),
        )
        self.unsure_button.setCheckable(True)
        self._lay_out()
        self._connect()
        self._show_choice()
        self._show_news()

    def _lay_out(self) -> None:
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        for button in (self.previous_unsure_button, self.next_unsure_button):
            row.addWidget(button)
        row.addStretch(1)
        for button in (self.accept_button, self.lock_button, self.regenerate_button):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.unsure_button)

    def _connect(self) -> None:
        commands = self._commands
        self.previous_unsure_button.clicked.connect(guarded(commands.previous_unsure))
        self.next_unsure_button.clicked.connect(guarded(commands.next_unsure))
        self.accept_button.clicked.connect(guarded(commands.accept))
        self.lock_button.clicked.connect(guarded(commands.lock))
        self.regenerate_button.clicked.connect(guarded(commands.regenerate))
        self.unsure_button.clicked.connect(guarded(self._toggle_unsure))
        self._model.choice.changed.connect(self._show_choice)
        self._model.progress.changed.connect(self._show_news)

    def _toggle_unsure(self) -> None:
        self._commands.show_unsure(self.unsure_button.isChecked())

    @guarded_method
    def _show_choice(self) -> None:
        self.unsure_button.setChecked(self._model.choice.choice.show_unsure)

    @guarded_method
    def _show_news(self) -> None:
        self.regenerate_button.setEnabled(not self._model.progress.news.busy)
