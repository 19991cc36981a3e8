"""The second and third page of the docker: frame strip, takes, unsure regions, colours."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support import dock_scene
from support.hands import Key, Modifier, click, press
from support.recording_commands import RecordingCommands

from keycel_plugin.qt import QtCore, QtGui, QtWidgets
from keycel_plugin.state.model import Model
from keycel_plugin.state.records import Choice
from keycel_plugin.state.review import Cell
from keycel_plugin.ui.dock import Dock
from keycel_plugin.ui.strip_model import CELL, CURRENT, THUMBNAIL
from keycel_shared.states import FrameState


@pytest.fixture
def dock(dock: Dock, commands: RecordingCommands, application: QtWidgets.QApplication) -> Dock:
    """Opened on the page “Review”."""
    dock.pages.setCurrentIndex(1)
    application.processEvents()
    commands.calls.clear()
    return dock


def cell_index(dock: Dock, row: int) -> QtCore.QModelIndex:
    cells = dock.strip.model()
    assert cells is not None
    return cells.index(row, 0)


def selected_times(dock: Dock) -> list[int]:
    return sorted(index.data(CELL).time for index in dock.strip.selectedIndexes())


# -------------------------------------------------------------------------------- frame strip


def test_one_cell_per_drawing_with_all_its_facts_in_words(dock: Dock) -> None:
    cells = [cell_index(dock, row) for row in range(len(dock_scene.CELLS))]
    assert [cell.data() for cell in cells] == ["0", "2", "4", "5", "8", "10", "12", "15", "16"]
    tips = [str(cell.data(QtCore.Qt.ItemDataRole.ToolTipRole)) for cell in cells]
    assert tips[0].splitlines() == [
        "Frame 0: accepted by you",
        "Held for 2 frames",
        "You have painted a keyframe for this drawing",
        "One take",
    ]
    assert "3 unsure regions" in tips[2]
    assert "painted on by you" in tips[3]
    assert "the drawing or its key sketches have changed" in tips[4]
    assert "Locked: nothing changes its colours" in tips[4]
    assert tips[5].endswith("The engine failed at this frame.")
    assert "no colours yet" in tips[6]
    assert len({tip.splitlines()[0].partition(": ")[2] for tip in tips}) == len(FrameState)


def test_a_click_goes_there_and_selects(dock: Dock, commands: RecordingCommands) -> None:
    click(dock.strip, cell_index(dock, 1))
    assert commands.named("go_to") == [(2,)]
    assert commands.named("select") == [((2,),)]


def test_several_cells_are_selected_with_shift_and_ctrl(dock: Dock, commands: RecordingCommands) -> None:
    click(dock.strip, cell_index(dock, 0))
    click(dock.strip, cell_index(dock, 3), Modifier.ShiftModifier)
    click(dock.strip, cell_index(dock, 1), Modifier.ControlModifier)
    assert commands.named("select")[-1] == ((0, 4, 5),)
    assert commands.named("go_to") == [(0,), (5,)], "not to the cell that was taken out"


def test_arrow_keys_take_the_playhead_along(dock: Dock, commands: RecordingCommands) -> None:
    dock.strip.setFocus()
    press(dock.strip, Key.Key_Right)
    assert commands.named("go_to") == [(5,)]
    assert commands.named("select") == [((5,),)]
    press(dock.strip, Key.Key_Right, Modifier.ShiftModifier)
    assert commands.named("select")[-1] == ((5, 8),)


def test_the_strip_follows_the_model_without_asking_for_anything(
    dock: Dock, model: Model, commands: RecordingCommands
) -> None:
    assert selected_times(dock) == [4, 5]
    assert [cell_index(dock, row).data(CURRENT) for row in (1, 2)] == [False, True]
    model.review.show_current(2)
    model.review.show_selection((8, 10))
    assert [cell_index(dock, row).data(CURRENT) for row in (1, 2)] == [True, False]
    assert selected_times(dock) == [8, 10]
    assert commands.calls == []


def test_new_states_keep_selection_and_place(dock: Dock, model: Model, commands: RecordingCommands) -> None:
    bar = dock.strip.verticalScrollBar()
    assert bar is not None
    bar.setValue(bar.maximum())
    place = bar.value()
    model.review.show_cells([replace(cell, state=FrameState.ACCEPTED) for cell in dock_scene.CELLS])
    assert cell_index(dock, 1).data(CELL).state is FrameState.ACCEPTED
    assert selected_times(dock) == [4, 5]
    assert bar.value() == place
    assert commands.calls == []


def test_other_drawings_replace_the_cells(dock: Dock, model: Model, commands: RecordingCommands) -> None:
    model.review.show_cells([Cell(5, 6), Cell(7, 9)])
    assert [cell_index(dock, row).data() for row in range(2)] == ["5", "7"]
    assert selected_times(dock) == [5]
    assert commands.calls == []


def test_thumbnails_come_one_by_one_and_go_with_the_document(dock: Dock, model: Model) -> None:
    picture = QtGui.QImage(8, 8, QtGui.QImage.Format.Format_ARGB32)
    model.thumbnails.put(2, picture)
    assert cell_index(dock, 1).data(THUMBNAIL) == picture
    model.thumbnails.clear()
    assert cell_index(dock, 1).data(THUMBNAIL) is None


@pytest.mark.parametrize("width", [230, 260, 300, 340, 700])
def test_cells_fill_the_width_whatever_it_is(
    dock: Dock, model: Model, application: QtWidgets.QApplication, width: int
) -> None:
    model.review.show_cells([Cell(time, time + 1) for time in range(40)])
    dock.resize(width, 800)
    application.processEvents()
    viewport = dock.strip.viewport()
    assert viewport is not None
    rects = [dock.strip.visualRect(cell_index(dock, row)) for row in range(40)]
    columns = len({rect.left() for rect in rects})
    assert columns >= 2
    assert rects[columns].top() > rects[0].top()
    right = max(rect.right() for rect in rects)
    assert viewport.width() - columns - 2 <= right <= viewport.width()


def test_states_differ_in_shape_not_only_in_colour(dock: Dock, application: QtWidgets.QApplication) -> None:
    """In one and the same ink every state still looks different."""
    del application
    from keycel_plugin.ui.marks import draw_state

    ink = QtGui.QColor(0, 0, 0)
    seen: set[bytes] = set()
    for state in FrameState:
        picture = QtGui.QImage(12, 12, QtGui.QImage.Format.Format_ARGB32)
        picture.fill(QtCore.Qt.GlobalColor.white)
        painter = QtGui.QPainter(picture)
        draw_state(painter, QtCore.QRectF(1, 1, 10, 10), state, ink)
        painter.end()
        bits = picture.constBits()
        assert bits is not None
        seen.add(bits.asstring(picture.sizeInBytes()))
    assert len(seen) == len(FrameState)
    del dock


# -------------------------------------------------------------------------------- buttons


def test_buttons_of_the_review(dock: Dock, commands: RecordingCommands) -> None:
    for button in (
        dock.previous_unsure_button,
        dock.next_unsure_button,
        dock.accept_button,
        dock.lock_button,
        dock.regenerate_button,
    ):
        button.click()
    assert commands.calls == [
        ("previous_unsure",),
        ("next_unsure",),
        ("accept",),
        ("lock",),
        ("regenerate",),
    ]


def test_showing_unsure_regions_is_a_switch(dock: Dock, model: Model, commands: RecordingCommands) -> None:
    dock.unsure_button.click()
    dock.unsure_button.click()
    assert commands.named("show_unsure") == [(True,), (False,)]
    model.choice.show(dock_scene.LAYERS, Choice(show_unsure=True))
    assert dock.unsure_button.isChecked()
    assert commands.named("show_unsure") == [(True,), (False,)]


def test_going_through_frames_stays_possible_during_work(dock: Dock, model: Model) -> None:
    model.progress.show("Colouring frames", 1, 24)
    for part in (dock.strip, dock.unsure_list, dock.next_unsure_button, dock.accept_button, dock.lock_button):
        assert part.isEnabled()
    assert not dock.regenerate_button.isEnabled()


# -------------------------------------------------------------------------------- unsure regions


def region_index(dock: Dock, row: int, column: int = 0) -> QtCore.QModelIndex:
    regions = dock.unsure_list.model()
    assert regions is not None
    return regions.index(row, column)


def test_unsure_regions_say_where_and_why(dock: Dock) -> None:
    rows = [[region_index(dock, row, column).data() for column in range(3)] for row in range(3)]
    assert rows == [
        ["4", "1", "Two colours are about equally likely."],
        ["4", "2", "The match to the painted regions is weak."],
        ["15", "1", "Two colours are about equally likely."],
    ]
    tip = region_index(dock, 0, 2).data(QtCore.Qt.ItemDataRole.ToolTipRole)
    assert tip == "Frame 4, region 1: Two colours are about equally likely. (30 % sure)"


def test_a_guess_on_several_frames_has_one_row(dock: Dock, model: Model) -> None:
    model.review.show_unsure([replace(dock_scene.UNSURE[0], also=(5, 8))])
    assert region_index(dock, 0).data() == "4\N{EN DASH}8"
    tip = region_index(dock, 0, 2).data(QtCore.Qt.ItemDataRole.ToolTipRole)
    assert tip == "Frame 4, 5, 8, region 1: Two colours are about equally likely. (30 % sure)"


def test_click_and_enter_jump_to_the_region(dock: Dock, commands: RecordingCommands) -> None:
    dock.unsure_list.scrollToBottom()
    click(dock.unsure_list, region_index(dock, 2))
    assert commands.named("go_to") == [(15,)]
    dock.unsure_list.setCurrentIndex(region_index(dock, 0))
    press(dock.unsure_list, Key.Key_Return)
    assert commands.named("go_to") == [(15,), (4,)]


def test_the_list_keeps_its_place(dock: Dock, model: Model) -> None:
    dock.unsure_list.setCurrentIndex(region_index(dock, 1))
    model.review.show_unsure(dock_scene.UNSURE[:2])
    assert dock.unsure_list.currentIndex().row() == 1
    model.review.show_unsure(())
    assert not region_index(dock, 0).isValid()


# -------------------------------------------------------------------------------- takes


def test_takes_lie_side_by_side_with_the_chosen_one_marked(dock: Dock) -> None:
    items = [dock.take_cards.item(row) for row in range(dock.take_cards.count())]
    assert [item.text() for item in items if item] == ["1 · engine", "✓ 2 · engine", "3 · yours"]
    assert [item.font().bold() for item in items if item] == [False, True, False]
    rects = [dock.take_cards.visualItemRect(item) for item in items]
    assert len({rect.top() for rect in rects}) == 1
    assert rects[0].left() < rects[1].left() < rects[2].left()


def test_a_click_chooses_a_take(dock: Dock, model: Model, commands: RecordingCommands) -> None:
    item = dock.take_cards.item(0)
    click(dock.take_cards, dock.take_cards.indexFromItem(item))
    assert commands.named("choose_take") == [("take-one",)]
    model.progress.show("Colouring frames", 1, 24)
    click(dock.take_cards, dock.take_cards.indexFromItem(item))
    assert commands.named("choose_take") == [("take-one",)]


def test_takes_are_compared_in_a_window_beside_the_work(
    dock: Dock, model: Model, commands: RecordingCommands, application: QtWidgets.QApplication
) -> None:
    dock.compare_button.click()
    window = dock.compare_window
    assert window is not None
    assert window.isVisible()
    assert not window.isModal()
    assert window.windowTitle() == "Takes of frame 4"
    assert [button.isEnabled() for button in window.use_buttons] == [True, False, True]
    window.use_buttons[2].click()
    assert commands.named("choose_take") == [("take-three",)]
    model.progress.show("Colouring frames", 1, 24)
    assert [button.isEnabled() for button in window.use_buttons] == [False, False, False]
    model.progress.finish("Done")
    model.review.show_takes(dock_scene.TAKES[:1])
    assert [button.isEnabled() for button in window.use_buttons] == [True]
    application.processEvents()
    press(window, Key.Key_Escape)
    assert not window.isVisible()
    dock.compare_button.click()
    assert window.isVisible()


def test_nothing_to_compare_without_takes(dock: Dock, model: Model) -> None:
    model.review.show_takes(())
    assert not dock.compare_button.isEnabled()
    assert dock.take_cards.count() == 0


# -------------------------------------------------------------------------------- colours


def color_cell(dock: Dock, row: int, column: int = 0) -> QtCore.QModelIndex:
    colors = dock.palette_view.model()
    assert colors is not None
    return colors.index(row, column)


def test_colours_with_name_frames_and_pixels(dock: Dock) -> None:
    assert [color_cell(dock, row).data() for row in range(4)] == ["skin", "#5c4033", "coat", "eyes"]
    assert color_cell(dock, 0, 1).data() == "9"
    locale = QtCore.QLocale()
    assert color_cell(dock, 0, 2).data() == locale.toString(48210)
    tip = color_cell(dock, 2).data(QtCore.Qt.ItemDataRole.ToolTipRole)
    assert tip.splitlines() == [
        "coat (#c8283c)",
        "On 7 frames",
        "Replaces #285aa0 of the keyframes",
    ]


def test_a_name_is_edited_in_place(
    dock: Dock, commands: RecordingCommands, application: QtWidgets.QApplication
) -> None:
    dock.pages.setCurrentIndex(2)
    colors = dock.palette_view.model()
    assert colors is not None
    dock.palette_view.setCurrentIndex(color_cell(dock, 1))
    dock.rename_button.click()
    [editor] = dock.palette_view.findChildren(QtWidgets.QLineEdit)
    editor.setText(" hair ")
    press(editor, Key.Key_Return)
    application.processEvents()
    assert commands.named("rename_color") == [(dock_scene.HAIR, "hair")]
    assert not colors.setData(color_cell(dock, 0), "skin")
    assert len(commands.named("rename_color")) == 1


def test_a_colour_is_replaced_in_a_window_beside_the_work(
    dock: Dock, model: Model, commands: RecordingCommands
) -> None:
    assert not dock.replace_button.isEnabled()
    dock.pages.setCurrentIndex(2)
    dock.palette_view.setCurrentIndex(color_cell(dock, 2))
    dock.replace_button.click()
    dialog = dock.color_dialog
    assert dialog is not None
    assert not dialog.isModal()
    assert dialog.testOption(QtWidgets.QColorDialog.ColorDialogOption.DontUseNativeDialog)
    assert dialog.currentColor() == QtGui.QColor(*dock_scene.SCARF)
    dialog.colorSelected.emit(QtGui.QColor(1, 2, 3))
    dialog.close()
    assert commands.named("replace_color") == [(dock_scene.COAT, (1, 2, 3, 255))]

    dock.restore_button.click()
    assert commands.named("replace_color")[1:] == [(dock_scene.COAT, dock_scene.COAT)]
    model.progress.show("Colouring frames", 1, 24)
    assert not dock.replace_button.isEnabled()
    assert not dock.restore_button.isEnabled()
    model.progress.finish("Done")
    dock.palette_view.setCurrentIndex(color_cell(dock, 0))
    assert dock.replace_button.isEnabled()
    assert not dock.restore_button.isEnabled()


def test_the_chosen_colour_stays_chosen_when_counts_change(dock: Dock, model: Model) -> None:
    dock.palette_view.setCurrentIndex(color_cell(dock, 2))
    model.review.show_palette([replace(swatch, pixels=7) for swatch in dock_scene.PALETTE])
    assert dock.palette_view.currentIndex().row() == 2
    assert color_cell(dock, 2, 2).data() == "7"
