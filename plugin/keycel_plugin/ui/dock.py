"""The docker's content: two layer pickers, the buttons, progress, and one place for messages."""

from __future__ import annotations

from keycel_plugin.flow.controller import Controller
from keycel_plugin.qt import QtCore, QtWidgets
from keycel_plugin.slots import guarded
from keycel_plugin.state.progress import ProgressNews
from keycel_plugin.ui.layer_picker import LayerPicker

MESSAGE_LINES = 3


class Dock(QtWidgets.QWidget):
    """Bound to a controller: shows its state, passes clicks on, decides nothing."""

    def __init__(self, controller: Controller, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self.line_picker = LayerPicker()
        self.line_picker.setToolTip("The layer (or group) with the drawings")
        self.color_picker = LayerPicker()
        self.color_picker.setToolTip("The layer with the painted keyframes; one is enough")
        self.colorize_button = QtWidgets.QPushButton("Colorize")
        self.colorize_button.setToolTip("Colour every drawing into a new layer beneath the lines")
        self.regenerate_button = QtWidgets.QPushButton("Regenerate current frame")
        self.regenerate_button.setToolTip(
            "Colour the drawing under the playhead anew; no other frame changes"
        )
        self.cancel_button = QtWidgets.QPushButton("Cancel")
        self.progress_bar = QtWidgets.QProgressBar()
        self.message = QtWidgets.QLabel()
        self._lay_out()
        self._connect()
        self._show_choice()
        self._show_news()

    def _lay_out(self) -> None:
        form = QtWidgets.QFormLayout()
        form.addRow("Line layer", self.line_picker)
        form.addRow("Colour layer", self.color_picker)
        buttons = QtWidgets.QHBoxLayout()
        buttons.addWidget(self.colorize_button, 1)
        buttons.addWidget(self.cancel_button)
        self.message.setWordWrap(True)
        self.message.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        self.message.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message.setAlignment(QtCore.Qt.AlignmentFlag.AlignTop)
        self._keep_height()
        column = QtWidgets.QVBoxLayout(self)
        column.addLayout(form)
        column.addLayout(buttons)
        column.addWidget(self.regenerate_button)
        column.addWidget(self.progress_bar)
        column.addWidget(self.message, 1)

    def _keep_height(self) -> None:
        """News must not make Krita's window grow: the docker has its full height from the start."""
        self.message.setMinimumHeight(MESSAGE_LINES * self.message.fontMetrics().lineSpacing())
        policy = self.progress_bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress_bar.setSizePolicy(policy)

    def _connect(self) -> None:
        controller = self._controller
        controller.choice.changed.connect(self._show_choice)
        controller.progress.changed.connect(self._show_news)
        for picker in (self.line_picker, self.color_picker):
            picker.opening.connect(guarded(controller.refresh))
        self.line_picker.picked.connect(controller.choice.choose_line)
        self.color_picker.picked.connect(controller.choice.choose_color)
        self.colorize_button.clicked.connect(guarded(controller.colorize))
        self.regenerate_button.clicked.connect(guarded(controller.regenerate))
        self.cancel_button.clicked.connect(guarded(controller.cancel))

    def _show_choice(self) -> None:
        choice = self._controller.choice
        self.line_picker.show_layers(choice.layers, choice.line_layer)
        self.color_picker.show_layers(choice.layers, choice.color_layer)

    def _show_news(self) -> None:
        news = self._controller.progress.news
        for widget in (self.colorize_button, self.regenerate_button, self.line_picker, self.color_picker):
            widget.setEnabled(not news.busy)
        self.cancel_button.setEnabled(news.can_cancel)
        self.progress_bar.setVisible(news.busy)
        self.progress_bar.setRange(0, news.total)
        self.progress_bar.setValue(news.done)
        self.message.setText(_words(news))
        self.message.setToolTip(f"{news.error.code.value}: {news.error.detail}" if news.error else "")


def _words(news: ProgressNews) -> str:
    if news.error is not None:
        return f"{news.error.title}\n{news.error.remedy}"
    if news.total:
        return f"{news.text} ({news.done} of {news.total})"
    return news.text
