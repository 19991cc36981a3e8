"""The docker's content: five pages, and beneath them what is always in sight; or the setup page alone."""

from __future__ import annotations

from keycel_plugin.qt import QtGui, QtWidgets
from keycel_plugin.slots import guarded, guarded_method
from keycel_plugin.state.model import Model
from keycel_plugin.state.setup import Setup, Stage
from keycel_plugin.ui.animate_page import AnimatePage
from keycel_plugin.ui.commands import Commands
from keycel_plugin.ui.compare_window import CompareWindow
from keycel_plugin.ui.footer import Footer
from keycel_plugin.ui.icons import Icons
from keycel_plugin.ui.models_page import ModelsPage
from keycel_plugin.ui.palette_page import PalettePage
from keycel_plugin.ui.review_page import ReviewPage
from keycel_plugin.ui.scrolling import scrollable
from keycel_plugin.ui.setup_page import SetupPage
from keycel_plugin.ui.shot_page import ShotPage
from keycel_plugin.words import _


class Dock(QtWidgets.QWidget):
    """Bound to the model: shows its state, passes the artist's wishes on, decides nothing."""

    def __init__(
        self, model: Model, commands: Commands, icon: Icons, parent: QtWidgets.QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._commands = commands
        self._shot = ShotPage(model, commands, icon)
        self._review = ReviewPage(model, commands, icon)
        self._palette = PalettePage(model, commands)
        self._animate = AnimatePage(model, commands)
        self.models_page = ModelsPage(model.models, commands.models)
        self._footer = Footer(model, commands)
        self._setup: Setup = model.setup
        self.setup_page = SetupPage(model.setup, commands.setup, ModelsPage(model.models, commands.models))
        self._whole = QtWidgets.QStackedWidget()
        self.pages = QtWidgets.QTabWidget()
        self._lay_out()
        self._name_parts()
        model.setup.changed.connect(self._show_setup)
        self._show_setup()

    def _lay_out(self) -> None:
        self.pages.setDocumentMode(True)
        for page, title in (
            (self._shot, _("Shot")),
            (scrollable(self._review), _("Review")),
            (scrollable(self._palette), _("Palette")),
            (scrollable(self._animate), _("Animate")),
        ):
            self.pages.addTab(page, title)
        # Not needed every day: a sign leaves the other titles their room.
        self.pages.setTabToolTip(self.pages.addTab(scrollable(self.models_page), "⇩"), _("Models"))
        usual = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(usual)
        column.setContentsMargins(2, 2, 2, 4)
        column.setSpacing(4)
        column.addWidget(self.pages, 1)
        column.addWidget(self._footer)
        self._whole.addWidget(usual)
        self._whole.addWidget(self.setup_page)
        around = QtWidgets.QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(self._whole)

    @guarded_method
    def _show_setup(self) -> None:
        self._whole.setCurrentIndex(int(self._setup.news.stage is not Stage.CLOSED))

    def _name_parts(self) -> None:
        """What can be used, under one roof."""
        shot, review, footer = self._shot, self._review, self._footer
        self.line_picker = shot.line_picker
        self.color_picker = shot.color_picker
        self.reference_picker = shot.reference_picker
        self.result_picker = shot.result_picker
        self.engine_picker = shot.engine_picker
        self.scope_picker = shot.scope_picker
        self.options_form = shot.options_form
        self.mask_picker = shot.mask_picker
        self.image_options_form = shot.image_options_form
        self.image_file_button = shot.image_buttons.file_button
        self.image_layer_button = shot.image_buttons.layer_button
        self.palette_button = shot.restriction.palette_button
        self.clear_palette_button = shot.restriction.clear_palette_button
        self.estimate_label = shot.estimate_label
        self.colorize_button = shot.colorize_button
        self.spread_button = shot.spread_button
        self.inbetween_button = shot.inbetween_part.button
        self.spacing_picker = shot.inbetween_part.spacing_picker
        self.inbetween_estimate_label = shot.inbetween_part.estimate_label
        self.strip = review.strip
        self.previous_unsure_button = review.tools.previous_unsure_button
        self.next_unsure_button = review.tools.next_unsure_button
        self.accept_button = review.tools.accept_button
        self.lock_button = review.tools.lock_button
        self.regenerate_button = review.tools.regenerate_button
        self.unsure_button = review.tools.unsure_button
        self.unsure_list = review.unsure_list
        self.take_cards = review.take_cards
        self.compare_button = review.compare_button
        self.palette_view = self._palette.palette_view
        self.rename_button = self._palette.rename_button
        self.replace_button = self._palette.replace_button
        self.restore_button = self._palette.restore_button
        self.animate_page = self._animate
        self.animate_button = self._animate.animate_button
        self.another_button = self._animate.another_button
        self.model_list = self.models_page.list
        self.backend_label = footer.backend_label
        self.progress_bar = footer.progress_bar
        self.cancel_button = footer.cancel_button
        self.message = footer.message
        self.remedy_button = footer.remedy_button
        self.yes_button = footer.yes_button
        self.no_button = footer.no_button

    @property
    def compare_window(self) -> CompareWindow | None:
        """None until it is first asked for."""
        return self._review.compare_window

    @property
    def color_dialog(self) -> QtWidgets.QColorDialog | None:
        """None until it is first asked for."""
        return self._palette.color_dialog

    def showEvent(self, a0: QtGui.QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        super().showEvent(a0)
        guarded(lambda: self._commands.docker_shown(True))()

    def hideEvent(self, a0: QtGui.QHideEvent | None) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(a0)
        guarded(lambda: self._commands.docker_shown(False))()
