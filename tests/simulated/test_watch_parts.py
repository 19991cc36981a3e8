"""The pieces of the watch: exposures, counts of colours, thumbnails; and that no step takes long."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from support.colored_shot import HAIR, SKIN, bgra, finished, two_halves
from support.memory_host import MemoryDocument, MemoryLayer, flat_picture

from keycel_plugin.flow.looks import Looks, Wish, color_counts, repainted
from keycel_plugin.flow.memory import Region
from keycel_plugin.flow.sheet import SheetReader
from keycel_plugin.flow.small_pictures import laid_over, small_colors, small_lines
from keycel_plugin.qt import QtGui
from keycel_plugin.state.thumbnails import LONGEST_SIDE

HD = (1920, 1080)
SLICE_MILLISECONDS = 16

RunUntil = Callable[..., None]


def color_at(picture: QtGui.QImage, column: int, row: int) -> tuple[int, int, int, int]:
    color = picture.pixelColor(column, row)
    return (color.red(), color.green(), color.blue(), color.alpha())


@pytest.mark.parametrize(
    ("times", "clip", "expected"),
    [
        ((0, 2, 5), 8, [(0, 2), (2, 5), (5, 8)]),
        ((4,), 1, [(0, 4), (4, 5)]),
        ((0, 9), 3, [(0, 9), (9, 10)]),
    ],
    ids=["held to the end", "first drawing above 0", "drawing behind the end of the clip"],
)
def test_exposures(times: tuple[int, ...], clip: int, expected: list[tuple[int, int]]) -> None:
    lines = MemoryLayer("lines", "Lines", {start: flat_picture(start + 1) for start in times})
    document = MemoryDocument(lines)
    document.clip_length = clip
    assert SheetReader().read(document).exposures() == expected


def test_a_document_without_layers_has_an_empty_sheet() -> None:
    sheet = SheetReader().read(MemoryDocument())
    assert (sheet.exposures(), sheet.line_layer, sheet.ours) == ([], "", None)


def test_colours_are_counted_without_hidden_ones(run_until: RunUntil) -> None:
    pixels = two_halves(SKIN, HAIR, (8, 4)) + bytes((9, 9, 9, 0)) * 32
    assert finished(run_until, color_counts(pixels)) == {SKIN: 16, HAIR: 16}


def test_a_guess_is_repainted_when_its_middle_has_another_colour() -> None:
    guess = Region((2, 0, 4, 3), 6, HAIR, 0.1, "", ((0, 3, 4), (1, 2, 4)))
    no_runs = Region((0, 0, 2, 3), 6, SKIN, 0.1, "", ())
    cropped_away = Region((90, 90, 99, 99), 81, SKIN, 0.1, "", ((95, 90, 99),))
    pixels = two_halves(SKIN, HAIR)
    assert repainted(pixels, 4, [guess, no_runs], {}) == frozenset()
    assert repainted(pixels, 4, [no_runs, guess], {HAIR: SKIN}) == {2}
    assert repainted(two_halves(HAIR, SKIN), 4, [guess], {HAIR: SKIN}) == frozenset()
    assert repainted(pixels, 4, [cropped_away], {}) == {1}


def test_thin_lines_are_seen_in_the_thumbnail(run_until: RunUntil) -> None:
    width, height = HD
    row = bytearray(width * 4)
    for column in range(5, width, 96):  # two pixels wide, between the samples of a fast scaling
        row[column * 4 : column * 4 + 8] = bgra((0, 0, 0, 255)) * 2
    small = finished(run_until, small_lines(bytes(row) * height, HD))
    assert (small.width(), small.height()) == (LONGEST_SIDE, LONGEST_SIDE * height // width)
    for line in (0, small.height() // 2, small.height() - 1):
        inked = [column for column in range(small.width()) if color_at(small, column, line)[3] > 20]
        assert len(inked) >= width // 96


def test_bands_of_a_thumbnail_fit_together(run_until: RunUntil) -> None:
    width, height = HD
    rows = [
        bgra((0, 0, 0, 255) if (line // 108) % 2 else (255, 255, 255, 255)) * width for line in range(height)
    ]
    small = finished(run_until, small_lines(b"".join(rows), HD))
    step = small.height() / 10
    tones = [color_at(small, 50, int((number + 0.5) * step))[0] for number in range(10)]
    assert [tone > 127 for tone in tones] == [True, False] * 5


def test_lines_are_drawn_over_colours(run_until: RunUntil) -> None:
    size = (4, 2)
    ink = (bgra((0, 0, 0, 255)) + bytes(12)) * 2
    colors, lines = (
        small_colors(two_halves(SKIN, HAIR, size), size),
        finished(run_until, small_lines(ink, size)),
    )
    whole = laid_over(colors, lines)
    assert whole is not None
    assert [color_at(whole, column, 0) for column in range(4)] == [(0, 0, 0, 255), SKIN, HAIR, HAIR]
    assert color_at(colors, 0, 0) == SKIN
    assert laid_over(None, lines) is lines
    assert laid_over(colors, None) is colors
    assert laid_over(None, None) is None


def steps(work: Coroutine[Any, Any, Any]) -> list[float]:
    """Milliseconds of computing in every step of a coroutine, however busy the machine is."""
    found: list[float] = []
    try:
        while True:
            began = time.thread_time()
            work.send(None)
            found.append((time.thread_time() - began) * 1000)
    except StopIteration:
        return found


@pytest.mark.parametrize(
    "wish", [Wish(), Wish(lines=True), Wish(colors=True)], ids=["take", "lines", "edited"]
)
def test_looking_at_a_1080p_picture_is_never_felt(wish: Wish) -> None:
    pixels = two_halves(SKIN, HAIR, HD)

    async def read() -> bytes:
        return bytes(bytearray(pixels))  # other bytes each time, as from a document

    durations: list[float] = []
    for number in range(3):
        durations += steps(Looks().look("layer", number, HD, read, lambda _: wish))
    assert len(durations) > 15
    assert max(durations) < SLICE_MILLISECONDS
