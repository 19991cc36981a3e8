"""The docker shows the controller's state and passes clicks on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.memory_backend import MemoryBackend
from support.memory_host import MemoryDocument, MemoryHost, MemoryLayer, flat_picture

from keycel_plugin.flow.controller import Controller
from keycel_plugin.qt import QtWidgets
from keycel_plugin.ui.dock import Dock

RunUntil = Callable[..., None]


@pytest.fixture
def document() -> MemoryDocument:
    return MemoryDocument(
        MemoryLayer("keys", "Colour keys", {0: flat_picture(200)}),
        MemoryLayer("lines", "Lines", {0: flat_picture(10), 2: flat_picture(20)}),
    )


@pytest.fixture
def controller(document: MemoryDocument) -> Controller:
    return Controller(MemoryHost(document), MemoryBackend())


@pytest.fixture
def dock(controller: Controller, application: QtWidgets.QApplication) -> Dock:
    del application
    dock = Dock(controller)
    controller.refresh()
    return dock


def test_layers_are_listed_and_suggested_by_name(dock: Dock) -> None:
    listed = [dock.line_picker.itemText(index) for index in range(dock.line_picker.count())]
    assert listed == ["Lines", "Colour keys"]
    assert dock.line_picker.currentData() == "lines"
    assert dock.color_picker.currentData() == "keys"


def test_new_layers_appear_when_the_list_opens(dock: Dock, document: MemoryDocument) -> None:
    document.stack.append(MemoryLayer("more", "Second lines", {0: flat_picture(1)}))
    dock.line_picker.opening.emit()
    assert dock.line_picker.count() == 3
    assert dock.line_picker.currentData() == "lines"


def test_a_pick_is_kept_until_its_layer_is_gone(
    dock: Dock, controller: Controller, document: MemoryDocument
) -> None:
    document.stack.append(MemoryLayer("more", "Second", {0: flat_picture(1)}))
    controller.refresh()
    dock.line_picker.setCurrentIndex(dock.line_picker.findData("more"))
    dock.line_picker.activated.emit(dock.line_picker.currentIndex())
    assert controller.choice.line_layer == "more"
    controller.refresh()
    assert dock.line_picker.currentData() == "more"
    document.stack.pop()
    controller.refresh()
    assert dock.line_picker.currentData() == "lines"


def test_buttons_follow_the_work(dock: Dock, controller: Controller, run_until: RunUntil) -> None:
    assert dock.colorize_button.isEnabled()
    assert not dock.cancel_button.isEnabled()
    dock.colorize_button.click()
    assert not dock.colorize_button.isEnabled()
    assert not dock.regenerate_button.isEnabled()
    assert dock.cancel_button.isEnabled()
    run_until(lambda: not controller.busy)
    assert dock.colorize_button.isEnabled()
    assert dock.progress_bar.isHidden()
    assert "2 drawings coloured" in dock.message.text()


def test_errors_show_sentence_and_remedy(dock: Dock, document: MemoryDocument, run_until: RunUntil) -> None:
    document.layer("keys").keyframes.clear()
    dock.colorize_button.click()
    run_until(dock.colorize_button.isEnabled)
    assert dock.message.text() == (
        "The colour layer has no painted keyframe on any drawing.\n"
        "Paint at least one frame of the shot on the colour layer, or choose another colour layer."
    )
    assert "DOC_NO_KEYFRAME" in dock.message.toolTip()


def test_choices_come_back_from_the_document(
    dock: Dock, document: MemoryDocument, run_until: RunUntil
) -> None:
    dock.colorize_button.click()
    run_until(dock.colorize_button.isEnabled)
    document.layer("lines").name = "A"
    document.layer("keys").name = "B"
    fresh = Controller(MemoryHost(document), MemoryBackend())
    fresh.refresh()
    assert (fresh.choice.line_layer, fresh.choice.color_layer) == ("lines", "keys")


def test_news_does_not_make_the_docker_taller(
    dock: Dock, controller: Controller, run_until: RunUntil
) -> None:
    dock.resize(260, dock.sizeHint().height())
    before = dock.minimumSizeHint().height()
    dock.colorize_button.click()
    assert controller.busy
    assert dock.minimumSizeHint().height() == before
    run_until(lambda: not controller.busy)
    assert len(dock.message.text()) > 20
    assert dock.minimumSizeHint().height() == before
