"""Animate: a new layer from the drawing under the playhead; the page that asks for it."""

from __future__ import annotations

from typing import Any, cast

import pytest
from support import dock_scene
from support.artists_desk import Desk, RunUntil
from support.dock_scene import ANIMATING, FLAT
from support.memory_backend import MemoryBackend, inverted
from support.memory_host import SIZE, MemoryHost
from support.recording_commands import RecordingCommands

from keycel_plugin.flow.animate import animate
from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.controller import Controller
from keycel_plugin.qt import QtWidgets
from keycel_plugin.state.model import Model
from keycel_plugin.ui.dock import Dock
from keycel_shared.errors import ErrorCode, ErrorValue, KeycelError
from keycel_shared.messages import OptionValue

OPTIONS: dict[str, OptionValue] = {"prompt": "it hops", "frames": 3, "exposure": 2, "mode": "draft"}


@pytest.fixture
def desk(run_until: RunUntil) -> Desk:
    return Desk(run_until)


def _animate(desk: Desk, take: int = 0, **options: Any) -> None:
    told = {**OPTIONS, **options}
    desk.finish(animate(desk.document, desk.choice, "moving", told, take, desk.context))


def test_one_layer_above_the_lines_in_one_undo_step(desk: Desk) -> None:
    before = {layer.id: dict(layer.keyframes) for layer in desk.document.stack}
    desk.document.time = 5  # the drawing of frame 4 is held there
    _animate(desk)
    assert desk.error is None
    names = [layer.name for layer in desk.document.stack]
    assert names == ["Background", "Colour keys", "Lines", "Keycel animation"]
    drawing = before["lines"][4]
    made = desk.document.layer("Keycel animation")
    assert made.keyframes == {time: inverted(drawing, time) for time in (4, 6, 8)}
    assert made.id in desk.document.our_layers()
    assert desk.undo_steps == 1
    desk.document.undo()
    assert {layer.id: layer.keyframes for layer in desk.document.stack} == before


def test_the_request_is_all_that_matters_to_the_result(desk: Desk) -> None:
    desk.document.time = 3
    _animate(desk)
    _animate(desk, take=2)
    first, second = desk.backend.requests
    assert (first.engine, first.task, first.name) == ("moving", "animate", "shot")
    assert [drawing.time for drawing in first.drawings] == [3]
    assert first.targets == (3, 5, 7)
    assert (first.width, first.height) == SIZE
    assert first.options == OPTIONS
    assert (first.seed, first.redraw) == (0, False)
    assert (second.seed, second.redraw) == (2, True)
    names = [layer.name for layer in desk.document.stack]
    assert names[-2:] == ["Keycel animation 2", "Keycel animation"], "a take is a layer of its own"
    assert len(desk.backend.uploads) == 1, "one drawing, sent once"


def test_what_is_told(desk: Desk) -> None:
    desk.document.notes.append("The new layer is 8-bit in a 16-bit document.")
    _animate(desk)
    assert desk.message == (
        "3 drawings on the new layer “Keycel animation”. Hide “Lines” to see the new layer alone. "
        "Make it the active layer to review its drawings; to colour it, the line layer. "
        "The new layer is 8-bit in a 16-bit document."
    )


def test_the_layer_can_be_coloured_as_any_line_layer(desk: Desk) -> None:
    _animate(desk)
    layer = desk.document.layer("Keycel animation").id
    desk.choice = type(desk.choice)(line_layer=layer, color_layer="keys")
    desk.colorize()
    assert desk.error is None
    assert [drawing.time for drawing in desk.backend.requests[-1].drawings] == [0, 2, 4]


def test_results_are_given_up_only_when_they_are_in_the_document(desk: Desk) -> None:
    acknowledged_before: list[int] = []

    def listen() -> None:
        if desk.progress.news.text == "Checking the new frames":
            acknowledged_before.extend(desk.backend.acknowledged)

    desk.progress.changed.connect(listen)
    _animate(desk)
    assert acknowledged_before == []
    assert len(desk.backend.acknowledged) == 4, "three drawings and the end"


def test_drawings_that_did_not_come_are_named(run_until: RunUntil) -> None:
    def colour(drawing: bytes, number: int) -> bytes:
        if number == 2:
            raise KeycelError(ErrorCode.RUN_FAILED, "The engine failed.", "Try again.")
        return inverted(drawing, number)

    desk = Desk(run_until, backend=MemoryBackend(colour))
    _animate(desk)
    assert "2 drawings on the new layer" in desk.message
    assert "No drawing at 2: " in desk.message
    assert {0, 4} <= desk.document.layer("Keycel animation").keyframes.keys()


def test_nothing_changes_where_nothing_comes(run_until: RunUntil) -> None:
    def colour(_drawing: bytes, _number: int) -> bytes:
        raise KeycelError(ErrorCode.RUN_FAILED, "The engine failed.", "Try again.")

    desk = Desk(run_until, backend=MemoryBackend(colour))
    before = desk.snapshot()
    _animate(desk)
    assert desk.error is not None
    assert desk.snapshot() == before


def test_cancelling_leaves_the_document_as_it_was(desk: Desk) -> None:
    before = desk.snapshot()
    desk.backend.stalls = True
    work = animate(desk.document, desk.choice, "moving", OPTIONS, 0, desk.context)
    task = desk.start(work)
    desk.run_until(lambda: desk.progress.news.done == 1)
    task.cancel()
    desk.run_until(lambda: not task.running)
    assert desk.snapshot() == before
    desk.run_until(lambda: desk.backend.cancelled == ["job-1"])


def test_what_cannot_be_animated_is_told(desk: Desk) -> None:
    before = desk.snapshot()
    cases: list[tuple[ErrorCode, dict[str, Any]]] = [
        (ErrorCode.DOC_BAD_OPTION, {"prompt": "  "}),
        (ErrorCode.DOC_NO_SUCH_FRAME, {"time": 8}),
        (ErrorCode.DOC_NO_SUCH_LAYER, {"line_layer": "gone"}),
        (ErrorCode.DOC_NO_SHOT, {"open": False}),
    ]
    for code, change in cases:
        desk.document.time = change.get("time", 0)
        desk.document.open = change.get("open", True)
        desk.choice = type(desk.choice)(change.get("line_layer", "lines"), "keys")
        _animate(desk, **({"prompt": change["prompt"]} if "prompt" in change else {}))
        assert desk.error is not None
        assert desk.error.code is code
    desk.document.open = True
    assert desk.snapshot()[0] == before[0]


def test_a_damaged_delivery_is_noticed(desk: Desk) -> None:
    desk.document.damage = True
    _animate(desk)
    assert desk.error is not None
    assert desk.error.code is ErrorCode.OUT_READ_BACK


# -------------------------------------------------------------------------------- the docker


def test_engines_that_animate_are_offered_on_their_page_and_no_other(
    desk: Desk, run_until: RunUntil, application: QtWidgets.QApplication
) -> None:
    del application
    desk.backend.engines = (FLAT, ANIMATING)
    controller = Controller(MemoryHost(desk.document), cast("Backend", desk.backend))
    controller.docker_shown(True)
    animation = controller.model.animation
    run_until(lambda: animation.engine is not None)
    assert animation.engine == ANIMATING
    assert [engine.name for engine in controller.model.choice.engines] == ["flat"]
    controller.set_animation_option("prompt", "it hops")
    controller.set_animation_option("frames", 2)
    for another in (False, True, True):
        controller.animate(another)
        run_until(lambda: not controller.busy)
        assert controller.model.progress.news.error is None
    assert [request.seed for request in desk.backend.requests] == [0, 1, 2]
    assert desk.backend.requests[0].options == {**OPTIONS, "frames": 2, "exposure": 1}
    controller.set_animation_option("frames", 3)
    assert animation.take == 0, "other options begin with their first take"
    controller.set_animation_option("frames", 10)
    assert animation.options == {"prompt": "it hops"}
    controller.shut_down()


def test_the_page_shows_sentence_count_and_exposure_and_hides_the_rest(
    dock: Dock, model: Model, commands: RecordingCommands
) -> None:
    page = dock.animate_page
    assert list(page.editors) == ["prompt", "frames", "exposure"]
    assert list(page.options_form.editors) == ["mode"]
    prompt = cast("QtWidgets.QLineEdit", page.editors["prompt"].widget)
    assert prompt.text() == "the cat looks up and blinks"
    prompt.setText("it hops")
    prompt.editingFinished.emit()
    cast("QtWidgets.QSpinBox", page.editors["frames"].widget).setValue(24)
    assert commands.named("set_animation_option") == [("prompt", "it hops"), ("frames", 24)]
    dock.animate_button.click()
    dock.another_button.click()
    assert commands.named("animate") == [(False,), (True,)]
    model.progress.show("Drawing", 1, 3)
    assert not dock.animate_button.isEnabled()
    assert not prompt.isEnabled()
    model.progress.fail(ErrorValue(ErrorCode.RUN_FAILED, "failed", "again"))
    assert dock.animate_button.isEnabled()


def test_without_an_engine_nothing_can_be_asked_for(dock: Dock, model: Model) -> None:
    model.animation.show_engines(())
    assert not dock.animate_button.isEnabled()
    assert dock.animate_page.editors == {}
    model.animation.show_engines((dock_scene.ANIMATING,))
    assert dock.animate_button.isEnabled()
    assert list(dock.animate_page.editors) == ["prompt", "frames", "exposure"]
