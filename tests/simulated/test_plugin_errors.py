"""What an artist can get wrong is answered by a code, a sentence and a remedy; nothing is changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.memory_backend import MemoryBackend
from support.memory_host import MemoryDocument, MemoryHost, MemoryLayer, blank_picture, flat_picture

from keycel_plugin.flow.controller import Controller
from keycel_shared.errors import ErrorCode, ErrorValue

RunUntil = Callable[..., None]
Spoil = Callable[[MemoryDocument], None]


def good_document() -> MemoryDocument:
    return MemoryDocument(
        MemoryLayer("keys", "Colour keys", {0: flat_picture(200)}),
        MemoryLayer("lines", "Lines", {0: flat_picture(10), 2: flat_picture(20)}),
    )


def press(run_until: RunUntil, document: MemoryDocument, regenerate: bool = False) -> ErrorValue:
    controller = Controller(MemoryHost(document), MemoryBackend())
    (controller.regenerate if regenerate else controller.colorize)()
    run_until(lambda: not controller.busy)
    error = controller.progress.news.error
    assert error is not None
    assert error.title.endswith(".")
    assert error.remedy.endswith(".")
    return error


def blank_lines(document: MemoryDocument) -> None:
    document.layer("lines").keyframes = {0: blank_picture(), 4: blank_picture()}


def no_line_keyframes(document: MemoryDocument) -> None:
    document.layer("lines").keyframes = {}


def blank_keyframes(document: MemoryDocument) -> None:
    document.layer("keys").keyframes = {0: blank_picture()}


def paint_before_the_first_drawing(document: MemoryDocument) -> None:
    document.layer("lines").keyframes = {5: flat_picture(1)}


def paint_on_a_blank_frame(document: MemoryDocument) -> None:
    document.layer("lines").keyframes = {0: flat_picture(1), 3: blank_picture()}
    document.layer("keys").keyframes = {4: flat_picture(200)}


def no_line_layer(document: MemoryDocument) -> None:
    document.layer("lines").name = "Sketch"


def no_color_layer(document: MemoryDocument) -> None:
    document.layer("keys").name = "Sketch"


def closed(document: MemoryDocument) -> None:
    document.open = False


def huge(document: MemoryDocument) -> None:
    document.size = (20000, 10)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (blank_lines, ErrorCode.DOC_NO_LINES),
        (no_line_keyframes, ErrorCode.DOC_NO_LINES),
        (blank_keyframes, ErrorCode.DOC_NO_KEYFRAME),
        (paint_before_the_first_drawing, ErrorCode.DOC_NO_KEYFRAME),
        (paint_on_a_blank_frame, ErrorCode.DOC_NO_KEYFRAME),
        (no_line_layer, ErrorCode.DOC_NO_SUCH_LAYER),
        (no_color_layer, ErrorCode.DOC_NO_SUCH_LAYER),
        (closed, ErrorCode.DOC_NO_SHOT),
        (huge, ErrorCode.DOC_TOO_LARGE),
    ],
)
def test_colorize_refuses(run_until: RunUntil, spoil: Spoil, code: ErrorCode) -> None:
    document = good_document()
    spoil(document)
    assert press(run_until, document).code is code
    assert document.undo_stack == []


def test_colorize_refuses_one_layer_for_both(run_until: RunUntil) -> None:
    controller = Controller(MemoryHost(good_document()), MemoryBackend())
    controller.refresh()
    controller.choice.choose_color("lines")
    controller.colorize()
    run_until(lambda: not controller.busy)
    assert controller.progress.news.error is not None
    assert controller.progress.news.error.code is ErrorCode.DOC_BAD_OPTION


def test_a_backend_that_cannot_be_reached_is_told(run_until: RunUntil) -> None:
    backend = MemoryBackend()
    backend.refuse = ErrorValue(ErrorCode.ENV_NO_BACKEND, "Not installed.", "Install it.")
    document = good_document()
    controller = Controller(MemoryHost(document), backend)
    controller.colorize()
    run_until(lambda: not controller.busy)
    assert controller.progress.news.error == backend.refuse
    assert document.undo_stack == []


def test_a_mistake_of_ours_is_told_plainly(run_until: RunUntil) -> None:
    def broken(drawing: bytes, seed: int) -> bytes:
        del seed
        return drawing[:-1]

    document = good_document()
    controller = Controller(MemoryHost(document), MemoryBackend(broken))
    controller.colorize()
    run_until(lambda: not controller.busy)
    assert controller.progress.news.error is not None
    assert controller.progress.news.error.code is ErrorCode.DOC_SIZE_MISMATCH
    assert document.undo_stack == []


def coloured(run_until: RunUntil) -> MemoryDocument:
    document = good_document()
    controller = Controller(MemoryHost(document), MemoryBackend())
    controller.colorize()
    run_until(lambda: not controller.busy)
    assert controller.progress.news.error is None
    return document


def locked(document: MemoryDocument) -> None:
    document.layer("Keycel colour").locked = True


def behind_another_document(document: MemoryDocument) -> None:
    document.active = False


def layer_removed(document: MemoryDocument) -> None:
    document.undo()


def playhead_before_the_first_drawing(document: MemoryDocument) -> None:
    document.layer("lines").keyframes = {3: flat_picture(10)}
    document.layer("keys").keyframes = {3: flat_picture(10)}


def lines_removed(document: MemoryDocument) -> None:
    document.stack.remove(document.layer("lines"))


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (locked, ErrorCode.DOC_LAYER_LOCKED),
        (behind_another_document, ErrorCode.DOC_NOT_ACTIVE),
        (layer_removed, ErrorCode.DOC_NOT_OURS),
        (playhead_before_the_first_drawing, ErrorCode.DOC_NO_SUCH_FRAME),
        (lines_removed, ErrorCode.DOC_NO_SUCH_LAYER),
        (closed, ErrorCode.DOC_NO_SHOT),
    ],
)
def test_regenerate_refuses(run_until: RunUntil, spoil: Spoil, code: ErrorCode) -> None:
    document = coloured(run_until)
    undo_steps = len(document.undo_stack)
    spoil(document)
    assert press(run_until, document, regenerate=True).code is code
    assert len(document.undo_stack) <= undo_steps
