"""Krita's undo and redo of a replaced colour: the swatch and what is written next follow the pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

import pytest
from support.artists_desk import shot_document
from support.colored_shot import HAIR, ROBE, bgra, colors_of
from support.memory_backend import MemoryBackend
from support.memory_host import SIZE, MemoryHost, flat_picture

from keycel_plugin.flow import watch as watching
from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.controller import Controller
from keycel_plugin.flow.memory import ShotMemory
from keycel_plugin.state.records import PaletteEntry, Rgba, ShotRecord
from keycel_shared.states import FrameState

PINK, TEAL = (240, 120, 160, 255), (0, 128, 128, 255)
WITH_HAIR = (0, 3, 9)
"""Frame 4 has a robe instead."""


def colored(drawing: bytes, seed: int) -> bytes:
    """The drawing's own grey, then two rows of hair or, on frame 4, of robe."""
    width, _height = SIZE
    grey = (255 - drawing[0] + seed, 0, 0, 255)
    return bgra(grey) * width + bgra(ROBE if drawing == flat_picture(40) else HAIR) * width * 2


class Desk:
    """The docker of a coloured shot. Nothing is told to it but what an artist does."""

    def __init__(self, run_until: Callable[..., None]) -> None:
        self.until = run_until
        self.document = shot_document()
        self.controller = Controller(MemoryHost(self.document), cast("Backend", MemoryBackend(colored)))
        self.controller.docker_shown(True)
        self.colorize()

    @property
    def record(self) -> ShotRecord:
        return ShotMemory(self.document).record()

    def shown(self, time: int) -> set[Rgba]:
        """Colours of hair and robe on a frame."""
        [layer] = self.document.our_layers()
        return {color for color in colors_of(self.document.picture_now(layer, time)) if color[1]}

    def shown_everywhere(self) -> list[set[Rgba]]:
        return [self.shown(time) for time in WITH_HAIR]

    def swatch(self, original: Rgba = HAIR) -> Rgba | None:
        found = (each for each in self.controller.model.review.palette if each.original == original)
        return next((each.color for each in found), None)

    def finish(self) -> None:
        self.until(lambda: not self.controller.busy)
        assert self.controller.model.progress.news.error is None

    def colorize(self) -> None:
        self.controller.colorize()
        self.finish()
        self.settle()

    def replace(self, color: Rgba, original: Rgba = HAIR) -> None:
        self.controller.replace_color(original, color)
        self.finish()
        self.settle()
        assert self.swatch(original) == color

    def settle(self) -> None:
        """Until all pictures were looked at after a job."""
        watch = self.controller._watch
        self.until(lambda: self.swatch() is not None and not watch._all_due and not watch._is_looking())

    def accept(self, *times: int) -> None:
        review = self.controller.model.review
        self.controller.select(times)
        states = {FrameState.ACCEPTED}
        for time in times:
            self.document.time = time
            self.until(lambda wanted=time: review.current == wanted)
            self.controller.accept()
            self.until(lambda wanted=time: {c.state for c in review.cells if c.time == wanted} == states)


@pytest.fixture
def desk(run_until: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(watching, "BEAT_MS", 10)
    monkeypatch.setattr(watching, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(watching, "_REST_MS", 0)
    desk = Desk(run_until)
    yield desk
    desk.controller.shut_down()


def test_undo_and_redo_of_a_replacement(desk: Desk) -> None:
    desk.replace(PINK)
    assert desk.shown_everywhere() == [{PINK}] * 3
    desk.document.undo()
    desk.until(lambda: desk.swatch() == HAIR)
    assert desk.record.palette == ()
    desk.document.redo()
    desk.until(lambda: desk.swatch() == PINK)
    assert desk.record.palette == (PaletteEntry(HAIR, PINK),)
    assert desk.shown_everywhere() == [{PINK}] * 3


def test_undo_is_seen_when_the_playhead_is_where_the_colour_is_not(desk: Desk) -> None:
    desk.document.time = 4
    desk.replace(PINK)
    desk.document.undo()
    desk.until(lambda: desk.swatch() == HAIR)


def test_undo_is_seen_when_only_the_frame_under_the_playhead_has_the_colour(desk: Desk) -> None:
    desk.document.time = 4
    desk.replace(TEAL, ROBE)
    desk.document.undo()
    desk.until(lambda: desk.swatch(ROBE) == ROBE)


def test_after_undo_the_original_is_written(desk: Desk) -> None:
    desk.replace(PINK)
    desk.document.undo()
    desk.until(lambda: desk.swatch() == HAIR)
    desk.document.paint("lines", 3, flat_picture(77))
    desk.colorize()
    assert desk.shown_everywhere() == [{HAIR}] * 3
    assert desk.swatch() == HAIR


@pytest.mark.parametrize("press", ["colorize", "spread", "regenerate"])
def test_a_button_pressed_before_the_undo_was_seen_writes_the_original(desk: Desk, press: str) -> None:
    desk.replace(PINK)
    desk.accept(4)
    desk.document.time = 3
    desk.until(lambda: desk.controller.model.review.current == 3)
    desk.document.undo()
    desk.document.paint("lines", 3, flat_picture(77))
    getattr(desk.controller, press)()
    assert desk.record.entry(HAIR).color == PINK
    desk.finish()
    assert desk.shown_everywhere() == [{HAIR}] * 3
    desk.settle()
    assert desk.swatch() == HAIR


def test_a_replacement_before_the_undo_was_seen_leaves_the_undone_one_out(desk: Desk) -> None:
    desk.replace(PINK)
    desk.document.undo()
    grey_of_3 = (225, 0, 0, 255)
    desk.controller.replace_color(grey_of_3, TEAL)
    desk.finish()
    assert [desk.shown(time) for time in WITH_HAIR] == [{HAIR}, {TEAL, HAIR}, {HAIR}]
    assert desk.record.palette == (PaletteEntry(grey_of_3, TEAL),)


def test_of_two_replacements_one_is_undone(desk: Desk) -> None:
    desk.replace(PINK)
    desk.replace(TEAL)
    desk.document.undo()
    desk.until(lambda: desk.swatch() == PINK)
    desk.document.undo()
    desk.until(lambda: desk.swatch() == HAIR)
    desk.document.redo()
    desk.document.redo()
    desk.until(lambda: desk.swatch() == TEAL)


def test_the_name_stays(desk: Desk) -> None:
    desk.controller.rename_color(HAIR, "Hair")
    desk.replace(PINK)
    desk.document.undo()
    desk.until(lambda: desk.swatch() == HAIR)
    assert desk.record.palette == (PaletteEntry(HAIR, HAIR, "Hair"),)


def test_an_accepted_frame_with_an_older_colour_changes_nothing(desk: Desk) -> None:
    desk.replace(PINK)
    desk.accept(3)
    desk.replace(TEAL)
    assert [desk.shown(time) for time in WITH_HAIR] == [{TEAL}, {PINK}, {TEAL}]
    desk.document.undo()
    desk.until(lambda: desk.swatch() == PINK)
    desk.document.redo()
    desk.until(lambda: desk.swatch() == TEAL)


@pytest.mark.parametrize("color", [TEAL, HAIR], ids=["another colour", "the original"])
def test_a_colour_on_accepted_frames_only_is_kept_for_later(desk: Desk, color: Rgba) -> None:
    desk.replace(PINK)
    desk.accept(*WITH_HAIR)
    desk.replace(color)
    assert desk.shown_everywhere() == [{PINK}] * 3
    desk.document.paint("lines", 4, flat_picture(77))  # now there is hair on it, too
    desk.colorize()
    assert desk.shown(4) == {color}
    assert desk.swatch() == color


def test_undoing_colorize_keeps_the_replacement(desk: Desk) -> None:
    desk.replace(PINK)
    desk.document.paint("lines", 3, flat_picture(77))
    desk.colorize()
    desk.document.undo()
    desk.until(lambda: desk.controller.model.review.cells[1].state is FrameState.STALE)
    desk.settle()
    assert desk.swatch() == PINK
    assert desk.shown(3) == {PINK}


def test_undo_while_the_docker_is_hidden(desk: Desk) -> None:
    desk.replace(PINK)
    desk.controller.docker_shown(False)
    desk.document.undo()
    desk.controller.docker_shown(True)
    desk.until(lambda: desk.swatch() == HAIR)


def test_an_accepted_picture_remembers_its_replacements(desk: Desk) -> None:
    desk.replace(PINK)
    before = [layer.frame(3).written[-1].colors for layer in desk.record.layers]
    desk.accept(3)
    assert [layer.frame(3).written[-1].colors for layer in desk.record.layers] == before
    assert before == [(PaletteEntry(HAIR, PINK),)]


def test_only_replacements_that_a_picture_has_are_remembered(desk: Desk) -> None:
    desk.replace(PINK)
    desk.colorize()
    [layer] = desk.record.layers
    latest = {frame.time: frame.written[-1].colors for frame in layer.frames if frame.takes}
    assert latest == {**dict.fromkeys(WITH_HAIR, (PaletteEntry(HAIR, PINK),)), 4: ()}
