"""All takes of the current frame, large and side by side, in a window that stays open beside the work."""

from __future__ import annotations

from functools import partial

from keycel_plugin.qt import QtCore, QtGui, QtWidgets
from keycel_plugin.slots import guarded, guarded_method
from keycel_plugin.state.model import Model
from keycel_plugin.state.review import TakeCard
from keycel_plugin.ui.commands import Commands
from keycel_plugin.ui.icons import SnugButton
from keycel_plugin.ui.paper import draw_on_paper
from keycel_plugin.ui.take_words import take_facts, take_title
from keycel_plugin.words import _

_FIRST_SIZE = QtCore.QSize(900, 420)
_SMALLEST_PICTURE = QtCore.QSize(240, 135)


class CompareWindow(QtWidgets.QWidget):
    """Follows the current frame for as long as it is open."""

    def __init__(self, model: Model, commands: Commands, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent, QtCore.Qt.WindowType.Tool)
        self._model = model
        self._commands = commands
        self.use_buttons: list[QtWidgets.QPushButton] = []
        """One per take, in their order."""
        sheet = QtWidgets.QWidget()
        self._row = QtWidgets.QHBoxLayout(sheet)
        area = QtWidgets.QScrollArea()  # many takes are wider than any screen
        area.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(sheet)
        whole = QtWidgets.QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)
        self.resize(_FIRST_SIZE)
        review = model.review
        review.takes_changed.connect(self._show)
        review.current_changed.connect(self._show)
        model.thumbnails.changed.connect(self._repaint)
        model.progress.changed.connect(self._show_news)
        self._show()

    def keyPressEvent(self, a0: QtGui.QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        if a0 is not None and a0.key() == QtCore.Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(a0)

    @guarded_method
    def _show(self) -> None:
        self._empty()
        review = self._model.review
        self.setWindowTitle(
            _("Takes of frame {frame}").format(frame=review.current) if review.current >= 0 else _("Takes")
        )
        for card in review.takes:
            self._row.addWidget(self._column(card), 1)
        if not review.takes:
            nothing = QtWidgets.QLabel(_("This frame has no takes yet."))
            nothing.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
            self._row.addWidget(nothing)
        self._show_news()

    def _empty(self) -> None:
        self.use_buttons = []
        while (item := self._row.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def _column(self, card: TakeCard) -> QtWidgets.QWidget:
        title = QtWidgets.QLabel(take_title(card))
        title.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        button = SnugButton(_("In the layer") if card.chosen else _("Use this"), take_facts(card))
        button.setProperty("chosen", card.chosen)
        button.clicked.connect(guarded(partial(self._commands.choose_take, card.digest)))
        self.use_buttons.append(button)
        panel = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(panel)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(title)
        column.addWidget(_Picture(self._model, card.digest), 1)
        column.addWidget(button)
        return panel

    @guarded_method
    def _show_news(self) -> None:
        idle = not self._model.progress.news.busy
        for button in self.use_buttons:
            button.setEnabled(idle and not button.property("chosen"))

    @guarded_method
    def _repaint(self) -> None:
        self.update()
        for picture in self.findChildren(_Picture):
            picture.update()


class _Picture(QtWidgets.QWidget):
    """One take, as large as there is room."""

    def __init__(self, model: Model, digest: str) -> None:
        super().__init__()
        self._model = model
        self._digest = digest
        self.setMinimumSize(_SMALLEST_PICTURE)

    def paintEvent(self, a0: QtGui.QPaintEvent | None) -> None:  # noqa: N802, ARG002 - Qt's
        painter = QtGui.QPainter(self)
        draw_on_paper(painter, self.rect(), self._model.thumbnails.get(self._digest), self.palette())
        painter.end()
