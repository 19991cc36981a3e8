"""The second page: every drawing of the shot, its takes, and what is unsure."""

from __future__ import annotations

from keycel_plugin.qt import QtCore, QtWidgets
from keycel_plugin.slots import guarded, guarded_method
from keycel_plugin.state.model import Model
from keycel_plugin.ui.commands import Commands
from keycel_plugin.ui.compare_window import CompareWindow
from keycel_plugin.ui.icons import Icons, SnugButton
from keycel_plugin.ui.review_tools import ReviewTools
from keycel_plugin.ui.strip import FrameStrip
from keycel_plugin.ui.take_cards import TakeCards
from keycel_plugin.ui.unsure_list import UnsureList
from keycel_plugin.words import _, plural


class ReviewPage(QtWidgets.QWidget):
    def __init__(self, model: Model, commands: Commands, icons: Icons) -> None:
        super().__init__()
        self._model = model
        self._commands = commands
        self._compare_window: CompareWindow | None = None
        self.tools = ReviewTools(model, commands, icons)
        self.strip = FrameStrip(model)
        self.take_cards = TakeCards(model)
        self.compare_button = SnugButton(_("Compare…"), _("All takes of this frame, large and side by side"))
        self.unsure_list = UnsureList(model.review)
        self._takes_heading = QtWidgets.QLabel()
        self._unsure_heading = QtWidgets.QLabel()
        self._lay_out()
        self._connect()
        self._show_takes()
        self._show_unsure()
        self._show_news()

    @property
    def compare_window(self) -> CompareWindow | None:
        """Made when it is first asked for."""
        return self._compare_window

    def _lay_out(self) -> None:
        above = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(above)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.tools)
        column.addWidget(self.strip, 1)
        heading = QtWidgets.QHBoxLayout()
        heading.addWidget(self._takes_heading, 1)
        heading.addWidget(self.compare_button)
        takes = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(takes)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(heading)
        column.addWidget(self.take_cards)
        column.addWidget(self._unsure_heading)
        column.addWidget(self.unsure_list, 1)
        splitter = QtWidgets.QSplitter(QtCore.Qt.Orientation.Vertical)
        splitter.addWidget(above)
        splitter.addWidget(takes)
        splitter.setChildrenCollapsible(False)
        splitter.setStretchFactor(0, 2)
        splitter.setStretchFactor(1, 1)
        outer = QtWidgets.QVBoxLayout(self)
        outer.setContentsMargins(4, 4, 4, 4)
        outer.addWidget(splitter)

    def _connect(self) -> None:
        self.strip.visited.connect(self._go_to)
        self.strip.picked.connect(self._select)
        self.unsure_list.visited.connect(self._go_to)
        self.take_cards.chosen.connect(self._choose_take)
        self.compare_button.clicked.connect(guarded(self._compare))
        self._model.review.takes_changed.connect(self._show_takes)
        self._model.review.unsure_changed.connect(self._show_unsure)
        self._model.review.current_changed.connect(self._show_takes)
        self._model.progress.changed.connect(self._show_news)

    # ---------------------------------------------------------------------------- the artist's doing

    @guarded_method
    def _go_to(self, time: int) -> None:
        self._commands.go_to(time)

    @guarded_method
    def _select(self, times: tuple[int, ...]) -> None:
        self._commands.select(times)

    @guarded_method
    def _choose_take(self, digest: str) -> None:
        self._commands.choose_take(digest)

    def _compare(self) -> None:
        if self._compare_window is None:
            self._compare_window = CompareWindow(self._model, self._commands, self)
        self._compare_window.show()
        self._compare_window.raise_()
        self._compare_window.activateWindow()

    # ---------------------------------------------------------------------------- following the model

    @guarded_method
    def _show_takes(self) -> None:
        review = self._model.review
        self.compare_button.setEnabled(bool(review.takes))
        words = (
            _("Takes of frame {frame}").format(frame=review.current) if review.current >= 0 else _("Takes")
        )
        self._takes_heading.setText(words)

    @guarded_method
    def _show_unsure(self) -> None:
        count = len(self._model.review.unsure)
        words = (
            plural("One unsure region", "{count} unsure regions", count) if count else _("Nothing is unsure")
        )
        self._unsure_heading.setText(words)

    @guarded_method
    def _show_news(self) -> None:
        self.take_cards.allow_choosing(not self._model.progress.news.busy)
