"""The docker's page while there is no backend: from nothing to a coloured test shot, without a terminal."""

from __future__ import annotations

from keycel_plugin.error_words import error_details
from keycel_plugin.qt import QtCore, QtGui, QtWidgets
from keycel_plugin.slots import guarded, guarded_method
from keycel_plugin.state.setup import Setup, SetupNews, Stage
from keycel_plugin.ui.icons import SnugButton
from keycel_plugin.ui.scrolling import scrollable
from keycel_plugin.ui.setup_commands import SetupCommands
from keycel_plugin.ui.setup_log import LogPart
from keycel_plugin.ui.setup_offer import OfferPart
from keycel_plugin.ui.setup_words import step_words, text_words, title_words
from keycel_plugin.words import _

_PARTS = 1000
"""Of the progress bar."""
_DONE, _DOING, _TO_DO = "✓", "▸", "○"


class SetupPage(QtWidgets.QWidget):
    """Shows the news of setting up, passes the artist's wishes on, decides nothing."""

    def __init__(self, setup: Setup, commands: SetupCommands, models: QtWidgets.QWidget) -> None:
        """`models`: a page on which models can be chosen."""
        super().__init__()
        self._setup = setup
        self._commands = commands
        self._dialog: QtWidgets.QFileDialog | None = None
        self.models = models
        self.content = QtWidgets.QWidget()
        """All but the buttons: a low docker scrolls it, and the buttons stay in sight."""
        self.title = QtWidgets.QLabel()
        self.text = QtWidgets.QLabel()
        self.offer = OfferPart(commands)
        self.steps = QtWidgets.QLabel()
        self.progress_bar = QtWidgets.QProgressBar()
        self.log = LogPart(setup)
        self.picture = QtWidgets.QLabel()
        self.install_button = SnugButton(_("Install"), _("Fetch and set up the backend"))
        self.point_button = SnugButton(
            _("It is elsewhere…"), _("Choose a folder with a backend: an environment or a checkout of Keycel")
        )
        self.look_button = SnugButton(_("Look again"), _("Something has changed on this machine"))
        self.cancel_button = SnugButton(_("Cancel"), _("Stop; what is done stays done"))
        self.again_button = SnugButton(_("Try again"))
        self.trial_button = SnugButton(_("Colour a test shot"), _("See it work before you use it"))
        self.close_button = SnugButton(_("Not now"), _("Back to the usual pages"))
        self._lay_out()
        self._connect()
        self._show()

    def _lay_out(self) -> None:
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        for label in (self.title, self.text, self.steps):
            label.setWordWrap(True)
            label.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        self.progress_bar.setTextVisible(False)
        policy = QtWidgets.QSizePolicy.Policy
        self.picture.setSizePolicy(policy.Ignored, policy.Preferred)
        self.picture.setAccessibleName(_("Test shot"))
        column = QtWidgets.QVBoxLayout(self.content)
        column.setContentsMargins(6, 8, 6, 6)
        column.setSpacing(8)
        parts = (
            self.title,
            self.text,
            self.offer,
            self.steps,
            self.progress_bar,
            self.log,
            self.models,
            self.picture,
        )
        for part in parts:
            column.addWidget(part)
        column.addStretch(1)
        for button in (self.install_button, self.trial_button):
            button.setFont(font)
        whole = QtWidgets.QVBoxLayout(self)
        whole.setContentsMargins(2, 0, 2, 4)
        whole.setSpacing(4)
        whole.addWidget(scrollable(self.content), 1)
        for button in (self.install_button, self.trial_button, self.again_button, self.cancel_button):
            whole.addWidget(button)
        row = QtWidgets.QHBoxLayout()
        for button in (self.point_button, self.look_button):
            row.addWidget(button, 1)
        whole.addLayout(row)
        whole.addWidget(self.close_button)

    def _connect(self) -> None:
        self._setup.changed.connect(self._show)
        commands = self._commands
        self.install_button.clicked.connect(guarded(lambda: commands.install(self.offer.with_diffusion)))
        self.point_button.clicked.connect(guarded(self._point))
        self.look_button.clicked.connect(guarded(commands.look_again))
        self.cancel_button.clicked.connect(guarded(commands.cancel))
        self.again_button.clicked.connect(guarded(self._again))
        self.trial_button.clicked.connect(guarded(commands.color_trial))
        self.close_button.clicked.connect(guarded(commands.close))

    def _point(self) -> None:
        """A window beside Krita's, not above it: nothing blocks while it is open."""
        if self._dialog is None:
            self._dialog = QtWidgets.QFileDialog(self.window(), _("A folder with Keycel's backend"))
            self._dialog.setOption(QtWidgets.QFileDialog.Option.DontUseNativeDialog)
            self._dialog.setFileMode(QtWidgets.QFileDialog.FileMode.Directory)
            self._dialog.setOption(QtWidgets.QFileDialog.Option.ShowDirsOnly)
            self._dialog.fileSelected.connect(self._point_at)
        self._dialog.show()
        self._dialog.raise_()

    @guarded_method
    def _point_at(self, folder: str) -> None:
        if folder:
            self._commands.point_at(folder)

    def _again(self) -> None:
        if self._setup.news.stage is Stage.CONNECTING:
            self._commands.connect()
        else:
            self._commands.color_trial()

    def resizeEvent(self, a0: QtGui.QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(a0)
        self._show_picture(self._setup.news)

    @guarded_method
    def _show(self) -> None:
        news = self._setup.news
        self.title.setText(title_words(news))
        self.text.setText(text_words(news))
        self.text.setToolTip(_details(news))
        self._show_offer(news)
        self._show_progress(news)
        self._show_picture(news)
        self._show_buttons(news)

    def _show_offer(self, news: SetupNews) -> None:
        self.offer.setVisible(news.stage in (Stage.OFFER, Stage.STOPPED))
        self.offer.show_news(news)

    def _show_progress(self, news: SetupNews) -> None:
        working = news.stage in (Stage.INSTALLING, Stage.STOPPED)
        self.steps.setVisible(working and bool(news.steps))
        marks = [
            _DONE if step in news.ended else _DOING if step == news.current else _TO_DO for step in news.steps
        ]
        lines = [f"{mark} {step_words(step)}" for mark, step in zip(marks, news.steps, strict=True)]
        self.steps.setText("\n".join(lines))
        busy = news.stage in (Stage.LOOKING, Stage.CONNECTING, Stage.TRYING) and news.error is None
        self.progress_bar.setVisible(busy or news.stage is Stage.INSTALLING)
        self.progress_bar.setRange(0, 0 if busy or not news.steps else _PARTS)
        self.progress_bar.setValue(round(_PARTS * news.share))
        self.log.setVisible(working)
        self.models.setVisible(news.stage is Stage.MODELS)

    def _show_picture(self, news: SetupNews) -> None:
        picture = news.picture
        self.picture.setVisible(picture is not None)
        if picture is None:
            self.picture.clear()
            return
        ratio = self.devicePixelRatioF()
        room = max(1, round((self.width() - 3 * self.fontMetrics().height()) * ratio))
        smooth = QtCore.Qt.TransformationMode.SmoothTransformation
        shown = QtGui.QPixmap.fromImage(picture.scaledToWidth(room, smooth))
        shown.setDevicePixelRatio(ratio)
        self.picture.setPixmap(shown)

    def _show_buttons(self, news: SetupNews) -> None:
        stage, failed = news.stage, news.error is not None
        choosing = stage in (Stage.OFFER, Stage.STOPPED)
        possible = choosing and self.offer.possible
        self.install_button.setVisible(possible)
        offers = news.plan.offers if news.plan is not None else ()
        begun = stage is Stage.STOPPED or any(offer.begun for offer in offers)
        self.install_button.set_words(_("Go on") if begun else _("Install"))
        self.point_button.setVisible(choosing)
        self.look_button.setVisible(choosing or (stage is Stage.CONNECTING and failed))
        self.cancel_button.setVisible(stage is Stage.INSTALLING)
        self.cancel_button.setEnabled(not news.cancelling)
        self.again_button.setVisible(failed and stage in (Stage.CONNECTING, Stage.TRIED))
        self.trial_button.setVisible(stage is Stage.MODELS)
        self.close_button.setVisible(stage not in (Stage.INSTALLING, Stage.TRYING))
        usable = stage in (Stage.MODELS, Stage.TRIED)
        self.close_button.set_words(_("Start working") if usable else _("Not now"))


def _details(news: SetupNews) -> str:
    """Facts for a report."""
    if news.trouble is not None:
        return "\n".join(filter(None, (news.trouble.sentence, news.trouble.detail)))
    error = news.error or news.reason
    return error_details(error) if error is not None else ""
