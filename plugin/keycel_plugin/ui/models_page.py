"""The page of models: get, pause, check, remove and link them; how much room they take; offline or not."""

from __future__ import annotations

from keycel_plugin.error_words import error_details, error_words
from keycel_plugin.qt import QtCore, QtGui, QtWidgets
from keycel_plugin.slots import guarded, guarded_method
from keycel_plugin.state.models import Models
from keycel_plugin.ui.figures import size
from keycel_plugin.ui.icons import SnugButton
from keycel_plugin.ui.model_commands import ModelCommands
from keycel_plugin.ui.model_list import ModelList
from keycel_plugin.ui.model_words import licence_words, size_words, work_words
from keycel_plugin.words import _
from keycel_shared.model_messages import ModelInfo, ModelState, ModelWork


class ModelsPage(QtWidgets.QWidget):
    """Shows the backend's models while it is in sight. Needs nothing but the two that it is given."""

    def __init__(self, models: Models, commands: ModelCommands) -> None:
        super().__init__()
        self._models = models
        self._commands = commands
        self._sure_to_remove = ""
        self._dialog: QtWidgets.QFileDialog | None = None
        self.list = ModelList(models)
        self.purpose_label = _wrapped()
        self.size_label = _wrapped()
        self.licence_label = _wrapped()
        self.consent_box = QtWidgets.QCheckBox(_("I have read the licence and accept it"))
        self.install_button = SnugButton()
        self.pause_button = SnugButton(_("Pause"), _("Stop; what has come is kept, Resume goes on there"))
        self.verify_button = SnugButton(_("Verify"), _("Read its files and compare their checksums"))
        self.remove_button = SnugButton()
        self.link_button = SnugButton(
            _("Link folder…"),
            _("Use files that another program (ComfyUI, the hub's cache) has downloaded, where they are"),
        )
        self.progress_bar = QtWidgets.QProgressBar()
        self.news_label = _wrapped()
        self.room_label = _wrapped()
        self.offline_box = QtWidgets.QCheckBox(_("Offline: connect to nothing"))
        self._lay_out()
        self._connect()
        self._show()

    def _lay_out(self) -> None:
        self.licence_label.setTextFormat(QtCore.Qt.TextFormat.RichText)
        self.licence_label.setOpenExternalLinks(True)
        self.licence_label.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextBrowserInteraction)
        self.progress_bar.setMinimumWidth(40)
        policy = self.progress_bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress_bar.setSizePolicy(policy)
        self.offline_box.setToolTip(
            _("Nothing is downloaded, and no server is asked, until you switch it off")
        )
        for box in (self.consent_box, self.offline_box):
            box.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
        work = QtWidgets.QHBoxLayout()
        for button in (self.install_button, self.pause_button):
            work.addWidget(button, 1)
        care = QtWidgets.QHBoxLayout()
        for button in (self.verify_button, self.remove_button, self.link_button):
            care.addWidget(button, 1)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.setSpacing(4)
        column.addWidget(self.list)
        for label in (self.purpose_label, self.size_label, self.licence_label):
            column.addWidget(label)
        column.addWidget(self.consent_box)
        column.addLayout(work)
        column.addWidget(self.progress_bar)
        column.addWidget(self.news_label)
        column.addLayout(care)
        column.addWidget(self.room_label)
        column.addWidget(self.offline_box)
        column.addStretch(1)

    def _connect(self) -> None:
        self._models.changed.connect(self._show)
        self.list.chosen_changed.connect(self._show_another)
        self.consent_box.toggled.connect(self._show)
        self.install_button.clicked.connect(guarded(self._install))
        self.pause_button.clicked.connect(guarded(lambda: self._commands.pause(self.list.chosen)))
        self.verify_button.clicked.connect(guarded(lambda: self._commands.verify(self.list.chosen)))
        self.remove_button.clicked.connect(guarded(self._remove))
        self.link_button.clicked.connect(guarded(self._choose_folder))
        self.offline_box.clicked.connect(self._switch_offline)

    def showEvent(self, a0: QtGui.QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        super().showEvent(a0)
        guarded(lambda: self._commands.show(True))()

    def hideEvent(self, a0: QtGui.QHideEvent | None) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(a0)
        guarded(lambda: self._commands.show(False))()

    # ---------------------------------------------------------------------------- the artist's doing

    def _install(self) -> None:
        self._commands.install(self.list.chosen, self.consent_box.isChecked())

    def _remove(self) -> None:
        """Gigabytes are not deleted by one press."""
        if self._sure_to_remove != self.list.chosen:
            self._sure_to_remove = self.list.chosen
            self._show()
            return
        self._sure_to_remove = ""
        self._commands.remove(self.list.chosen)
        self._show()

    def _choose_folder(self) -> None:
        """A window beside Krita's, not above it: nothing blocks while it is open."""
        if self._dialog is None:
            self._dialog = QtWidgets.QFileDialog(self.window(), _("Choose the folder with the files"))
            self._dialog.setOption(QtWidgets.QFileDialog.Option.DontUseNativeDialog)
            self._dialog.setFileMode(QtWidgets.QFileDialog.FileMode.Directory)
            self._dialog.setOption(QtWidgets.QFileDialog.Option.ShowDirsOnly)
            self._dialog.fileSelected.connect(self._link)
        self._dialog.show()
        self._dialog.raise_()

    @guarded_method
    def _link(self, folder: str) -> None:
        if folder:
            self._commands.link(self.list.chosen, folder, self.consent_box.isChecked())

    @guarded_method
    def _switch_offline(self, offline: bool) -> None:
        self._commands.set_offline(offline)

    # ---------------------------------------------------------------------------- following the models

    @guarded_method
    def _show_another(self) -> None:
        self._sure_to_remove = ""
        self.consent_box.setChecked(False)
        self._show()

    @guarded_method
    def _show(self) -> None:
        model = self._models.model(self.list.chosen)
        work = self._models.work(self.list.chosen)
        self._show_facts(model)
        self._show_buttons(model, work)
        self._show_work(work)
        listing = self._models.listing
        self.offline_box.setEnabled(listing is not None and not listing.offline_forced)
        self.offline_box.setChecked(listing is not None and listing.offline)
        if listing is not None:
            used = sum(one.used_bytes for one in listing.models)
            self.room_label.setText(
                _("Models take {used}; {free} are free").format(
                    used=size(used), free=size(listing.free_bytes)
                )
            )

    def _show_facts(self, model: ModelInfo | None) -> None:
        self.purpose_label.setText(_(model.purpose) if model else _("Known when the backend runs"))
        self.size_label.setText(size_words(model) if model else "")
        self.licence_label.setText(licence_words(model) if model else "")
        self.consent_box.setVisible(model is not None and not model.accepted and not model.by_hand)

    def _show_buttons(self, model: ModelInfo | None, work: ModelWork | None) -> None:
        running = work is not None and work.running
        state = model.state if model is not None else ModelState.ABSENT
        may = something = False
        if model is not None and not running:
            accepted = model.accepted or self.consent_box.isChecked()
            may = accepted and not model.by_hand and state is not ModelState.INSTALLED
            something = model.used_bytes > 0 or model.linked
        self.install_button.set_words(_("Resume") if state is ModelState.PARTIAL else _("Install"))
        self.install_button.setEnabled(may)
        self.link_button.setEnabled(may)
        self.pause_button.setEnabled(running)
        self.verify_button.setEnabled(something)
        self.remove_button.setEnabled(something)
        sure = bool(self._sure_to_remove)
        self.remove_button.set_words(_("Really remove") if sure else _("Remove"))

    def _show_work(self, work: ModelWork | None) -> None:
        self.progress_bar.setVisible(work is not None and work.running)
        if work is not None and work.running:
            # Qt counts in 32 bits, models in gigabytes.
            self.progress_bar.setRange(0, 1000 if work.total else 0)
            self.progress_bar.setValue(1000 * work.done // work.total if work.total else 0)
        refused = self._models.error
        self.news_label.setText("\n".join(error_words(refused)) if refused else work_words(work))
        shown = refused or (work.error if work is not None else None)
        self.news_label.setToolTip(error_details(shown) if shown else "")


def _wrapped() -> QtWidgets.QLabel:
    label = QtWidgets.QLabel()
    label.setWordWrap(True)
    label.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Minimum)
    return label
