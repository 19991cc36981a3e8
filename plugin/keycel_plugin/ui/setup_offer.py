"""What the setup page offers: to take a backend that is there, or one of two ways to install."""

from __future__ import annotations

from functools import partial

from keycel_plugin.qt import QtWidgets
from keycel_plugin.slots import guarded
from keycel_plugin.state.setup import SetupNews
from keycel_plugin.ui.icons import SnugButton
from keycel_plugin.ui.setup_commands import SetupCommands
from keycel_plugin.ui.setup_words import fits, offer_title, offer_words
from keycel_plugin.words import _


class OfferPart(QtWidgets.QWidget):
    def __init__(self, commands: SetupCommands) -> None:
        super().__init__()
        self._commands = commands
        self.use_buttons: list[SnugButton] = []
        self.ways: list[QtWidgets.QRadioButton] = []
        """Small first, as the offers."""
        self._shown: object = None
        self._column = QtWidgets.QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)

    def show_news(self, news: SetupNews) -> None:
        """Afresh only if something else is offered: a choice that was made stays."""
        if (news.found, news.plan) == self._shown:
            return
        self._shown = (news.found, news.plan)
        self._clear()
        for backend in news.found:
            if backend.fits:
                words = _("Take Keycel {version}").format(version=backend.version)
                button = SnugButton(words, backend.python)
                button.clicked.connect(guarded(partial(self._commands.use, backend.python)))
                self.use_buttons.append(button)
                self._column.addWidget(button)
        plan = news.plan
        for offer in plan.offers if plan is not None else ():
            way = QtWidgets.QRadioButton(offer_title(offer))
            way.setEnabled(plan is not None and fits(offer, plan.free))
            words = QtWidgets.QLabel(offer_words(offer, plan.free if plan is not None else 0))
            words.setWordWrap(True)
            words.setIndent(2 * self.fontMetrics().height())
            words.setEnabled(way.isEnabled())
            way.setToolTip(words.text())
            self.ways.append(way)
            self._column.addWidget(way)
            self._column.addWidget(words)
        self._choose(news)

    @property
    def with_diffusion(self) -> bool:
        return len(self.ways) > 1 and self.ways[1].isChecked()

    @property
    def possible(self) -> bool:
        return any(way.isChecked() and way.isEnabled() for way in self.ways)

    def _choose(self, news: SetupNews) -> None:
        """Everything where a graphics card makes it worth while, else the small way."""
        offers = news.plan.offers if news.plan is not None else ()
        wanted = [number for number, offer in enumerate(offers) if offer.device not in ("", "cpu")]
        for number in (*wanted, 0):
            if number < len(self.ways) and self.ways[number].isEnabled():
                self.ways[number].setChecked(True)
                return

    def _clear(self) -> None:
        self.use_buttons, self.ways = [], []
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
