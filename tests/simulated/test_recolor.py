"""Exact colour replacement, compared with the obvious loop over pixels."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest
from support.colored_shot import finished as run_to_end

from keycel_plugin.flow import recolor
from keycel_plugin.flow.recolor import colors_in, count_pixels, in_original_colors, in_shown_colors
from keycel_plugin.state.records import PaletteEntry, Rgba

RED, GREEN, BLUE = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255)
PALE_RED = (255, 0, 0, 254)
NIGHT, CLEAR = (10, 20, 30, 255), (0, 0, 0, 0)
SLICE_MILLISECONDS = 16


@pytest.fixture
def finished(run_until: Callable[..., None]) -> Callable[[Coroutine[Any, Any, bytes]], bytes]:
    return partial(run_to_end, run_until)


def bgra(colors: list[Rgba]) -> bytes:
    return b"".join(bytes((blue, green, red, alpha)) for red, green, blue, alpha in colors)


def expected(colors: list[Rgba], replacements: dict[Rgba, Rgba]) -> bytes:
    return bgra([replacements.get(color, color) for color in colors])


def test_two_colours_swap_and_alpha_counts(finished: Callable[..., bytes]) -> None:
    colors = [RED, GREEN, PALE_RED, BLUE, CLEAR, RED]
    palette = [PaletteEntry(RED, GREEN), PaletteEntry(GREEN, RED, "leaf"), PaletteEntry(NIGHT, BLUE)]
    outcome = finished(in_shown_colors(bgra(colors), palette))
    assert outcome == bgra([GREEN, RED, PALE_RED, BLUE, CLEAR, GREEN])


def test_a_chain_is_not_followed(finished: Callable[..., bytes]) -> None:
    palette = [PaletteEntry(RED, GREEN), PaletteEntry(GREEN, BLUE), PaletteEntry(BLUE, CLEAR)]
    assert finished(in_shown_colors(bgra([RED, GREEN, BLUE]), palette)) == bgra([GREEN, BLUE, CLEAR])


@pytest.mark.parametrize(
    "palette",
    [(), (PaletteEntry(RED, RED, "only a name"),), (PaletteEntry((1, 2, 3, 4), NIGHT),)],
    ids=["empty", "renamed", "absent colour"],
)
def test_nothing_to_do_gives_the_same_object(
    finished: Callable[..., bytes], palette: tuple[PaletteEntry, ...]
) -> None:
    pixels = bgra([RED, GREEN] * 50)
    assert finished(in_shown_colors(pixels, palette)) is pixels


def test_bytes_that_only_look_like_the_colour_across_two_pixels(finished: Callable[..., bytes]) -> None:
    pixels = bgra([(3, 2, 1, 4), (7, 6, 5, 8)])  # bytes 1 2 3 4 5 6 7 8
    palette = [PaletteEntry((5, 4, 3, 6), NIGHT)]  # bytes 3 4 5 6
    assert finished(in_shown_colors(pixels, palette)) is pixels
    assert count_pixels(pixels, (5, 4, 3, 6)) == 0


@pytest.mark.parametrize("seed", range(12))
def test_random_pictures_over_several_bands(
    seed: int, finished: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recolor, "BAND_BYTES", 64)
    chance = random.Random(seed)
    near = [
        (red, green, blue, alpha)
        for red in (0, 255)
        for green in (0, 1)
        for blue in (1, 9)
        for alpha in (0, 255)
    ]
    colors = [chance.choice(near) for _ in range(chance.randrange(300))]
    replacements = {color: chance.choice(near) for color in chance.sample(near, 5)}
    palette = [PaletteEntry(original, color) for original, color in replacements.items()]
    assert finished(in_shown_colors(bgra(colors), palette)) == expected(colors, replacements)
    for color in near:
        assert count_pixels(bgra(colors), color) == colors.count(color)
    assert finished(colors_in(bgra(colors), near[::2])) == set(near[::2]) & set(colors)


def test_the_way_back(finished: Callable[..., bytes]) -> None:
    palette = [PaletteEntry(RED, GREEN), PaletteEntry(GREEN, BLUE), PaletteEntry(NIGHT, GREEN)]
    shown = bgra([GREEN, BLUE, PALE_RED, CLEAR])
    original = finished(in_original_colors(shown, palette))
    assert original == bgra([RED, GREEN, PALE_RED, CLEAR])
    assert finished(in_shown_colors(original, palette)) == shown


MANY = [(step, 255 - step, 7, 255) for step in range(0, 240, 20)]
HD_PIXELS = bgra([color for color in MANY for _ in range(160)]) * 1080


@pytest.mark.parametrize(
    ("work", "expected_outcome"),
    [
        (
            lambda: in_shown_colors(HD_PIXELS, [PaletteEntry(color, NIGHT) for color in MANY[:4]]),
            (bgra([NIGHT] * 640) + bgra([color for color in MANY[4:] for _ in range(160)])) * 1080,
        ),
        (lambda: colors_in(HD_PIXELS, [*MANY[:4], NIGHT, RED]), frozenset(MANY[:4])),
    ],
    ids=["in_shown_colors", "colors_in"],
)
def test_no_slice_is_felt_at_1080p(
    work: Callable[[], Coroutine[Any, Any, object]], expected_outcome: object
) -> None:
    running = work()
    slices: list[float] = []
    while True:
        started = time.thread_time()
        try:
            running.send(None)
        except StopIteration as end:
            outcome = end.value
            break
        finally:
            slices.append((time.thread_time() - started) * 1000)
    assert outcome == expected_outcome
    assert len(slices) > 20
    assert max(slices) < SLICE_MILLISECONDS
