"""The first page of the docker: layers, engine, options, scope, palette, estimate."""

from __future__ import annotations

import pytest
from support import dock_scene
from support.recording_commands import RecordingCommands

from keycel_plugin.qt import QtCore, QtGui, QtWidgets
from keycel_plugin.state.choice import Estimate
from keycel_plugin.state.model import Model
from keycel_plugin.state.records import Choice, Scope, Spacing
from keycel_plugin.ui.dock import Dock
from keycel_plugin.ui.pickers import Picker


def pick(picker: Picker, words: str) -> None:
    [row] = [row for row in range(picker.count()) if picker.itemText(row).strip() == words]
    picker.setCurrentIndex(row)
    picker.activated.emit(row)


def words_of(picker: Picker) -> list[str]:
    return [picker.itemText(row).strip() for row in range(picker.count())]


def test_layers_are_listed_as_in_krita_and_chosen_by_id(dock: Dock, commands: RecordingCommands) -> None:
    assert words_of(dock.line_picker) == ["Lines", "Characters", "Colour keys", "Keycel colours"]
    assert dock.line_picker.itemText(2).startswith("    ")
    assert (dock.line_picker.currentData(), dock.color_picker.currentData()) == ("lines", "keys")
    pick(dock.line_picker, "Characters")
    pick(dock.color_picker, "Lines")
    assert commands.named("choose_line") == [("group",)]
    assert commands.named("choose_color") == [("lines",)]


def test_a_reference_layer_is_chosen_or_none(dock: Dock, model: Model, commands: RecordingCommands) -> None:
    assert words_of(dock.reference_picker)[:2] == ["None", "Lines"]
    assert dock.reference_picker.currentText() == "None"
    pick(dock.reference_picker, "Lines")
    assert commands.named("choose_reference") == [("lines",)]
    model.choice.show(dock_scene.LAYERS, Choice(reference_layer="lines"))
    assert dock.reference_picker.currentText() == "Lines"


def test_what_a_keyframe_after_an_image_is_made_from(
    dock: Dock, model: Model, commands: RecordingCommands
) -> None:
    dock.image_layer_button.click()
    assert commands.named("color_after_image") == [("",)]
    dock.image_file_button.click()
    dialog = dock.findChild(QtWidgets.QFileDialog) or dock.window().findChild(QtWidgets.QFileDialog)
    assert dialog is not None
    dialog.fileSelected.emit("/images/sheet.png")
    dialog.close()
    assert commands.named("color_after_image") == [("",), ("/images/sheet.png",)]
    pick(dock.mask_picker, "Lines")
    assert commands.named("choose_mask") == [("lines",)]
    assert list(dock.image_options_form.editors) == ["mode", "steps"]
    steps = dock.image_options_form.editors["steps"].widget
    assert isinstance(steps, QtWidgets.QSpinBox)
    steps.setValue(8)
    assert commands.named("set_image_option") == [("steps", 8)]
    model.choice.show(dock_scene.LAYERS, Choice(mask_layer="keys", image_options={"steps": 9}))
    assert dock.mask_picker.currentText().strip() == "Colour keys"
    assert steps.value() == 9
    assert dock.image_options_form.heading.text() == "Options of the image (1 changed)"
    model.choice.show_engines((dock_scene.FLAT,))
    assert dock.image_options_form.isHidden()


def test_opening_a_list_looks_for_new_layers(dock: Dock, commands: RecordingCommands) -> None:
    dock.color_picker.opening.emit()
    assert commands.named("refresh") == [()]


def test_a_layer_that_is_gone_is_shown_as_not_chosen(dock: Dock, model: Model) -> None:
    model.choice.show(dock_scene.LAYERS[1:], model.choice.choice)
    assert dock.line_picker.currentIndex() == -1


def test_result_is_a_new_layer_or_one_of_ours(dock: Dock, model: Model, commands: RecordingCommands) -> None:
    assert words_of(dock.result_picker) == ["New layer", "Keycel colours"]
    assert dock.result_picker.currentData() == "ours"
    pick(dock.result_picker, "New layer")
    pick(dock.result_picker, "Keycel colours")
    assert commands.named("choose_result") == [("",), ("ours",)]
    model.choice.show(dock_scene.LAYERS, Choice(result_layer="ours", new_layer=True))
    assert dock.result_picker.currentText() == "New layer"


def test_result_says_what_happens_while_nothing_is_chosen(
    dock: Dock, model: Model, commands: RecordingCommands
) -> None:
    model.choice.show(dock_scene.LAYERS, Choice())
    assert dock.result_picker.currentText() == "Our latest layer, else a new one"
    pick(dock.result_picker, "Our latest layer, else a new one")
    assert commands.named("choose_result") == []
    model.choice.show(dock_scene.LAYERS[:3], Choice())
    assert dock.result_picker.currentText() == "New layer"


def test_engine_and_scope_are_chosen(dock: Dock, commands: RecordingCommands) -> None:
    pick(dock.engine_picker, "Every kind of option")
    pick(dock.scope_picker, "Frames selected in the timeline")
    pick(dock.scope_picker, "Current frame")
    assert commands.named("choose_engine") == [("every",)]
    assert commands.named("choose_scope") == [(Scope.SELECTED,), (Scope.CURRENT,)]


def test_the_form_is_made_from_the_engines_description(
    dock: Dock, model: Model, commands: RecordingCommands
) -> None:
    model.choice.show(dock_scene.LAYERS, Choice(engine="every"))
    editors = {name: editor.widget for name, editor in dock.options_form.editors.items()}
    assert list(editors) == ["switch", "steps", "strength", "style", "hint"]
    switch, steps, strength, style, hint = editors.values()
    assert isinstance(switch, QtWidgets.QCheckBox)
    assert isinstance(steps, QtWidgets.QSpinBox)
    assert isinstance(strength, QtWidgets.QDoubleSpinBox)
    assert isinstance(style, QtWidgets.QComboBox)
    assert isinstance(hint, QtWidgets.QLineEdit)
    assert (switch.isChecked(), steps.value(), strength.value()) == (True, 20, 0.5)
    assert (steps.minimum(), steps.maximum(), strength.minimum(), strength.maximum()) == (1, 50, 0, 1)
    assert [style.itemText(row) for row in range(style.count())] == ["cel", "painted"]
    assert steps.toolTip() == "How many."
    assert commands.named("set_option") == []

    switch.click()
    steps.setValue(30)
    strength.setValue(0.75)
    style.setCurrentIndex(1)
    style.activated.emit(1)
    hint.setText("sunset")
    hint.editingFinished.emit()
    hint.editingFinished.emit()
    assert commands.named("set_option") == [
        ("switch", False),
        ("steps", 30),
        ("strength", 0.75),
        ("style", "painted"),
        ("hint", "sunset"),
    ]


def test_options_show_the_record_and_reset_to_the_engines_defaults(
    dock: Dock, model: Model, commands: RecordingCommands
) -> None:
    gap = dock.options_form.editors["gap"].widget
    assert isinstance(gap, QtWidgets.QSpinBox)
    assert gap.value() == 4
    assert dock.options_form.heading.text() == "Options (1 changed)"
    dock.options_form.reset_button.click()
    assert commands.named("set_option") == [("gap", 0)]
    model.choice.show(dock_scene.LAYERS, Choice())
    assert gap.value() == 0
    assert not dock.options_form.reset_button.isEnabled()
    assert commands.named("set_option") == [("gap", 0)]


def test_options_open_and_close(dock: Dock) -> None:
    gap = dock.options_form.editors["gap"].widget
    assert not gap.isVisible()
    dock.options_form.heading.click()
    assert gap.isVisible()
    dock.options_form.heading.click()
    assert not gap.isVisible()


def test_no_form_before_the_backend_is_known(dock: Dock, model: Model) -> None:
    model.choice.show_engines(())
    assert dock.options_form.editors == {}
    assert dock.options_form.isHidden()
    assert dock.engine_picker.currentIndex() == -1


def test_the_wheel_scrolls_the_page_and_changes_nothing(
    dock: Dock, application: QtWidgets.QApplication, commands: RecordingCommands
) -> None:
    picker = dock.scope_picker
    dock.colorize_button.setFocus()
    wheel = QtGui.QWheelEvent(
        QtCore.QPointF(5, 5),
        QtCore.QPointF(picker.mapToGlobal(QtCore.QPoint(5, 5))),
        QtCore.QPoint(0, -120),
        QtCore.QPoint(0, -120),
        QtCore.Qt.MouseButton.NoButton,
        QtCore.Qt.KeyboardModifier.NoModifier,
        QtCore.Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    application.sendEvent(picker, wheel)
    assert picker.currentData() == Scope.ALL.value
    assert commands.named("choose_scope") == []


def test_a_palette_file_restricts_the_colours(
    dock: Dock, model: Model, commands: RecordingCommands, application: QtWidgets.QApplication
) -> None:
    assert dock.palette_button.words() == "As in the keyframes…"
    assert not dock.clear_palette_button.isEnabled()
    dock.palette_button.click()
    dialog = dock.findChild(QtWidgets.QFileDialog) or dock.window().findChild(QtWidgets.QFileDialog)
    assert dialog is not None
    assert dialog.isVisible()
    assert not dialog.isModal()
    assert dialog.nameFilters() == ["Palettes (*.gpl *.kpl)"]
    dialog.fileSelected.emit("/palettes/film.gpl")
    dialog.close()
    application.processEvents()
    assert commands.named("load_palette") == [("/palettes/film.gpl",)]

    model.choice.show(dock_scene.LAYERS, Choice(palette_name="film.gpl", palette=((1, 2, 3, 255),)))
    assert dock.palette_button.words() == "film.gpl"
    assert "one colour" in dock.palette_button.toolTip()
    dock.clear_palette_button.click()
    assert commands.named("clear_palette") == [()]


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (None, "No estimate yet"),
        (Estimate(0, 0, 0, 0), "No drawing to colour"),
        (Estimate(24, 0, 12.3, 610_000_000), "24 drawings · about 12 s · 0.6 GB"),
        (
            Estimate(24, 10, 200, 61_000_000),
            "24 drawings · about 3 min · 61 MB; 10 are stored already",
        ),
        (Estimate(1, 0, 0.2, 0), "One drawing · less than a second · 1 MB"),
        (Estimate(24, 1, 9000, 2e9), "24 drawings · about 2 h · 2.0 GB; one is stored already"),
        (Estimate(3, 3, 0, 0), "3 drawings: all stored already, nothing to compute"),
    ],
)
def test_the_cost_is_told_before_the_work(
    dock: Dock, model: Model, estimate: Estimate | None, words: str
) -> None:
    model.choice.show_estimate(Estimate(5, 5, 5, 5))
    model.choice.show_estimate(estimate)
    assert dock.estimate_label.text() == words


def test_work_is_started_by_two_buttons(dock: Dock, commands: RecordingCommands) -> None:
    dock.colorize_button.click()
    dock.spread_button.click()
    assert [call[0] for call in commands.calls if call[0] in ("colorize", "spread")] == ["colorize", "spread"]


def test_nothing_can_be_chosen_while_work_goes_on(dock: Dock, model: Model) -> None:
    parts = (
        dock.line_picker,
        dock.color_picker,
        dock.result_picker,
        dock.engine_picker,
        dock.scope_picker,
        dock.options_form,
        dock.palette_button,
        dock.colorize_button,
        dock.spread_button,
        dock.regenerate_button,
    )
    model.progress.show("Colouring frames", 1, 24)
    assert [part.isEnabled() for part in parts] == [False] * len(parts)
    model.progress.finish("Done")
    assert [part.isEnabled() for part in parts] == [True] * len(parts)


def test_showing_and_hiding_is_told(dock: Dock, commands: RecordingCommands) -> None:
    dock.hide()
    dock.show()
    assert commands.named("docker_shown") == [(False,), (True,)]


def test_spacing_of_in_betweens_and_what_they_would_cost(
    dock: Dock, model: Model, commands: RecordingCommands
) -> None:
    assert dock.spacing_picker.currentText() == "Evenly spaced"
    assert words_of(dock.spacing_picker)[1:3] == ["Starting slowly", "Ending slowly"]
    pick(dock.spacing_picker, "Starting and ending slowly")
    assert commands.named("choose_spacing") == [(Spacing.SLOW_BOTH,)]
    model.choice.show(dock_scene.LAYERS, Choice(spacing=Spacing.SLOW_IN))
    assert dock.spacing_picker.currentText() == "Ending slowly"
    assert dock.inbetween_estimate_label.text() == "7 frames · about 4 s · 0.3 GB"
    model.choice.show_inbetween_estimate(Estimate(7, 7, 0.0, 5))
    assert dock.inbetween_estimate_label.text() == "7 frames: all stored already, nothing to compute"
    model.choice.show_inbetween_estimate(None)
    assert dock.inbetween_estimate_label.isHidden()
