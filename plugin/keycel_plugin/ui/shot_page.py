"""The first page: what to colour, how, and the buttons that start it."""

from __future__ import annotations

from keycel_plugin.qt import QtCore, QtWidgets
from keycel_plugin.slots import guarded, guarded_method
from keycel_plugin.state.model import Model
from keycel_plugin.state.records import Scope
from keycel_plugin.ui.commands import Commands
from keycel_plugin.ui.estimate_words import estimate_words
from keycel_plugin.ui.icons import Icons, SnugButton
from keycel_plugin.ui.image_button import ImageButtons
from keycel_plugin.ui.inbetween_part import InbetweenPart
from keycel_plugin.ui.options_form import OptionsForm
from keycel_plugin.ui.palette_restriction import PaletteRestriction
from keycel_plugin.ui.pickers import LayerPicker, OptionalLayerPicker, Picker, ResultPicker
from keycel_plugin.ui.scrolling import scrollable
from keycel_plugin.ui.wheel import WheelGuard
from keycel_plugin.words import _

_ESTIMATE_LINES = 2
_FORM_ROWS_AT_LEAST = 1


class ShotPage(QtWidgets.QWidget):
    def __init__(self, model: Model, commands: Commands, icons: Icons) -> None:
        super().__init__()
        self._model = model
        self._commands = commands
        self.line_picker = LayerPicker(_("The layer (or group) with the drawings"))
        self.color_picker = LayerPicker(_("The layer with the painted keyframes; one is enough"))
        self.reference_picker = OptionalLayerPicker(
            _("A layer with a picture of the character, for engines that colour from one")
        )
        self.result_picker = ResultPicker(_("Where the colours go: a new layer, or one that Keycel has made"))
        self.engine_picker = Picker(_("What colours the drawings"), _("Known when the backend runs"))
        self.scope_picker = Picker(_("Which drawings are coloured; locked, accepted and painted ones stay"))
        self.options_form = OptionsForm(model.choice, commands.set_option)
        self.image_buttons = ImageButtons(model.choice, commands)
        self.mask_picker = OptionalLayerPicker(
            _("A layer on which you have painted where the figure is, for colouring after an image")
        )
        self.image_options_form = OptionsForm(
            model.image, commands.set_image_option, title=_("Options of the image")
        )
        self.restriction = PaletteRestriction(model.choice, commands, icons)
        self.estimate_label = QtWidgets.QLabel()
        self.colorize_button = SnugButton(
            _("Colorize"), _("Colour the drawings; your own layers stay as they are")
        )
        self.spread_button = SnugButton(
            _("Spread"),
            _("Colour all other frames again, with those that you have painted on or accepted as keyframes"),
        )
        self.inbetween_part = InbetweenPart(model.choice, commands)
        self._lay_out()
        self._connect()
        self._show_choice()
        self._show_estimate()
        self._show_news()

    def _lay_out(self) -> None:
        form = QtWidgets.QFormLayout()
        form.setFieldGrowthPolicy(QtWidgets.QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setVerticalSpacing(4)
        # No mnemonics: Alt with a letter opens Krita's menus.
        for words, field in (
            (_("Line layer"), self.line_picker),
            (_("Colour layer"), self.color_picker),
            (_("Reference"), self.reference_picker),
            (_("Result"), self.result_picker),
            (_("Drawings"), self.scope_picker),
            (_("Palette"), self.restriction),
            (_("Engine"), self.engine_picker),
            (_("Keyframe"), self.image_buttons),
            (_("Figure"), self.mask_picker),
        ):
            form.addRow(words, field)
            label = form.labelForField(field)
            if isinstance(label, QtWidgets.QLabel) and field is self.restriction:
                label.setBuddy(self.restriction.palette_button)
        font = self.colorize_button.font()
        font.setBold(True)
        self.colorize_button.setFont(font)
        for button in (self.colorize_button, self.spread_button):
            button.setMinimumHeight(2 * self.fontMetrics().height())
        self.estimate_label.setWordWrap(True)
        self.estimate_label.setToolTip(_("What the work would cost: drawings, time, memory"))
        self.estimate_label.setFixedHeight(_ESTIMATE_LINES * self.fontMetrics().lineSpacing())
        self.estimate_label.setAlignment(
            QtCore.Qt.AlignmentFlag.AlignBottom | QtCore.Qt.AlignmentFlag.AlignLeft
        )
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addWidget(self._scrolled_form(form), 1)
        column.addWidget(self.estimate_label)
        buttons = QtWidgets.QHBoxLayout()
        buttons.addWidget(self.colorize_button, 2)
        buttons.addWidget(self.spread_button, 1)
        column.addLayout(buttons)

    def _scrolled_form(self, form: QtWidgets.QFormLayout) -> QtWidgets.QWidget:
        """A low docker scrolls the choices; the buttons stay in sight."""
        content = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(form)
        column.addWidget(self.options_form)
        column.addWidget(self.image_options_form)
        column.addWidget(self.inbetween_part)
        column.addStretch(1)
        area = scrollable(content)
        area.setMinimumHeight(_FORM_ROWS_AT_LEAST * self.line_picker.sizeHint().height())
        return area

    def _connect(self) -> None:
        commands, guard = self._commands, WheelGuard(self)
        for picker in self._layer_pickers():
            picker.opening.connect(guarded(commands.refresh))
        for picker in self._pickers():
            guard.protect(picker)
        self.line_picker.picked.connect(self._choose_line)
        self.color_picker.picked.connect(self._choose_color)
        self.reference_picker.picked.connect(self._choose_reference)
        self.mask_picker.picked.connect(self._choose_mask)
        self.result_picker.picked.connect(self._choose_result)
        self.engine_picker.picked.connect(self._choose_engine)
        self.scope_picker.picked.connect(self._choose_scope)
        self.colorize_button.clicked.connect(guarded(commands.colorize))
        self.spread_button.clicked.connect(guarded(commands.spread))
        self._model.choice.changed.connect(self._show_choice)
        self._model.choice.estimate_changed.connect(self._show_estimate)
        self._model.progress.changed.connect(self._show_news)

    def _layer_pickers(self) -> tuple[Picker, ...]:
        return (
            self.line_picker,
            self.color_picker,
            self.reference_picker,
            self.mask_picker,
            self.result_picker,
        )

    def _pickers(self) -> tuple[Picker, ...]:
        return (*self._layer_pickers(), self.scope_picker, self.engine_picker)

    # ---------------------------------------------------------------------------- the artist's doing

    @guarded_method
    def _choose_line(self, layer: str) -> None:
        self._commands.choose_line(layer)

    @guarded_method
    def _choose_color(self, layer: str) -> None:
        self._commands.choose_color(layer)

    @guarded_method
    def _choose_reference(self, layer: str) -> None:
        self._commands.choose_reference(layer)

    @guarded_method
    def _choose_mask(self, layer: str) -> None:
        self._commands.choose_mask(layer)

    @guarded_method
    def _choose_result(self, layer: str) -> None:
        self._commands.choose_result(layer)

    @guarded_method
    def _choose_engine(self, name: str) -> None:
        self._commands.choose_engine(name)

    @guarded_method
    def _choose_scope(self, scope: str) -> None:
        self._commands.choose_scope(Scope(scope))

    # ---------------------------------------------------------------------------- following the model

    @guarded_method
    def _show_choice(self) -> None:
        state = self._model.choice
        choice = state.choice
        self.line_picker.show_layers(state.layers, choice.line_layer)
        self.color_picker.show_layers(state.layers, choice.color_layer)
        self.reference_picker.show_layers(state.layers, choice.reference_layer)
        self.mask_picker.show_layers(state.layers, choice.mask_layer)
        self.result_picker.show_layers(state.layers, choice)
        engines = [(engine.name, _(engine.title)) for engine in state.engines if "colorize" in engine.tasks]
        self.engine_picker.show_entries(engines, choice.engine)
        scopes = [
            (Scope.ALL.value, _("All drawings")),
            (Scope.SELECTED.value, _("Frames selected in the timeline")),
            (Scope.CURRENT.value, _("Current frame")),
        ]
        self.scope_picker.show_entries(scopes, choice.scope.value)

    @guarded_method
    def _show_estimate(self) -> None:
        self.estimate_label.setText(estimate_words(self._model.choice.estimate))

    @guarded_method
    def _show_news(self) -> None:
        """Work goes on with what was chosen when it began."""
        idle = not self._model.progress.news.busy
        for widget in (
            *self._pickers(),
            self.options_form,
            self.restriction,
            self.image_options_form,
            self.image_buttons,
            self.colorize_button,
            self.inbetween_part,
            self.spread_button,
        ):
            widget.setEnabled(idle)
