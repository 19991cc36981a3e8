"""Colorize, regenerate and cancel, with a document and a backend in memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.memory_backend import MemoryBackend, inverted
from support.memory_host import (
    SIZE,
    MemoryDocument,
    MemoryHost,
    MemoryLayer,
    blank_picture,
    flat_picture,
)

from keycel_plugin.flow.controller import Controller
from keycel_shared.errors import ErrorCode, ErrorValue, KeycelError

RunUntil = Callable[..., None]


def shot_document() -> MemoryDocument:
    """Drawings at 0, 3, 4, 9 (the one at 9 repeats the first), blank at 7; one painted keyframe."""
    first = flat_picture(10)
    drawings = {0: first, 3: flat_picture(30), 4: flat_picture(40), 7: blank_picture(), 9: first}
    return MemoryDocument(
        MemoryLayer("background", "Background", {0: flat_picture(255)}),
        MemoryLayer("keys", "Colour keys", {0: flat_picture(200), 5: blank_picture()}),
        MemoryLayer("lines", "Lines", drawings),
    )


class Desk:
    """An artist's desk: document, backend and controller."""

    def __init__(self, run_until: RunUntil, document: MemoryDocument, backend: MemoryBackend) -> None:
        self.document = document
        self.backend = backend
        self.controller = Controller(MemoryHost(document), backend)
        self._run_until = run_until

    def press(self, action: Callable[[], None]) -> None:
        action()
        self._run_until(lambda: not self.controller.busy)

    @property
    def error(self) -> ErrorValue | None:
        return self.controller.progress.news.error

    @property
    def message(self) -> str:
        return self.controller.progress.news.text


@pytest.fixture
def desk(run_until: RunUntil) -> Desk:
    return Desk(run_until, shot_document(), MemoryBackend())


def test_colorize_adds_one_layer_beneath_the_lines(desk: Desk) -> None:
    before = {layer.id: dict(layer.keyframes) for layer in desk.document.stack}
    desk.press(desk.controller.colorize)
    assert desk.error is None
    assert [layer.name for layer in desk.document.stack] == [
        "Background",
        "Colour keys",
        "Keycel colour",
        "Lines",
    ]
    delivered = desk.document.layer("Keycel colour").keyframes
    lines = desk.document.layer("lines").keyframes
    coloured = {time: inverted(lines[time], 0) for time in (0, 3, 4, 9)}
    assert delivered == {**coloured, 7: bytes(len(lines[7]))}
    assert len(desk.document.undo_stack) == 1
    desk.document.undo()
    assert {layer.id: layer.keyframes for layer in desk.document.stack} == before


def test_the_request_names_each_drawing_once(desk: Desk) -> None:
    desk.press(desk.controller.colorize)
    [request] = desk.backend.requests
    assert [drawing.time for drawing in request.drawings] == [0, 3, 4, 9]
    assert [keyframe.time for keyframe in request.keyframes] == [0]
    assert request.targets == (0, 3, 4)
    assert (request.width, request.height) == SIZE
    assert len(desk.backend.uploads) == len(set(desk.backend.uploads)) == 4
    assert desk.message == (
        "3 drawings coloured. 1 frame with unsure colours: please look. "
        "Hide “Colour keys” to see the new layer alone."
    )


def test_results_are_acknowledged_only_after_delivery(desk: Desk) -> None:
    desk.document.damage = True
    desk.press(desk.controller.colorize)
    assert desk.error is not None
    assert desk.error.code is ErrorCode.OUT_READ_BACK
    frames_and_end = 4
    assert desk.backend.acknowledged == []
    desk.document.damage = False
    desk.document.undo()
    desk.backend.acknowledged.clear()
    desk.press(desk.controller.colorize)
    assert desk.error is None
    assert len(desk.backend.acknowledged) == frames_and_end


def test_a_second_press_sends_nothing_again_and_takes_a_free_name(desk: Desk) -> None:
    desk.press(desk.controller.colorize)
    desk.backend.uploads.clear()
    desk.press(desk.controller.colorize)
    assert desk.backend.uploads == []
    assert desk.document.layer("Keycel colour 2").keyframes == desk.document.layer("Keycel colour").keyframes


def test_failed_frames_stay_empty_and_are_named(run_until: RunUntil) -> None:
    def fail_on_40(drawing: bytes, seed: int) -> bytes:
        if drawing[0] == 40:
            raise KeycelError(ErrorCode.RUN_WORKER_DIED, "The worker died.", "Press again.")
        return inverted(drawing, seed)

    desk = Desk(run_until, shot_document(), MemoryBackend(fail_on_40))
    desk.press(desk.controller.colorize)
    assert not any(desk.document.layer("Keycel colour").keyframes[4])
    assert "Left empty: frame 4 (The worker died.)" in desk.message


def test_regenerate_changes_one_frame_in_one_step(desk: Desk) -> None:
    desk.press(desk.controller.colorize)
    before = dict(desk.document.layer("Keycel colour").keyframes)
    desk.document.time = 5  # a hold of the drawing at 4
    desk.press(desk.controller.regenerate)
    assert desk.error is None
    after = desk.document.layer("Keycel colour").keyframes
    assert {time for time in after if after[time] != before[time]} == {4}
    assert after[4] == inverted(flat_picture(40), 1)
    assert len(desk.document.undo_stack) == 2
    request = desk.backend.requests[-1]
    assert (request.targets, request.redraw, request.seed) == ((4,), True, 1)
    desk.press(desk.controller.regenerate)
    assert desk.backend.requests[-1].seed == 2


def test_regenerate_of_a_repeated_drawing_leaves_its_twin_alone(desk: Desk) -> None:
    desk.press(desk.controller.colorize)
    desk.document.time = 9
    desk.press(desk.controller.regenerate)
    after = desk.document.layer("Keycel colour").keyframes
    assert desk.backend.requests[-1].targets == (0,)
    assert after[0] == inverted(flat_picture(10), 0)
    assert after[9] == inverted(flat_picture(10), 1)


def test_regenerate_works_on_the_active_layer_of_ours(desk: Desk) -> None:
    desk.press(desk.controller.colorize)
    desk.press(desk.controller.colorize)
    first = desk.document.layer("Keycel colour")
    newest = dict(desk.document.layer("Keycel colour 2").keyframes)
    desk.document.active_id = first.id
    desk.press(desk.controller.regenerate)
    assert first.keyframes[0] == inverted(flat_picture(10), 1)
    assert desk.document.layer("Keycel colour 2").keyframes == newest


def test_cancel_leaves_the_document_alone(desk: Desk, run_until: RunUntil) -> None:
    desk.backend.stalls = True
    desk.controller.colorize()
    run_until(lambda: desk.controller.progress.news.done == 1)
    desk.controller.cancel()
    assert not desk.controller.busy
    assert desk.backend.acknowledged == []
    assert desk.document.undo_stack == []
    assert desk.message.startswith("Cancelled.")
    run_until(lambda: desk.backend.cancelled == ["job-1"])
    desk.backend.late_news("job-1")
    assert desk.message.startswith("Cancelled.")


def test_a_second_press_while_busy_does_nothing(desk: Desk) -> None:
    desk.controller.colorize()
    desk.press(desk.controller.colorize)
    assert len(desk.backend.requests) == 1


def test_shutting_down_in_the_middle_leaves_nothing_behind(desk: Desk, run_until: RunUntil) -> None:
    desk.backend.stalls = True
    desk.controller.colorize()
    run_until(lambda: desk.controller.progress.news.done == 1)
    desk.controller.shut_down()
    assert not desk.controller.busy
    assert desk.document.undo_stack == []


def test_a_connection_lost_for_good_ends_the_job(desk: Desk, run_until: RunUntil) -> None:
    desk.backend.stalls = True
    desk.controller.colorize()
    run_until(lambda: desk.controller.progress.news.done == 1)
    desk.backend.lose()
    run_until(lambda: not desk.controller.busy)
    assert desk.error is not None
    assert desk.error.code is ErrorCode.LINK_LOST
    assert desk.document.undo_stack == []


def during_the_work(run_until: RunUntil, change: Callable[[MemoryDocument], None]) -> Desk:
    """Press Colorize; `change` happens to the document while the backend colours."""
    document = shot_document()

    def colour(drawing: bytes, seed: int) -> bytes:
        change(document)
        return inverted(drawing, seed)

    desk = Desk(run_until, document, MemoryBackend(colour))
    desk.press(desk.controller.colorize)
    return desk


def test_a_document_closed_meanwhile_keeps_the_results(run_until: RunUntil) -> None:
    desk = during_the_work(run_until, lambda document: setattr(document, "open", False))
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_NO_SHOT
    assert desk.backend.acknowledged == []


def test_a_canvas_resized_meanwhile_is_refused(run_until: RunUntil) -> None:
    desk = during_the_work(run_until, lambda document: setattr(document, "size", (8, 8)))
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_SIZE_MISMATCH
    assert desk.document.undo_stack == []
    assert desk.backend.acknowledged == []
