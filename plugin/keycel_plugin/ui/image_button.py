"""The buttons that colour the drawing under the playhead after an image, and the window that asks which."""

from __future__ import annotations

from keycel_plugin.qt import QtWidgets
from keycel_plugin.slots import guarded, guarded_method
from keycel_plugin.state.choice import ShotChoice
from keycel_plugin.ui.commands import Commands
from keycel_plugin.ui.icons import SnugButton
from keycel_plugin.words import _

_SUFFIXES = ("png", "jpg", "jpeg", "webp", "bmp", "gif")


class ImageButtons(QtWidgets.QWidget):
    def __init__(self, choice: ShotChoice, commands: Commands) -> None:
        super().__init__()
        self._choice = choice
        self._commands = commands
        self._dialog: QtWidgets.QFileDialog | None = None
        self.file_button = SnugButton(_("Colour after an image…"))
        self.layer_button = SnugButton(_("After the reference"))
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.file_button)
        column.addWidget(self.layer_button)
        self.file_button.clicked.connect(guarded(self._choose))
        self.layer_button.clicked.connect(guarded(lambda: commands.color_after_image("")))
        choice.changed.connect(self._show)
        self._show()

    @guarded_method
    def _show(self) -> None:
        known = self._choice.image_engine is not None
        for button, words in (
            (
                self.file_button,
                _("Colour the drawing under the playhead after a picture: a first keyframe, to be accepted"),
            ),
            (self.layer_button, _("The same after the picture on the reference layer")),
        ):
            button.setToolTip(words if known else _("Known when the backend runs"))

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
