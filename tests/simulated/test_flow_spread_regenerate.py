"""Spread and Regenerate: references, questions, takes, and frames that must not change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.artists_desk import Desk, RunUntil
from support.memory_backend import inverted
from support.memory_host import flat_picture

from keycel_plugin.flow.regenerate import regenerate
from keycel_plugin.state.records import PaletteEntry, Take, TakeOrigin
from keycel_shared.errors import ErrorCode
from keycel_shared.pixels import digest_of
from keycel_shared.states import FrameState


@pytest.fixture
def desk(run_until: RunUntil) -> Desk:
    """After Colorize."""
    desk = Desk(run_until)
    desk.colorize()
    return desk


def answer(desk: Desk, yes: bool) -> None:
    """Answer the question as soon as it is asked."""

    def listen() -> None:
        if desk.question.asked is not None:
            desk.question.answer(yes)

    desk.question.changed.connect(listen)


def references(desk: Desk) -> dict[int, bytes]:
    """Keyframes of the latest request with their pixels."""
    request = desk.backend.requests[-1]
    return {keyframe.time: desk.backend.blobs[keyframe.digest] for keyframe in request.keyframes}


# -------------------------------------------------------------------------------- Spread


def test_spread_takes_corrected_and_accepted_frames_as_references(desk: Desk) -> None:
    edited = desk.paint(3, 1)
    accepted = desk.pixels[4]
    desk.accept(4)
    desk.backend.colour = lambda drawing, _: flat_picture(drawing[0] + 100)
    before, steps = desk.pixels, desk.undo_steps
    desk.spread()
    assert references(desk) == {0: flat_picture(200), 3: edited, 4: accepted}
    assert desk.backend.requests[-1].targets == (0,)
    assert desk.pixels == {**before, 0: flat_picture(110), 9: flat_picture(110)}
    assert desk.undo_steps == steps + 1
    assert "Left as they are: accepted at 4; edited at 3." in desk.message


def test_ours_wins_over_a_painted_keyframe_of_the_same_drawing(desk: Desk) -> None:
    desk.document.layer(desk.layer).part(9)
    edited = desk.paint(9, 1)
    desk.spread()
    assert references(desk) == {9: edited}


def test_spread_without_any_painted_keyframe(desk: Desk) -> None:
    desk.document.layer("keys").keyframes.clear()
    edited = desk.paint(3, 1)
    desk.spread()
    assert desk.error is None
    assert references(desk) == {3: edited}


def test_spread_of_nothing_corrected_says_so(desk: Desk) -> None:
    before = desk.snapshot()
    desk.spread()
    assert desk.snapshot() == before
    assert desk.message.startswith("No frame is corrected or accepted yet.")
    assert len(desk.backend.requests) == 1


def test_references_have_the_original_colours(desk: Desk) -> None:
    """Painted keyframes have them, too; the frame's look is not part of what the engine learns."""
    before, after = (245, 245, 245, 255), (1, 2, 3, 255)
    desk.memory.save(desk.record.with_entry(PaletteEntry(before, after)))
    replaced = bytes((3, 2, 1, 255)) * 12
    desk.document.paint(desk.layer, 3, replaced)
    desk.spread()
    assert references(desk)[3] == flat_picture(245)
    assert desk.pixels[3] == replaced


def test_a_colour_that_another_was_made_equal_to_stays_itself(desk: Desk) -> None:
    own = (255 - 30,) * 3 + (255,)  # what the engine painted at 3, and what 245 is now shown as
    desk.memory.save(desk.record.with_entry(PaletteEntry((245, 245, 245, 255), own)))
    edited = flat_picture(225)[:-4] + bytes((7, 7, 7, 255))
    desk.document.layer(desk.layer).keyframes[3] = edited
    desk.spread()
    assert references(desk)[3] == edited


def test_accepted_frames_are_referred_to_by_their_take(run_until: RunUntil) -> None:
    """Two colours that are shown as one are still two for the engine."""
    desk = Desk(run_until)
    two = flat_picture(100)[:24] + flat_picture(120)[:24]
    desk.backend.colour = lambda _drawing, _seed: two
    desk.memory.save(desk.record.with_entry(PaletteEntry((120,) * 3 + (255,), (100,) * 3 + (255,))))
    desk.colorize()
    assert desk.pixels[4] == flat_picture(100)
    desk.accept(4)
    desk.spread()
    assert references(desk)[4] == two


# -------------------------------------------------------------------------------- Regenerate


def test_one_frame_changes_in_one_step(desk: Desk) -> None:
    before = desk.pixels
    desk.regenerate(5)  # a hold of the drawing at 4
    assert desk.error is None
    assert desk.pixels == {**before, 4: inverted(flat_picture(40), 1)}
    assert desk.undo_steps == 2
    request = desk.backend.requests[-1]
    assert (request.targets, request.redraw, request.seed) == ((4,), True, 1)
    assert desk.message.startswith("New colours at 4. Undo brings the previous ones back.")
    desk.regenerate(4)
    assert desk.backend.requests[-1].seed == 2
    assert [take.seed for take in desk.frame(4).takes] == [0, 1, 2]
    desk.document.undo()
    desk.document.undo()
    assert desk.pixels == before
    assert desk.states()[4] is FrameState.PROPOSED


def test_without_a_selection_the_frame_at_the_playhead(desk: Desk) -> None:
    desk.document.time = 5
    desk.regenerate()
    assert desk.backend.requests[-1].targets == (4,)


def test_several_frames_in_one_step_with_a_seed_that_none_of_them_had(desk: Desk) -> None:
    desk.regenerate(3)
    before, steps = desk.pixels, desk.undo_steps
    desk.regenerate(3, 4)
    request = desk.backend.requests[-1]
    assert (request.targets, request.seed) == ((3, 4), 2)
    changed = {time for time in before if desk.pixels[time] != before[time]}
    assert changed == {3, 4}
    assert desk.undo_steps == steps + 1


def test_a_repeated_drawing_leaves_its_twin_alone(desk: Desk) -> None:
    desk.regenerate(9)
    assert desk.backend.requests[-1].targets == (0,)
    assert desk.pixels[0] == inverted(flat_picture(10), 0)
    assert desk.pixels[9] == inverted(flat_picture(10), 1)


def test_the_active_layer_of_ours_is_meant(desk: Desk) -> None:
    first = desk.layer
    desk.choice = replace(desk.choice, new_layer=True)
    desk.colorize()
    newest = desk.pixels
    desk.document.active_id = first
    desk.regenerate(0)
    assert desk.document.layer(first).keyframes[0] == inverted(flat_picture(10), 1)
    assert desk.pixels == newest


def test_an_equal_result_is_told_and_the_next_try_has_another_seed(desk: Desk) -> None:
    desk.backend.colour = lambda drawing, _seed: inverted(drawing, 0)
    before = desk.pixels
    desk.regenerate(4)
    assert "The new take is the same as the present colours, at 4." in desk.message
    assert (desk.pixels, desk.undo_steps, len(desk.frame(4).takes)) == (before, 1, 1)
    desk.regenerate(4)
    assert desk.backend.requests[-1].seed == 2


def test_corrected_frames_are_references_but_not_for_themselves(desk: Desk) -> None:
    edited = desk.paint(3, 1)
    desk.paint(4, 2)
    answer(desk, True)
    desk.regenerate(4)
    assert references(desk) == {0: flat_picture(200), 3: edited}


def test_locked_frames_are_refused(desk: Desk) -> None:
    desk.lock(3)
    before = desk.snapshot()
    desk.regenerate(3, 4)
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_FRAME_LOCKED
    assert "3" in desk.error.title
    assert desk.snapshot() == before


def test_the_artists_version_is_kept_as_a_take(desk: Desk) -> None:
    edited = desk.paint(4, 1)
    answer(desk, True)
    desk.regenerate(4)
    assert desk.pixels[4] == inverted(flat_picture(40), 1)
    origins = [take.origin for take in desk.frame(4).takes]
    assert origins == [TakeOrigin.ENGINE, TakeOrigin.ARTIST, TakeOrigin.ENGINE]
    assert desk.states()[4] is FrameState.PROPOSED
    desk.choose_take(4, digest_of(edited))
    assert desk.pixels[4] == edited
    assert desk.states()[4] is FrameState.EDITED
    desk.colorize()
    assert desk.pixels[4] == edited


def test_undo_of_a_regenerated_edit_brings_back_a_protected_frame(desk: Desk) -> None:
    edited = desk.paint(4, 1)
    answer(desk, True)
    desk.regenerate(4)
    desk.document.undo()
    assert desk.pixels[4] == edited
    assert desk.states()[4] is FrameState.EDITED


def test_an_accepted_frame_may_be_regenerated_and_its_take_chosen_again(desk: Desk) -> None:
    desk.accept(4)
    accepted = desk.pixels[4]
    answer(desk, True)
    desk.regenerate(4)
    assert desk.states()[4] is FrameState.PROPOSED
    desk.choose_take(4, digest_of(accepted))
    assert desk.states()[4] is FrameState.ACCEPTED


def test_a_refusal_keeps_these_frames_and_goes_on_with_the_others(desk: Desk) -> None:
    edited = desk.paint(3, 1)
    answer(desk, False)
    desk.regenerate(3, 4)
    assert desk.pixels[3] == edited
    assert desk.pixels[4] == inverted(flat_picture(40), 1)
    assert "Left as they are: edited at 3." in desk.message


def test_a_refusal_of_all_changes_nothing(desk: Desk) -> None:
    desk.paint(3, 1)
    before = desk.snapshot()
    answer(desk, False)
    desk.regenerate(3)
    assert desk.message == "Nothing was changed."
    assert desk.snapshot() == before
    assert len(desk.backend.requests) == 1


def test_the_question_names_the_frames(desk: Desk) -> None:
    desk.paint(3, 1)
    desk.accept(4)
    work = desk.start(regenerate(desk.document, (3, 4, 9), desk.choice, desk.context))
    desk.run_until(lambda: desk.question.asked is not None)
    assert desk.question.asked is not None
    assert "at 3, 4." in desk.question.asked.text
    work.cancel()
    assert desk.question.asked is None


# -------------------------------------------------------------------------------- choosing takes


def test_every_take_can_be_chosen_without_the_backend(desk: Desk) -> None:
    for _ in range(3):
        desk.regenerate(4)
    takes = desk.frame(4).takes
    assert [take.seed for take in takes] == [0, 1, 2, 3]
    requests, before = len(desk.backend.requests), desk.pixels
    for number, take in enumerate(takes, 1):
        steps = desk.undo_steps
        desk.choose_take(4, take.digest)
        assert desk.pixels == {**before, 4: inverted(flat_picture(40), take.seed)}
        assert desk.undo_steps == steps + 1
        assert desk.message == f"Frame 4 has take {number} now."
        assert desk.states()[4] is FrameState.PROPOSED
    assert len(desk.backend.requests) == requests
    desk.choose_take(4, takes[-1].digest)
    assert desk.message == "Frame 4 has this take already."


def test_choosing_a_take_keeps_the_artists_version(desk: Desk) -> None:
    edited = desk.paint(4, 1)
    desk.choose_take(4, desk.frame(4).takes[0].digest)
    assert desk.pixels[4] == inverted(flat_picture(40), 0)
    assert desk.frame(4).takes[-1] == Take(digest_of(edited), TakeOrigin.ARTIST)
    desk.choose_take(4, digest_of(edited))
    assert desk.pixels[4] == edited
    assert desk.message == "Frame 4 has your version again."


def test_takes_survive_saving_and_reopening(desk: Desk, run_until: RunUntil) -> None:
    edited = desk.paint(4, 1)
    answer(desk, True)
    desk.regenerate(4)
    again = Desk(run_until, desk.document.reopened())
    assert again.states()[4] is FrameState.PROPOSED
    again.choose_take(4, digest_of(edited))
    assert again.pixels[4] == edited
    assert again.backend.requests == []


def test_a_take_is_put_there_in_the_colours_shown(desk: Desk) -> None:
    desk.regenerate(4)
    grey, blue = (215, 215, 215, 255), (10, 20, 250, 255)
    desk.memory.save(desk.record.with_entry(PaletteEntry(grey, blue)))
    take = desk.frame(4).takes[0]
    desk.choose_take(4, take.digest)
    assert desk.pixels[4] == bytes((250, 20, 10, 255)) * 12
    assert desk.states()[4] is FrameState.PROPOSED
    assert desk.frame(4).written[-1].take == take.digest


def test_what_the_artist_painted_comes_back_as_it_was_painted(desk: Desk) -> None:
    """Even with colours that are replaced everywhere else."""
    edited = flat_picture(215)[:-4] + bytes((1, 1, 1, 255))
    desk.document.paint(desk.layer, 4, edited)
    desk.memory.save(desk.record.with_entry(PaletteEntry((215, 215, 215, 255), (1, 2, 3, 255))))
    answer(desk, True)
    desk.regenerate(4)
    desk.choose_take(4, digest_of(edited))
    assert desk.pixels[4] == edited


def test_a_locked_frame_takes_no_other_take(desk: Desk) -> None:
    desk.regenerate(4)
    desk.lock(4)
    before = desk.snapshot()
    desk.choose_take(4, desk.frame(4).takes[0].digest)
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_FRAME_LOCKED
    assert desk.snapshot() == before


def test_a_lost_take_is_told(desk: Desk) -> None:
    desk.regenerate(4)
    take = desk.frame(4).takes[0]
    desk.memory.drop_take(take.digest)
    before = desk.snapshot()
    desk.choose_take(4, take.digest)
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_TAKE_LOST
    assert desk.snapshot() == before


def test_a_take_of_another_canvas_size_is_refused(desk: Desk) -> None:
    desk.regenerate(4)
    desk.document.size = (8, 8)
    desk.choose_take(4, desk.frame(4).takes[0].digest)
    assert desk.error is not None
    assert desk.error.code is ErrorCode.DOC_SIZE_MISMATCH
