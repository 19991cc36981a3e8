"""Which colours are legal: those of the keyframes, or those of a palette file."""

from __future__ import annotations

from keycel_plugin.qt import QtWidgets
from keycel_plugin.slots import guarded, guarded_method
from keycel_plugin.state.choice import ShotChoice
from keycel_plugin.ui.commands import Commands
from keycel_plugin.ui.icons import IconButton, Icons, SnugButton
from keycel_plugin.words import _, plural


class PaletteRestriction(QtWidgets.QWidget):
    """A button that names the palette and chooses another, and one that lifts the restriction."""

    def __init__(self, choice: ShotChoice, commands: Commands, icons: Icons) -> None:
        super().__init__()
        self._choice = choice
        self._commands = commands
        self._dialog: QtWidgets.QFileDialog | None = None
        self.palette_button = SnugButton()
        self.clear_palette_button = IconButton(
            icons,
            ("edit-clear", "dialog-cancel"),
            "✕",
            _("No palette"),
            _("Allow all colours of the keyframes again"),
        )
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.palette_button, 1)
        row.addWidget(self.clear_palette_button)
        self.palette_button.clicked.connect(guarded(self._choose))
        self.clear_palette_button.clicked.connect(guarded(commands.clear_palette))
        choice.changed.connect(self._show)
        self._show()

    @guarded_method
    def _show(self) -> None:
        choice = self._choice.choice
        self.palette_button.set_words(choice.palette_name or _("As in the keyframes…"))
        if choice.palette_name:
            colors = plural("one colour", "{count} colours", len(choice.palette))
            facts = _("Only the colours of “{palette}” are used ({colors}). Click to choose another palette.")
            self.palette_button.setToolTip(facts.format(palette=choice.palette_name, colors=colors))
        else:
            self.palette_button.setToolTip(
                _("Choose a palette file (.gpl or .kpl); then only its colours are used")
            )
        self.clear_palette_button.setEnabled(bool(choice.palette_name))

    def _choose(self) -> None:
        """A window beside Krita's, not above it: nothing blocks while it is open."""
        if self._dialog is None:
            self._dialog = QtWidgets.QFileDialog(
                self.window(), _("Choose a palette"), "", _("Palettes (*.gpl *.kpl)")
            )
            self._dialog.setOption(QtWidgets.QFileDialog.Option.DontUseNativeDialog)
            self._dialog.setFileMode(QtWidgets.QFileDialog.FileMode.ExistingFile)
            self._dialog.fileSelected.connect(self._load)
        self._dialog.show()
        self._dialog.raise_()

    @guarded_method
    def _load(self, path: str) -> None:
        if path:
            self._commands.load_palette(path)
