"""The button that colours the drawing under the playhead after an image, and the window that asks which."""

from __future__ import annotations

from keycel_plugin.qt import QtWidgets
from keycel_plugin.slots import guarded, guarded_method
from keycel_plugin.state.choice import ShotChoice
from keycel_plugin.ui.commands import Commands
from keycel_plugin.ui.icons import SnugButton
from keycel_plugin.words import _

_SUFFIXES = ("png", "jpg", "jpeg", "webp", "bmp", "gif")


class ImageButton(SnugButton):
    def __init__(self, choice: ShotChoice, commands: Commands) -> None:
        super().__init__(_("Colour after an image…"))
        self._choice = choice
        self._commands = commands
        self._dialog: QtWidgets.QFileDialog | None = None
        self.clicked.connect(guarded(self._choose))
        choice.changed.connect(self._show)
        self._show()

    @guarded_method
    def _show(self) -> None:
        self.setToolTip(
            _("Colour the drawing under the playhead after a picture: a first keyframe, to be accepted")
            if self._choice.image_engine
            else _("Known when the backend runs")
        )

    def _choose(self) -> None:
        """A window beside Krita's, not above it: nothing blocks while it is open."""
        if self._dialog is None:
            kinds = " ".join(f"*.{suffix}" for suffix in _SUFFIXES)
            self._dialog = QtWidgets.QFileDialog(
                self.window(), _("Choose an image"), "", _("Images ({kinds})").format(kinds=kinds)
            )
            self._dialog.setOption(QtWidgets.QFileDialog.Option.DontUseNativeDialog)
            self._dialog.setFileMode(QtWidgets.QFileDialog.FileMode.ExistingFile)
            self._dialog.fileSelected.connect(self._load)
        self._dialog.show()
        self._dialog.raise_()

    @guarded_method
    def _load(self, path: str) -> None:
        if path:
            self._commands.color_after_image(path)
