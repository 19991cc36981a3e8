"""Colorize: a new layer, filling one of ours, what is left alone, what is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.artists_desk import Desk, RunUntil, shot_document
from support.memory_backend import MemoryBackend, inverted
from support.memory_host import SIZE, MemoryDocument, MemoryLayer, blank_picture, empty_picture, flat_picture

from keycel_plugin.state.records import Choice, Take, TakeOrigin, Written
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.pixels import digest_of
from keycel_shared.states import FrameState

EMPTY, PROPOSED, ACCEPTED, EDITED, STALE, FAILED = (
    FrameState.EMPTY,
    FrameState.PROPOSED,
    FrameState.ACCEPTED,
    FrameState.EDITED,
    FrameState.STALE,
    FrameState.FAILED,
)


@pytest.fixture
def desk(run_until: RunUntil) -> Desk:
    return Desk(run_until)


def colors_of(desk: Desk, *times: int) -> dict[int, bytes]:
    lines = desk.document.layer("lines").keyframes
    return {time: inverted(lines[time], 0) for time in times}


# -------------------------------------------------------------------------------- a new layer


def test_one_layer_beneath_the_lines_in_one_undo_step(desk: Desk) -> None:
    before = {layer.id: dict(layer.keyframes) for layer in desk.document.stack}
    desk.colorize()
    assert desk.error is None
    names = [layer.name for layer in desk.document.stack]
    assert names == ["Background", "Colour keys", "Keycel colour", "Lines"]
    assert desk.pixels == {**colors_of(desk, 0, 3, 4, 9), 7: empty_picture()}
    assert desk.undo_steps == 1
    desk.document.undo()
    assert {layer.id: layer.keyframes for layer in desk.document.stack} == before


def test_the_reference_layers_picture_reaches_the_backend(desk: Desk) -> None:
    sheet = flat_picture(77)
    desk.document.stack.insert(1, MemoryLayer("sheet", "Model sheet", {0: blank_picture(), 2: sheet}))
    desk.choice = replace(desk.choice, engine="other", reference_layer="sheet")
    desk.colorize()
    assert desk.error is None
    [request] = desk.backend.requests
    assert request.reference == digest_of(sheet)
    assert [keyframe.time for keyframe in request.keyframes] == [0]


def test_with_a_reference_no_keyframe_is_needed(desk: Desk) -> None:
    desk.document.layer("keys").keyframes = {0: blank_picture()}
    desk.colorize()
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_NO_KEYFRAME
    desk.document.stack.insert(1, MemoryLayer("sheet", "Model sheet", {0: flat_picture(77)}))
    desk.choice = replace(desk.choice, reference_layer="sheet")
    desk.colorize()
    assert desk.error is None
    assert desk.pixels


def test_an_empty_reference_layer_is_told(desk: Desk) -> None:
    desk.document.stack.insert(1, MemoryLayer("sheet", "Model sheet", {0: blank_picture()}))
    desk.choice = replace(desk.choice, reference_layer="sheet")
    desk.colorize()
    assert desk.error is not None
    assert desk.error.title == "The reference layer is empty."


def test_the_request_names_each_drawing_once_and_what_is_chosen(desk: Desk) -> None:
    desk.choice = Choice(
        "lines", "keys", engine="other", options={"gap": 3}, palette=((1, 2, 3, 255), (4, 5, 6, 255))
    )
    desk.colorize()
    [request] = desk.backend.requests
    assert [drawing.time for drawing in request.drawings] == [0, 3, 4, 9]
    assert [keyframe.time for keyframe in request.keyframes] == [0]
    assert request.reference == ""
    assert request.targets == (0, 3, 4)
    assert (request.width, request.height) == SIZE
    assert (request.engine, request.task, request.name) == ("other", "colorize", "shot")
    assert (request.options, request.palette) == ({"gap": 3}, desk.choice.palette)
    assert (request.seed, request.redraw) == (0, False)
    assert len(desk.backend.uploads) == len(set(desk.backend.uploads)) == 4


def test_cels_of_repeated_drawings_are_shared(desk: Desk) -> None:
    desk.colorize()
    assert desk.document.layer(desk.layer).shared == [frozenset({0, 9})]


def test_a_preview_is_shown_while_work_goes_on_and_never_written(desk: Desk) -> None:
    desk.backend.preview = (bytes([10, 20, 200, 255]) * 6, 3, 2)
    seen: list[tuple[int, int, int] | None] = []

    def look() -> None:
        picture = desk.progress.preview
        color = None if picture is None else picture.pixelColor(0, 0)
        seen.append(None if color is None else (color.red(), color.green(), color.blue()))

    desk.progress.preview_changed.connect(look)
    desk.colorize()
    assert desk.error is None
    assert seen == [(200, 20, 10), None]
    assert len(desk.backend.watches) == 2  # asked again after the one that came
    assert desk.pixels == {**colors_of(desk, 0, 3, 4, 9), 7: empty_picture()}


def test_what_is_told(desk: Desk) -> None:
    desk.document.notes.append("The new layer is 8-bit in a 16-bit document.")
    desk.colorize()
    assert desk.message == (
        "3 drawings coloured. Please look at 1 unsure region in 1 drawing. "
        "Hide “Colour keys” to see the new layer alone. The new layer is 8-bit in a 16-bit document."
    )


def test_what_is_remembered(desk: Desk) -> None:
    desk.colorize()
    drawings = desk.stock().drawings
    for time in (0, 3, 4, 9):
        digest = digest_of(desk.pixels[time])
        take = Take(digest, TakeOrigin.ENGINE, 0, int(time == 3))
        assert desk.frame(time).takes == (take,)
        assert desk.frame(time).written == (Written(digest, drawings[time], digest),)
        assert desk.memory.has_take(digest)
    assert desk.frame(7).written == (Written("", "", ""),)
    [guess] = [region for region in desk.memory.regions(digest_of(desk.pixels[3])) if region.unsure]
    assert guess.runs == ((2, 0, 4),)
    assert (desk.ours.line_layer, desk.ours.color_layer) == ("lines", "keys")
    assert desk.record.choice.result_layer == desk.layer
    assert set(desk.states().values()) == {PROPOSED}


def test_results_are_acknowledged_when_they_are_in_the_document(desk: Desk) -> None:
    acknowledged_before: list[int] = []

    def listen() -> None:
        if desk.progress.news.text == "Checking the new frames":
            acknowledged_before.extend(desk.backend.acknowledged)

    desk.progress.changed.connect(listen)
    desk.colorize()
    frames_and_end = 4
    assert acknowledged_before == []
    assert len(desk.backend.acknowledged) == frames_and_end


def test_only_the_wanted_drawings_holds_resolved(desk: Desk) -> None:
    desk.colorize(5, 3)
    assert desk.pixels == {
        **colors_of(desk, 3, 4),
        0: empty_picture(),
        7: empty_picture(),
        9: empty_picture(),
    }
    assert desk.backend.requests[0].targets == (3, 4)
    assert desk.states() == {0: EMPTY, 3: PROPOSED, 4: PROPOSED, 9: EMPTY}
    assert desk.document.layer(desk.layer).shared == []


def test_a_frame_without_drawing_is_refused(desk: Desk) -> None:
    desk.colorize(8)
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_NO_SUCH_FRAME
    assert desk.undo_steps == 0


def test_a_new_layer_if_wanted_and_under_a_free_name(desk: Desk) -> None:
    desk.colorize()
    first, pixels = desk.layer, desk.pixels
    desk.choice = replace(desk.choice, new_layer=True)
    desk.backend.uploads.clear()
    desk.colorize()
    assert desk.backend.uploads == []
    assert desk.document.layer("Keycel colour 2").keyframes == pixels
    assert desk.layer != first
    assert desk.record.choice == Choice(result_layer=desk.layer)


def test_failed_frames_stay_empty_and_are_named(run_until: RunUntil) -> None:
    def fail_on_40(drawing: bytes, seed: int) -> bytes:
        if drawing[0] == 40:
            raise KeycelError(ErrorCode.RUN_WORKER_DIED, "The worker died.", "Press again.")
        return inverted(drawing, seed)

    desk = Desk(run_until, backend=MemoryBackend(fail_on_40))
    desk.colorize()
    assert desk.pixels[4] == empty_picture()
    assert "No new colours at 4: The worker died." in desk.message
    assert desk.states() == {0: PROPOSED, 3: PROPOSED, 4: FAILED, 9: PROPOSED}
    assert desk.frame(4).error == "The worker died."
    desk.backend.colour = inverted
    desk.colorize()
    assert desk.states()[4] is PROPOSED
    assert desk.frame(4).error == ""
    desk.document.undo()
    assert desk.states()[4] is EMPTY


def test_nothing_but_failures_is_an_error(run_until: RunUntil) -> None:
    desk = Desk(run_until)
    desk.colorize()
    before, pixels = desk.undo_steps, desk.pixels

    def fail(_drawing: bytes, _seed: int) -> bytes:
        raise KeycelError(ErrorCode.RUN_WORKER_DIED, "The worker died.", "Press again.")

    desk.backend.colour = fail
    desk.colorize()
    assert desk.error is not None
    assert desk.error.code is ErrorCode.RUN_WORKER_DIED
    assert (desk.undo_steps, desk.pixels) == (before, pixels)
    assert desk.frame(3).error == "The worker died."
    assert set(desk.states().values()) == {PROPOSED}


# -------------------------------------------------------------------------------- filling ours


def test_pressing_again_changes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.colorize()
    before = desk.snapshot()
    desk.backend.acknowledged.clear()
    monkeypatch.setattr(MemoryDocument, "stage", None)  # opening a hidden document costs 0.3 s in Krita
    desk.colorize()
    assert desk.snapshot() == before
    assert desk.message.startswith("3 drawings coloured. The layer had these colours already.")
    assert len(desk.backend.acknowledged) == 4


def test_changed_lines_make_frames_stale_and_colorize_mends_them_in_one_step(desk: Desk) -> None:
    desk.colorize()
    before = desk.pixels
    desk.document.paint("lines", 3, flat_picture(33))
    assert desk.states() == {0: PROPOSED, 3: STALE, 4: PROPOSED, 9: PROPOSED}
    steps = desk.undo_steps
    desk.colorize()
    assert desk.undo_steps == steps + 1
    assert desk.pixels == {**before, 3: inverted(flat_picture(33), 0)}
    assert desk.states()[3] is PROPOSED
    desk.document.undo()
    assert (desk.pixels, desk.states()[3]) == (before, STALE)
    desk.document.undo()
    assert set(desk.states().values()) == {PROPOSED}
    desk.document.redo()
    desk.document.redo()
    assert desk.states()[3] is PROPOSED


def test_the_same_colours_for_changed_lines_are_not_stale_any_more(run_until: RunUntil) -> None:
    desk = Desk(run_until, backend=MemoryBackend(lambda _drawing, _seed: flat_picture(99)))
    desk.colorize()
    desk.document.paint("lines", 3, flat_picture(33))
    steps = desk.undo_steps
    desk.colorize()
    assert desk.undo_steps == steps
    assert desk.states()[3] is PROPOSED
    desk.document.undo()
    assert desk.states()[3] is PROPOSED


def test_new_drawings_get_keyframes_also_where_they_are_not_coloured(desk: Desk) -> None:
    desk.colorize()
    desk.document.layer("lines").keyframes |= {1: flat_picture(21), 12: flat_picture(22)}
    assert desk.states()[1] is EMPTY
    desk.colorize(1)
    assert desk.pixels[1] == inverted(flat_picture(21), 0)
    assert desk.pixels[12] == empty_picture()
    assert desk.states()[12] is EMPTY
    desk.document.undo()
    assert 1 not in desk.pixels
    assert desk.states()[1] is EMPTY


def test_a_keyframe_of_ours_within_a_hold_gets_the_colours_of_the_held_drawing(desk: Desk) -> None:
    desk.colorize()
    lines = desk.document.layer("lines").keyframes
    lines[6] = lines.pop(4)  # the artist exposes the drawing at 3 for longer
    assert desk.stock().state(4) is STALE
    desk.colorize()
    assert desk.pixels[4] == desk.pixels[3] == inverted(flat_picture(30), 0)
    assert desk.pixels[6] == inverted(flat_picture(40), 0)


def test_colours_where_nothing_is_drawn_any_more_are_removed(desk: Desk) -> None:
    desk.colorize()
    desk.document.layer("lines").keyframes[4] = blank_picture()
    desk.colorize()
    assert desk.pixels[4] == empty_picture()
    assert desk.document.layer(desk.layer).shared == [frozenset({0, 9})]


def test_a_drawing_whose_colours_changed_at_one_place_only(desk: Desk) -> None:
    desk.colorize()
    kept = desk.pixels[0]
    desk.document.layer(desk.layer).part(9)
    desk.document.layer(desk.layer).keyframes[9] = empty_picture()
    desk.change_frame(replace(desk.frame(9), written=(Written("", "", ""),)))
    assert desk.states()[9] is EMPTY
    desk.colorize()
    assert desk.pixels[0] == desk.pixels[9] == kept


# -------------------------------------------------------------------------------- protection


def test_what_the_artist_stands_by_is_left_and_named(desk: Desk) -> None:
    desk.colorize()
    edited = desk.paint(3, 1)
    desk.accept(4)
    desk.lock(9)
    desk.backend.colour = lambda drawing, _: flat_picture(drawing[0] + 100)
    before = desk.pixels
    desk.colorize()
    assert desk.pixels == {**before, 0: flat_picture(110)}
    assert desk.pixels[3] == edited
    assert desk.backend.requests[-1].targets == (0,)
    assert "Left as they are: accepted at 4; edited at 3; locked at 9." in desk.message
    assert desk.states() == {0: PROPOSED, 3: EDITED, 4: ACCEPTED, 9: PROPOSED}


def test_nothing_is_asked_of_the_backend_if_all_is_protected(desk: Desk) -> None:
    desk.colorize()
    for time in (0, 3, 4, 9):
        desk.lock(time)
    desk.colorize()
    assert len(desk.backend.requests) == 1
    assert desk.message == "Nothing to colour. Left as they are: locked at 0, 3, 4, 9."


def test_paint_of_the_artists_where_we_never_wrote_is_theirs(desk: Desk) -> None:
    desk.colorize(0)
    desk.document.layer("lines").keyframes[12] = flat_picture(22)
    desk.document.layer(desk.layer).keyframes[12] = flat_picture(77)
    assert desk.states()[12] is EDITED
    desk.colorize()
    assert desk.pixels[12] == flat_picture(77)


def test_an_accepted_frame_with_changed_lines_is_free_again_and_its_take_is_kept(desk: Desk) -> None:
    desk.colorize()
    desk.accept(4)
    accepted = desk.pixels[4]
    desk.document.paint("lines", 4, flat_picture(44))
    assert desk.states()[4] is STALE
    desk.colorize()
    assert desk.pixels[4] == inverted(flat_picture(44), 0)
    desk.choose_take(4, digest_of(accepted))
    assert desk.pixels[4] == accepted
    assert desk.states()[4] is STALE


def test_hidden_colours_beneath_transparency_are_no_edit(desk: Desk) -> None:
    desk.colorize(0)
    desk.document.layer(desk.layer).keyframes[3] = blank_picture()
    assert desk.states()[3] is EMPTY
    desk.colorize()
    assert desk.states()[3] is PROPOSED


@pytest.mark.parametrize("still", [False, True])
def test_a_line_layer_without_any_drawing(run_until: RunUntil, still: bool) -> None:
    document = shot_document()
    document.stack[-1] = MemoryLayer("lines", "Lines", still=flat_picture(3) if still else b"")
    desk = Desk(run_until, document)
    desk.colorize()
    if still:
        assert desk.pixels == {0: inverted(flat_picture(3), 0)}
    else:
        assert desk.error is not None
        assert desk.error.code is ErrorCode.DOC_NO_LINES
