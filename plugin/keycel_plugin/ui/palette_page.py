"""The third page: the colours of the shot. Renamed or replaced once, a colour changes on every frame."""

from __future__ import annotations

from keycel_plugin.qt import QtCore, QtGui, QtWidgets
from keycel_plugin.slots import guarded, guarded_method
from keycel_plugin.state.model import Model
from keycel_plugin.state.records import Rgba
from keycel_plugin.state.review import Swatch
from keycel_plugin.ui.commands import Commands
from keycel_plugin.ui.icons import SnugButton
from keycel_plugin.ui.palette_model import NAME, PaletteModel
from keycel_plugin.words import _


class PalettePage(QtWidgets.QWidget):
    def __init__(self, model: Model, commands: Commands) -> None:
        super().__init__()
        self._model = model
        self._commands = commands
        self._colors = PaletteModel(model.review, self)
        self._wanted: Rgba | None = None
        self.color_dialog: QtWidgets.QColorDialog | None = None
        """Made when a colour is first replaced."""
        self.palette_view = QtWidgets.QTreeView()
        self.rename_button = SnugButton(_("Rename"), _("Give the colour a name, as “skin, shadow”"))
        self.replace_button = SnugButton(
            _("Replace…"), _("Choose another colour; it changes on every frame that is not protected")
        )
        self.restore_button = SnugButton(_("Original"), _("Take the colour of the keyframes again"))
        self._lay_out()
        self._connect()
        self._show()

    def _lay_out(self) -> None:
        view = self.palette_view
        view.setModel(self._colors)
        view.setRootIsDecorated(False)
        view.setUniformRowHeights(True)
        view.setAllColumnsShowFocus(True)
        view.setAlternatingRowColors(True)
        view.setTabKeyNavigation(False)
        view.setIconSize(QtCore.QSize(20, 20))
        view.setAccessibleName(_("Colours of the shot"))
        view.setMinimumHeight(6 * self.fontMetrics().height())
        trigger = QtWidgets.QAbstractItemView.EditTrigger
        view.setEditTriggers(trigger.DoubleClicked | trigger.EditKeyPressed)
        header = view.header()
        if header is not None:
            mode = QtWidgets.QHeaderView.ResizeMode
            header.setStretchLastSection(False)
            for column in range(self._colors.columnCount()):
                header.setSectionResizeMode(column, mode.Stretch if column == NAME else mode.ResizeToContents)
        row = QtWidgets.QHBoxLayout()
        for button in (self.rename_button, self.replace_button, self.restore_button):
            row.addWidget(button, 1)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addWidget(view, 1)
        column.addLayout(row)

    def _connect(self) -> None:
        self._colors.renamed.connect(self._rename)
        self.rename_button.clicked.connect(guarded(self._edit_name))
        self.replace_button.clicked.connect(guarded(self._choose_color))
        self.restore_button.clicked.connect(guarded(self._restore))
        selection = self.palette_view.selectionModel()
        if selection is not None:
            selection.currentChanged.connect(self._show)
        self._colors.modelReset.connect(self._show)
        self._colors.dataChanged.connect(self._show)
        self._model.progress.changed.connect(self._show)

    def _swatch(self) -> Swatch | None:
        return self._colors.swatch(self.palette_view.currentIndex().row())

    # ---------------------------------------------------------------------------- the artist's doing

    @guarded_method
    def _rename(self, original: Rgba, name: str) -> None:
        self._commands.rename_color(original, name)

    def _edit_name(self) -> None:
        self.palette_view.edit(self.palette_view.currentIndex().siblingAtColumn(NAME))

    def _choose_color(self) -> None:
        """Qt's own dialog, modeless: a native one would block, and cannot be styled by Krita's theme."""
        swatch = self._swatch()
        if swatch is None:
            return
        if self.color_dialog is None:
            self.color_dialog = QtWidgets.QColorDialog(self)
            self.color_dialog.setOption(QtWidgets.QColorDialog.ColorDialogOption.DontUseNativeDialog)
            self.color_dialog.colorSelected.connect(self._replace)
        self._wanted = swatch.original
        self.color_dialog.setCurrentColor(QtGui.QColor(*swatch.color))
        self.color_dialog.setWindowTitle(_("Replace a colour"))
        self.color_dialog.show()
        self.color_dialog.raise_()

    @guarded_method
    def _replace(self, color: QtGui.QColor) -> None:
        if self._wanted is not None:
            opaque = (color.red(), color.green(), color.blue(), self._wanted[3])
            self._commands.replace_color(self._wanted, opaque)

    def _restore(self) -> None:
        swatch = self._swatch()
        if swatch is not None:
            self._commands.replace_color(swatch.original, swatch.original)

    # ---------------------------------------------------------------------------- following the model

    @guarded_method
    def _show(self) -> None:
        swatch = self._swatch()
        idle = not self._model.progress.news.busy
        self.rename_button.setEnabled(swatch is not None)
        self.replace_button.setEnabled(swatch is not None and idle)
        self.restore_button.setEnabled(swatch is not None and idle and swatch.color != swatch.original)
