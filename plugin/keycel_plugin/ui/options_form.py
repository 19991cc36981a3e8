"""The options of the chosen engine, behind a heading that opens and closes them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from keycel_plugin.qt import QtCore, QtWidgets
from keycel_plugin.slots import guarded, guarded_method
from keycel_plugin.state.animation import Animation
from keycel_plugin.state.choice import ShotChoice
from keycel_plugin.state.image_choice import ImageChoice
from keycel_plugin.ui.icons import SnugButton
from keycel_plugin.ui.option_editors import Editor, editor_for
from keycel_plugin.ui.wheel import WheelGuard
from keycel_plugin.words import _
from keycel_shared.messages import EngineOption, OptionValue


class OptionsForm(QtWidgets.QWidget):
    """Generated anew whenever the engine's description changes."""

    def __init__(
        self,
        choice: ShotChoice | ImageChoice | Animation,
        set_option: Callable[[str, OptionValue], None],
        without: Collection[str] = (),
        title: str = "",
    ) -> None:
        """`without`: options that have a place of their own elsewhere. `title`: of the heading."""
        super().__init__()
        self._choice = choice
        self._set_option = set_option
        self._without = without
        self._title = title or _("Options")
        self._options: tuple[EngineOption, ...] = ()
        self._guard = WheelGuard(self)
        self.editors: dict[str, Editor] = {}
        """By the option's name."""
        self.heading = QtWidgets.QToolButton()
        self.reset_button = SnugButton(_("Reset"), _("All options as the engine suggests them"))
        self._body = QtWidgets.QWidget()
        self._lay_out()
        choice.changed.connect(self._show)
        self._show()

    def _lay_out(self) -> None:
        self.heading.setCheckable(True)
        self.heading.setAutoRaise(True)
        self.heading.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.heading.setToolTip(_("Settings of the engine"))
        self.heading.toggled.connect(self._open)
        self.reset_button.clicked.connect(guarded(self._reset))
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.heading)
        column.addWidget(self._body)
        self._fresh_body()
        self._open(False)

    @guarded_method
    def _open(self, opened: bool) -> None:
        arrow = QtCore.Qt.ArrowType
        self.heading.setArrowType(arrow.DownArrow if opened else arrow.RightArrow)
        self._body.setVisible(opened)

    @guarded_method
    def _show(self) -> None:
        engine = self._choice.engine
        options = (
            tuple(option for option in engine.options if option.name not in self._without) if engine else ()
        )
        if options != self._options:
            self._options = options
            self._fresh_body()
        for name, editor in self.editors.items():
            editor.show(self._choice.option(name))
        changed = sum(self._choice.option(option.name) != option.default for option in options)
        self.heading.setText(
            _("{title} ({count} changed)").format(title=self._title, count=changed)
            if changed
            else self._title
        )
        self.reset_button.setEnabled(changed > 0)
        self.setVisible(bool(options))

    def _fresh_body(self) -> None:
        """Replace the whole form: rows of the former engine leave nothing behind."""
        column = self.layout()
        former = self._body
        self.reset_button.setParent(self)
        self._body = QtWidgets.QWidget()
        self._body.setVisible(self.heading.isChecked())
        self.editors = {}
        form = QtWidgets.QFormLayout(self._body)
        form.setContentsMargins(12, 0, 0, 0)
        form.setFieldGrowthPolicy(QtWidgets.QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for option in self._options:
            self._add_row(form, option)
        form.addRow(self.reset_button)
        if column is not None:
            column.replaceWidget(former, self._body)
        former.deleteLater()

    def _add_row(self, form: QtWidgets.QFormLayout, option: EngineOption) -> None:
        editor = editor_for(option, partial(self._set_option, option.name))
        self.editors[option.name] = editor
        self._guard.protect(editor.widget)
        editor.widget.setToolTip(_(option.help))
        editor.widget.setAccessibleName(_(option.title))
        label = QtWidgets.QLabel(_(option.title))
        label.setWordWrap(True)
        label.setToolTip(_(option.help))
        label.setBuddy(editor.widget)
        form.addRow(label, editor.widget)

    def _reset(self) -> None:
        for option in self._options:
            if self._choice.option(option.name) != option.default:
                self._set_option(option.name, option.default)
