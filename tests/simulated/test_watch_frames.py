"""The docker follows the document: frames, states, takes, unsure regions, colours."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from support.colored_shot import HAIR, ROBE, SKIN, ColoredShot, report, two_halves
from support.memory_host import MemoryHost, blank_picture, flat_picture

from keycel_plugin.flow import watch as watching
from keycel_plugin.flow.palette import rename_color, replace_color
from keycel_plugin.flow.review import accept, lock
from keycel_plugin.flow.watch import Watch
from keycel_plugin.state.model import Model
from keycel_plugin.state.records import TakeOrigin
from keycel_shared.pixels import digest_of
from keycel_shared.states import FrameState

OWN = flat_picture(123)
PINK = (240, 120, 160, 255)


class Desk(ColoredShot):
    """A coloured shot that is being watched."""

    def __init__(self, run_until: Callable[..., None]) -> None:
        super().__init__(run_until)
        self.until = run_until
        self.host = MemoryHost(self.document)
        self.model = Model()
        self.watch = Watch(self.host, self.model)

    def states(self) -> dict[int, FrameState]:
        return {cell.time: cell.state for cell in self.model.review.cells}

    def state(self, time: int) -> FrameState:
        return self.states()[time]

    def unsure_times(self) -> list[int]:
        """Every frame with a guess on it, though a guess is listed once."""
        return sorted(time for region in self.model.review.unsure for time in (region.time, *region.also))


@pytest.fixture
def desk(run_until: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(watching, "BEAT_MS", 10)
    monkeypatch.setattr(watching, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(watching, "_REST_MS", 0)
    desk = Desk(run_until)
    desk.watch.start()
    desk.until(lambda: desk.model.thumbnails.get(9) is not None and len(desk.model.review.palette) > 2)
    yield desk
    desk.watch.stop()


def test_one_cell_per_drawing_with_its_exposure(desk: Desk) -> None:
    cells = desk.model.review.cells
    assert [(cell.time, cell.end) for cell in cells] == [(0, 3), (3, 4), (4, 7), (9, 12)]
    assert {cell.state for cell in cells} == {FrameState.PROPOSED}
    assert [cell.takes for cell in cells] == [1, 1, 1, 1]
    assert [cell.keyframe for cell in cells] == [True, False, False, False]


def test_the_playhead_is_followed_through_holds_and_blanks(desk: Desk) -> None:
    for time, current in ((2, 0), (3, 3), (6, 4), (8, -1), (11, 9)):
        desk.document.time = time
        desk.until(lambda wanted=current: desk.model.review.current == wanted)


def test_a_stroke_on_our_layer_makes_the_frame_edited_and_undo_takes_it_back(desk: Desk) -> None:
    desk.document.time = 3
    before = desk.model.thumbnails.get(3)
    desk.document.paint(desk.layer, 3, OWN)
    desk.until(lambda: desk.state(3) is FrameState.EDITED)
    assert desk.state(0) is FrameState.PROPOSED
    assert desk.model.thumbnails.get(3) is not before
    desk.document.undo()
    desk.until(lambda: desk.state(3) is FrameState.PROPOSED)


def test_a_stroke_on_the_lines_makes_the_frame_stale(desk: Desk) -> None:
    desk.document.time = 4
    desk.document.paint("lines", 4, flat_picture(44))
    desk.until(lambda: desk.state(4) is FrameState.STALE)
    assert desk.state(3) is FrameState.PROPOSED


def test_changes_away_from_the_playhead_are_seen_in_turn(desk: Desk) -> None:
    desk.document.time = 0
    desk.document.paint(desk.layer, 9, OWN)
    desk.until(lambda: desk.state(9) is FrameState.EDITED)


def test_undo_of_many_frames_is_seen_everywhere(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {time: desk.shown(time) for time in (0, 3, 4, 9)}
    desk.run(replace_color(desk.document, SKIN, PINK, desk.context))
    desk.watch.look_again()
    after = {time: digest_of(desk.shown(time)) for time in before}
    seen: list[str | None] = []

    def all_seen(wanted: dict[int, str]) -> bool:
        observer = desk.watch._observer
        assert observer is not None
        seen[:] = [observer.looks.digest(desk.layer, time) for time in wanted]
        return seen == list(wanted.values())

    desk.until(lambda: all_seen(after))
    # Turns alone would take four looks of an hour each.
    monkeypatch.setattr(watching, "_LOOK_SECONDS", 3600)
    desk.document.undo()
    desk.watch.look_again()
    desk.until(lambda: all_seen({time: digest_of(pixels) for time, pixels in before.items()}))


def test_accepted_and_locked_frames(desk: Desk) -> None:
    desk.run(accept(desk.document, [3]))
    desk.run(lock(desk.document, [0, 9]))
    desk.watch.look_again()
    assert desk.state(3) is FrameState.ACCEPTED
    assert [cell.locked for cell in desk.model.review.cells] == [True, False, False, True]
    assert [cell.protected for cell in desk.model.review.cells] == [True, True, False, True]


def test_unsure_regions_in_plain_words(desk: Desk) -> None:
    assert desk.unsure_times() == [0, 3, 9]
    assert [cell.unsure for cell in desk.model.review.cells] == [1, 1, 0, 1]
    first = desk.model.review.unsure[0]
    assert (first.number, first.box, first.color, first.confidence) == (1, (2, 0, 4, 3), ROBE, 0.2)
    assert first.reason == "No reference shows this part."


def test_frames_that_show_the_same_take_are_asked_about_once(desk: Desk) -> None:
    listed = [(region.time, region.also) for region in desk.model.review.unsure]
    assert listed == [(0, ()), (3, (9,))]
    desk.run(accept(desk.document, [3]))
    desk.watch.look_again()
    assert [(region.time, region.also) for region in desk.model.review.unsure] == [(0, ()), (9, ())]


def test_a_part_followed_over_drawings_is_asked_about_once_for_each_colour(desk: Desk) -> None:
    for time, right in ((3, HAIR), (4, HAIR), (9, ROBE)):
        words = report(SKIN, right, 0.3)
        words["regions"][1]["track"] = "0123456789ab-1"
        # takes are known by their pixels: a new report needs pixels of its own
        desk.write({time: two_halves((time, 0, 0, 255), right)}, {time: words}, seed=time)
    desk.watch.look_again()
    desk.until(
        lambda: (
            [(region.time, region.also) for region in desk.model.review.unsure]
            == [(0, ()), (3, (4,)), (9, ())]
        )
    )


def test_what_is_accepted_or_repainted_is_not_unsure_any_more(desk: Desk) -> None:
    desk.run(accept(desk.document, [3]))
    desk.watch.look_again()
    assert desk.unsure_times() == [0, 9]
    desk.document.time = 9
    desk.document.paint(desk.layer, 9, two_halves(SKIN, ROBE))
    desk.until(lambda: desk.unsure_times() == [0])
    assert desk.state(9) is FrameState.EDITED


def test_a_stroke_elsewhere_leaves_the_region_unsure(desk: Desk) -> None:
    desk.document.time = 9
    desk.document.paint(desk.layer, 9, two_halves(ROBE, HAIR))
    desk.until(lambda: desk.state(9) is FrameState.EDITED)
    assert desk.unsure_times() == [0, 3, 9]


def test_takes_of_the_current_frame(desk: Desk) -> None:
    first, second = digest_of(desk.shown(3)), digest_of(two_halves(ROBE, SKIN))
    desk.write({3: two_halves(ROBE, SKIN)}, {3: report(ROBE, SKIN, 0.9)}, seed=5)
    desk.document.time = 3
    desk.until(lambda: len(desk.model.review.takes) == 2 and desk.model.review.takes[1].chosen)
    cards = desk.model.review.takes
    assert [(card.digest, card.number, card.seed, card.unsure, card.chosen) for card in cards] == [
        (first, 1, 0, 1, False),
        (second, 2, 5, 0, True),
    ]
    desk.until(lambda: all(desk.model.thumbnails.get(digest) is not None for digest in (first, second)))
    desk.document.paint(desk.layer, 3, OWN)
    desk.until(lambda: not any(card.chosen for card in desk.model.review.takes))


def test_the_artists_accepted_version_is_a_take(desk: Desk) -> None:
    desk.document.time = 3
    desk.document.paint(desk.layer, 3, OWN)
    desk.run(accept(desk.document, [3]))
    desk.watch.look_again()
    desk.until(lambda: desk.state(3) is FrameState.ACCEPTED)
    assert [card.origin for card in desk.model.review.takes] == [TakeOrigin.ENGINE, TakeOrigin.ARTIST]


def test_swatches_with_counts(desk: Desk) -> None:
    desk.document.time = 0
    desk.until(lambda: desk.model.review.current == 0)
    found = {swatch.original: (swatch.frames, swatch.pixels) for swatch in desk.model.review.palette}
    assert found == {SKIN: (4, 6), HAIR: (3, 0), ROBE: (1, 6)}
    assert [swatch.original for swatch in desk.model.review.palette] == [SKIN, HAIR, ROBE]


def test_swatches_show_names_and_replacements(desk: Desk) -> None:
    desk.run(replace_color(desk.document, HAIR, PINK, desk.context))
    rename_color(desk.document, HAIR, "Hair")
    desk.watch.look_again()
    [swatch] = [swatch for swatch in desk.model.review.palette if swatch.original == HAIR]
    assert (swatch.color, swatch.name, swatch.frames) == (PINK, "Hair", 3)
    desk.until(lambda: {region.color for region in desk.model.review.unsure} == {ROBE, PINK})


def test_colours_that_the_artist_paints_are_counted_as_seen(desk: Desk) -> None:
    desk.document.time = 3
    desk.document.paint(desk.layer, 3, two_halves(ROBE, ROBE))
    desk.until(lambda: {s.original: s.frames for s in desk.model.review.palette}[ROBE] == 2)
    assert {s.original: s.pixels for s in desk.model.review.palette}[ROBE] == 12


def test_a_new_drawing_gets_a_cell_and_an_emptied_one_loses_it(desk: Desk) -> None:
    desk.document.layer("lines").keyframes[6] = flat_picture(66)
    desk.until(lambda: [cell.time for cell in desk.model.review.cells] == [0, 3, 4, 6, 9])
    assert desk.state(6) is FrameState.EMPTY
    desk.document.time = 4
    desk.document.layer("lines").keyframes[4] = blank_picture()
    desk.until(lambda: [cell.time for cell in desk.model.review.cells] == [0, 3, 6, 9])


def test_our_layer_undone_leaves_drawings_without_colours(desk: Desk) -> None:
    colored = desk.model.thumbnails.get(0)
    desk.document.stack.remove(desk.document.layer(desk.layer))
    desk.until(lambda: set(desk.states().values()) == {FrameState.EMPTY})
    assert desk.watch.ours is None
    assert desk.model.review.unsure == ()
    desk.until(lambda: desk.model.thumbnails.get(0) is not colored)


def test_a_line_layer_that_is_gone_still_shows_our_frames(desk: Desk) -> None:
    desk.document.stack.remove(desk.document.layer("lines"))
    desk.until(lambda: [cell.time for cell in desk.model.review.cells] == [0, 3, 4, 7, 9])
    assert desk.state(3) is FrameState.PROPOSED


def test_failed_frames_say_why(desk: Desk) -> None:
    desk.document.layer("lines").keyframes[6] = flat_picture(66)
    desk.change_frame(6, error="The engine stopped.")
    desk.until(lambda: desk.states().get(6) is FrameState.FAILED)
    cell = desk.model.review.cell(6)
    assert cell is not None
    assert cell.error == "The engine stopped."


def test_the_strip_survives_saving_and_opening(desk: Desk) -> None:
    desk.run(accept(desk.document, [3]))
    desk.run(lock(desk.document, [4]))
    desk.document.paint(desk.layer, 9, OWN)
    reopened = desk.document.reopened()
    desk.host.bring_to_front(reopened)
    desk.until(lambda: desk.states().get(9) is FrameState.EDITED)
    assert desk.states() == {
        0: FrameState.PROPOSED,
        3: FrameState.ACCEPTED,
        4: FrameState.PROPOSED,
        9: FrameState.EDITED,
    }
    assert desk.watch.document is not None
    assert desk.watch.document.is_same(reopened)
