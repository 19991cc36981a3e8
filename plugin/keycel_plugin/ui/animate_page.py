"""The page that makes an animation from one drawing and a sentence."""

from __future__ import annotations

from functools import partial

from keycel_plugin.qt import QtWidgets
from keycel_plugin.slots import guarded, guarded_method
from keycel_plugin.state.model import Model
from keycel_plugin.ui.commands import Commands
from keycel_plugin.ui.estimate_words import estimate_words
from keycel_plugin.ui.icons import SnugButton
from keycel_plugin.ui.option_editors import Editor, editor_for
from keycel_plugin.ui.options_form import OptionsForm
from keycel_plugin.ui.wheel import WheelGuard
from keycel_plugin.words import _
from keycel_shared.messages import EngineOption

FIRST = ("prompt", "frames", "exposure")
"""Options in sight; the others are behind the heading."""


class AnimatePage(QtWidgets.QWidget):
    def __init__(self, model: Model, commands: Commands) -> None:
        super().__init__()
        self._model = model
        self._commands = commands
        self._options: tuple[EngineOption, ...] = ()
        self._guard = WheelGuard(self)
        self.editors: dict[str, Editor] = {}
        """Of the options in sight, by name."""
        self.explanation = QtWidgets.QLabel()
        self.options_form = OptionsForm(model.animation, commands.set_animation_option, FIRST)
        self.animate_button = SnugButton(
            _("Animate"),
            _("Animate the drawing under the playhead, on a new layer; your own stay as they are"),
        )
        self.another_button = SnugButton(
            _("Another take"), _("Another animation of the same drawing and sentence, on a layer of its own")
        )
        self.estimate_label = QtWidgets.QLabel()
        self._form = QtWidgets.QFormLayout()
        self._lay_out()
        model.animation.changed.connect(self._show)
        model.animation.estimate_changed.connect(self._show_estimate)
        model.progress.changed.connect(self._show_news)
        self._show()
        self._show_estimate()
        self._show_news()

    def _lay_out(self) -> None:
        self.explanation.setWordWrap(True)
        self.estimate_label.setWordWrap(True)
        self.estimate_label.setToolTip(_("What the work would cost: drawings, time, memory"))
        self._form.setFieldGrowthPolicy(QtWidgets.QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setVerticalSpacing(4)
        font = self.animate_button.font()
        font.setBold(True)
        self.animate_button.setFont(font)
        buttons = QtWidgets.QHBoxLayout()
        for button, another in ((self.animate_button, False), (self.another_button, True)):
            button.setMinimumHeight(2 * self.fontMetrics().height())
            button.clicked.connect(guarded(partial(self._commands.animate, another)))
            buttons.addWidget(button, 1 if another else 2)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addWidget(self.explanation)
        column.addLayout(self._form)
        column.addWidget(self.options_form)
        column.addStretch(1)
        column.addWidget(self.estimate_label)
        column.addLayout(buttons)

    @guarded_method
    def _show(self) -> None:
        animation = self._model.animation
        engine = animation.engine
        options = tuple(option for option in engine.options if option.name in FIRST) if engine else ()
        if options != self._options:
            self._options = options
            self._fresh_editors()
        for name, editor in self.editors.items():
            editor.show(animation.option(name))
        self.explanation.setText(_(engine.title) if engine else _("Known when the backend runs"))
        self._show_news()

    @guarded_method
    def _show_estimate(self) -> None:
        self.estimate_label.setText(estimate_words(self._model.animation.estimate))

    def _fresh_editors(self) -> None:
        while self._form.rowCount():
            self._form.removeRow(0)
        self.editors = {}
        for option in self._options:
            editor = editor_for(option, partial(self._commands.set_animation_option, option.name))
            self.editors[option.name] = editor
            self._guard.protect(editor.widget)
            editor.widget.setToolTip(_(option.help))
            editor.widget.setAccessibleName(_(option.title))
            self._form.addRow(_(option.title), editor.widget)

    @guarded_method
    def _show_news(self) -> None:
        """Work goes on with what was chosen when it began."""
        idle = not self._model.progress.news.busy
        possible = idle and self._model.animation.engine is not None
        for editor in self.editors.values():
            editor.widget.setEnabled(idle)
        self.options_form.setEnabled(idle)
        for button in (self.animate_button, self.another_button):
            button.setEnabled(possible)
