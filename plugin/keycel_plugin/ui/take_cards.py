"""The takes of the current frame, side by side in one row."""

from __future__ import annotations

from keycel_plugin.qt import QtCore, QtGui, QtWidgets, Signal
from keycel_plugin.slots import guarded_method
from keycel_plugin.state.model import Model
from keycel_plugin.ui.paper import sheet_with
from keycel_plugin.ui.take_words import take_facts, take_title
from keycel_plugin.words import _

DIGEST = int(QtCore.Qt.ItemDataRole.UserRole)
_PICTURE = QtCore.QSize(84, 52)


class TakeCards(QtWidgets.QListWidget):
    """A click or Enter chooses a take."""

    chosen = Signal(str)
    """Digest of the take that the artist wants."""

    def __init__(self, model: Model, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._may_choose = True
        self._set_up()
        self.itemClicked.connect(self._choose)
        self.itemActivated.connect(self._choose)
        model.review.takes_changed.connect(self._show)
        model.thumbnails.changed.connect(self._show_picture)
        model.thumbnails.reset.connect(self._show)
        self._show()

    def _set_up(self) -> None:
        self.setViewMode(QtWidgets.QListView.ViewMode.IconMode)
        self.setFlow(QtWidgets.QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setMovement(QtWidgets.QListView.Movement.Static)
        self.setIconSize(_PICTURE)
        self.setSpacing(2)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(_("Takes of the current frame"))
        self.setVerticalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollMode(QtWidgets.QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFixedHeight(_PICTURE.height() + 2 * self.fontMetrics().height() + 16)

    def allow_choosing(self, allowed: bool) -> None:
        """Takes can be looked at while work is going on, but not chosen."""
        self._may_choose = allowed

    @guarded_method
    def _choose(self, item: QtWidgets.QListWidgetItem) -> None:
        if self._may_choose:
            self.chosen.emit(str(item.data(DIGEST)))

    @guarded_method
    def _show(self) -> None:
        self.clear()
        for card in self._model.review.takes:
            item = QtWidgets.QListWidgetItem(self._icon(card.digest), take_title(card))
            item.setData(DIGEST, card.digest)
            item.setToolTip(take_facts(card))
            if card.chosen:
                font = QtGui.QFont(self.font())
                font.setBold(True)
                item.setFont(font)
            self.addItem(item)
            if card.chosen:
                self.setCurrentItem(item)

    @guarded_method
    def _show_picture(self, key: object) -> None:
        for row in range(self.count()):
            item = self.item(row)
            if item is not None and item.data(DIGEST) == key:
                item.setIcon(self._icon(str(key)))

    def _icon(self, digest: str) -> QtGui.QIcon:
        picture = self._model.thumbnails.get(digest)
        sheet = sheet_with(picture, _PICTURE, self.palette(), self.devicePixelRatioF())
        icon = QtGui.QIcon(sheet)
        icon.addPixmap(sheet, QtGui.QIcon.Mode.Selected)  # colours are to be judged: no tint
        return icon
