"""What is always in sight: backend, progress, and one place for messages and questions.

Its height never changes: news must not make Krita's window grow.
"""

from __future__ import annotations

from keycel_plugin.error_words import error_details, error_words
from keycel_plugin.qt import QtCore, QtGui, QtWidgets
from keycel_plugin.slots import guarded, guarded_method
from keycel_plugin.state.model import Model
from keycel_plugin.state.progress import ProgressNews
from keycel_plugin.state.remedies import remedy_for
from keycel_plugin.ui.backend_line import BackendLine
from keycel_plugin.ui.commands import Commands
from keycel_plugin.ui.icons import SnugButton
from keycel_plugin.ui.remedy_words import remedy_words
from keycel_plugin.words import _

_MESSAGE_LINES = 4
_FEWEST_LINES = 2


class _Box(QtWidgets.QWidget):
    """As high as the docker has room for, whatever is in it: messages must not move anything."""

    def __init__(self, line: int, button: int) -> None:
        super().__init__()
        self._line = line
        self._button = button + 6
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Maximum)

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(0, _MESSAGE_LINES * self._line + self._button)

    def minimumSizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(0, _FEWEST_LINES * self._line + self._button)


class _Preview(QtWidgets.QLabel):
    """What the engine has so far. No higher than the messages beside it, and gone without a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("preview")
        self.setAccessibleName(_("Preview"))
        self.setToolTip(
            _("The engine's picture so far. It is only shown here and never written into your document.")
        )
        self.setAlignment(QtCore.Qt.AlignmentFlag.AlignTop)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Fixed, QtWidgets.QSizePolicy.Policy.Ignored)
        self.hide()

    def show_picture(self, picture: QtGui.QImage | None) -> None:
        self.setVisible(picture is not None)
        if picture is None:
            self.clear()
            return
        side = _FEWEST_LINES * self.fontMetrics().lineSpacing() * 2
        self.setPixmap(
            QtGui.QPixmap.fromImage(picture).scaled(
                side,
                side,
                QtCore.Qt.AspectRatioMode.KeepAspectRatio,
                QtCore.Qt.TransformationMode.SmoothTransformation,
            )
        )


class Footer(QtWidgets.QWidget):
    def __init__(self, model: Model, commands: Commands, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._commands = commands
        self._backend_line = BackendLine(model.backend)
        self.backend_label = self._backend_line.label
        self.progress_bar = QtWidgets.QProgressBar()
        self.cancel_button = SnugButton(_("Cancel"), _("Stop; finished frames are kept for next time"))
        self.message = QtWidgets.QLabel()
        self.preview = _Preview()
        self.remedy_button = SnugButton()
        self.yes_button = SnugButton()
        self.no_button = SnugButton()
        self._lay_out()
        self._connect()
        self._show()

    def _lay_out(self) -> None:
        work = QtWidgets.QHBoxLayout()
        work.addWidget(self.progress_bar, 1)
        work.addWidget(self.cancel_button)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(4, 0, 4, 0)
        column.setSpacing(3)
        column.addWidget(self._backend_line)
        column.addLayout(work)
        news = QtWidgets.QHBoxLayout()
        news.setSpacing(6)
        news.addWidget(self.preview)
        news.addWidget(self._message_box(), 1)
        column.addLayout(news)
        self.progress_bar.setMinimumWidth(40)
        policy = QtWidgets.QSizePolicy(
            QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed
        )
        policy.setRetainSizeWhenHidden(True)
        self.progress_bar.setSizePolicy(policy)

    def _message_box(self) -> QtWidgets.QWidget:
        """The message above its buttons, in a box as high as both."""
        self.message.setWordWrap(True)
        self.message.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        interaction = QtCore.Qt.TextInteractionFlag
        self.message.setTextInteractionFlags(
            interaction.TextSelectableByMouse | interaction.TextSelectableByKeyboard
        )
        self.message.setAlignment(QtCore.Qt.AlignmentFlag.AlignTop | QtCore.Qt.AlignmentFlag.AlignLeft)
        scroller = QtWidgets.QScrollArea()
        scroller.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        scroller.setWidgetResizable(True)
        scroller.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroller.setWidget(self.message)
        buttons = QtWidgets.QHBoxLayout()
        for button in (self.remedy_button, self.yes_button, self.no_button):
            buttons.addWidget(button, 1)
        box = _Box(self.fontMetrics().lineSpacing(), self.yes_button.sizeHint().height())
        column = QtWidgets.QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(scroller, 1)
        column.addLayout(buttons)
        return box

    def _connect(self) -> None:
        self._model.progress.changed.connect(self._show)
        self._model.progress.preview_changed.connect(self._show_preview)
        self._model.question.changed.connect(self._show)
        self.cancel_button.clicked.connect(guarded(self._commands.cancel))
        self.yes_button.clicked.connect(guarded(lambda: self._commands.answer(True)))
        self.no_button.clicked.connect(guarded(lambda: self._commands.answer(False)))
        self.remedy_button.clicked.connect(guarded(self._apply_remedy))

    def _apply_remedy(self) -> None:
        error = self._model.progress.news.error
        remedy = remedy_for(error) if error else None
        if remedy is not None:
            self._commands.remedy(remedy)

    @guarded_method
    def _show(self) -> None:
        news, asked = self._model.progress.news, self._model.question.asked
        self._show_progress(news)
        self.message.setText(asked.text if asked else _message(news))
        self.message.setToolTip(error_details(news.error) if news.error else "")
        remedy = remedy_for(news.error) if news.error and not asked else None
        self.remedy_button.setVisible(remedy is not None)
        if remedy is not None:
            self.remedy_button.set_words(remedy_words(remedy))
        for button, words in ((self.yes_button, asked and asked.yes), (self.no_button, asked and asked.no)):
            button.setVisible(asked is not None)
            button.set_words(words or "")

    @guarded_method
    def _show_preview(self) -> None:
        self.preview.show_picture(self._model.progress.preview)

    def _show_progress(self, news: ProgressNews) -> None:
        self.cancel_button.setEnabled(news.can_cancel)
        self.progress_bar.setVisible(news.busy)
        self.progress_bar.setRange(0, news.total)
        self.progress_bar.setValue(news.done)


def _message(news: ProgressNews) -> str:
    if news.error is not None:
        return "\n".join(error_words(news.error))
    if news.total:
        return _("{text} ({done} of {total})").format(text=news.text, done=news.done, total=news.total)
    return news.text
