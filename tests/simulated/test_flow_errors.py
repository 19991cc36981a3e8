"""What an artist can get wrong is answered by a code, a sentence and a remedy; nothing is changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.artists_desk import Desk, RunUntil
from support.memory_backend import MemoryBackend
from support.memory_host import MemoryDocument, MemoryLayer, blank_picture, flat_picture

from keycel_plugin.state.records import Choice
from keycel_shared.errors import ErrorCode, ErrorValue

Spoil = Callable[[MemoryDocument], None]


def good_document() -> MemoryDocument:
    return MemoryDocument(
        MemoryLayer("keys", "Colour keys", {0: flat_picture(200)}),
        MemoryLayer("lines", "Lines", {0: flat_picture(10), 2: flat_picture(20)}),
    )


def refusal(desk: Desk, press: Callable[[], None]) -> ErrorValue:
    """The error that pressing brings; it is told well and nothing has been done."""
    before = {layer.id: dict(layer.keyframes) for layer in desk.document.stack}, dict(desk.document.memos)
    press()
    assert desk.error is not None
    assert desk.error.title.endswith(".")
    assert desk.error.remedy.endswith(".")
    after = {layer.id: dict(layer.keyframes) for layer in desk.document.stack}, dict(desk.document.memos)
    assert after == before
    return desk.error


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
    document.stack.remove(document.layer("lines"))


def no_color_layer(document: MemoryDocument) -> None:
    document.stack.remove(document.layer("keys"))


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
    desk = Desk(run_until, good_document())
    spoil(desk.document)
    assert refusal(desk, desk.colorize).code is code


def test_colorize_refuses_one_layer_for_both(run_until: RunUntil) -> None:
    desk = Desk(run_until, good_document())
    desk.choice = Choice("lines", "lines")
    assert refusal(desk, desk.colorize).code is ErrorCode.DOC_BAD_OPTION


def test_colorize_refuses_when_nothing_is_chosen(run_until: RunUntil) -> None:
    desk = Desk(run_until, good_document())
    desk.choice = Choice()
    assert refusal(desk, desk.colorize).code is ErrorCode.DOC_NO_SUCH_LAYER


def test_a_backend_that_cannot_be_reached_is_told(run_until: RunUntil) -> None:
    desk = Desk(run_until, good_document())
    desk.backend.refuse = ErrorValue(ErrorCode.ENV_NO_BACKEND, "Not installed.", "Install it.")
    assert refusal(desk, desk.colorize) == desk.backend.refuse


def test_pixels_that_do_not_fit_are_refused(run_until: RunUntil) -> None:
    desk = Desk(run_until, good_document(), MemoryBackend(lambda drawing, _seed: drawing[:-1]))
    assert refusal(desk, desk.colorize).code is ErrorCode.DOC_SIZE_MISMATCH


def locked(document: MemoryDocument) -> None:
    document.layer("Keycel colour").locked = True


def layer_undone(document: MemoryDocument) -> None:
    document.undo()


def layer_of_another_hand(document: MemoryDocument) -> None:
    document.claimed.clear()


def playhead_before_the_first_drawing(document: MemoryDocument) -> None:
    document.layer("lines").keyframes = {3: flat_picture(10)}
    document.layer("keys").keyframes = {3: flat_picture(10)}


@pytest.mark.parametrize("work", ["regenerate", "spread"])
@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (locked, ErrorCode.DOC_LAYER_LOCKED),
        (layer_undone, ErrorCode.DOC_NOT_OURS),
        (layer_of_another_hand, ErrorCode.DOC_NOT_OURS),
        (no_line_layer, ErrorCode.DOC_NO_SUCH_LAYER),
        (no_line_keyframes, ErrorCode.DOC_NO_LINES),
        (closed, ErrorCode.DOC_NO_SHOT),
    ],
)
def test_work_on_our_layer_refuses(run_until: RunUntil, work: str, spoil: Spoil, code: ErrorCode) -> None:
    desk = Desk(run_until, good_document())
    desk.colorize()
    spoil(desk.document)
    assert refusal(desk, getattr(desk, work)).code is code


def test_regenerate_refuses_a_frame_without_drawing(run_until: RunUntil) -> None:
    desk = Desk(run_until, good_document())
    desk.colorize()
    playhead_before_the_first_drawing(desk.document)
    assert refusal(desk, desk.regenerate).code is ErrorCode.DOC_NO_SUCH_FRAME


def test_colorize_refuses_to_fill_a_locked_layer(run_until: RunUntil) -> None:
    desk = Desk(run_until, good_document())
    desk.colorize()
    locked(desk.document)
    assert refusal(desk, desk.colorize).code is ErrorCode.DOC_LAYER_LOCKED


def test_a_new_layer_is_made_where_ours_was_undone(run_until: RunUntil) -> None:
    desk = Desk(run_until, good_document())
    desk.colorize()
    pixels = desk.pixels
    desk.document.undo()
    desk.colorize()
    assert desk.error is None
    assert desk.pixels == pixels


def test_choosing_a_take_refuses_a_locked_layer(run_until: RunUntil) -> None:
    desk = Desk(run_until, good_document())
    desk.colorize()
    desk.regenerate(2)
    locked(desk.document)
    take = desk.frame(2).takes[0].digest
    assert refusal(desk, lambda: desk.choose_take(2, take)).code is ErrorCode.DOC_LAYER_LOCKED
