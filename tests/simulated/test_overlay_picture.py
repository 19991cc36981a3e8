"""The picture of unsure regions: where it has pixels, and in which colours."""

from __future__ import annotations

import itertools

import pytest

from keycel_plugin.flow.memory import Region
from keycel_plugin.flow.overlay_picture import outline_color, overlay_color, overlay_picture
from keycel_plugin.state.records import Rgba
from keycel_plugin.tasks import Suspension

SKIN, MAGENTA = (240, 200, 180, 255), (255, 0, 255, 255)
CLEAR = (0, 0, 0, 0)


def region(runs: tuple[tuple[int, int, int], ...], reason: str = "small") -> Region:
    box = (
        min(first for _, first, _ in runs),
        min(row for row, _, _ in runs),
        max(end for _, _, end in runs),
        max(row for row, _, _ in runs) + 1,
    )
    return Region(box, sum(end - first for _, first, end in runs), SKIN, 0.2, reason, runs)


def painted(size: tuple[int, int], *regions: Region, color: Rgba = MAGENTA) -> dict[tuple[int, int], Rgba]:
    """Pixels that are not fully transparent, by (column, row)."""
    work = overlay_picture(size, regions, color)
    try:
        while True:
            assert isinstance(work.send(None), Suspension)
    except StopIteration as end:
        pixels = end.value
    assert len(pixels) == size[0] * size[1] * 4
    found: dict[tuple[int, int], Rgba] = {}
    for row, column in itertools.product(range(size[1]), range(size[0])):
        blue, green, red, alpha = pixels[(row * size[0] + column) * 4 :][:4]
        if (red, green, blue, alpha) != CLEAR:
            found[column, row] = (red, green, blue, alpha)
    return found


def test_a_region_is_outlined_all_around_and_striped_inside() -> None:
    square = region(tuple((row, 5, 35) for row in range(3, 27)))
    found = painted((40, 30), square)
    dark = outline_color(MAGENTA)
    assert set(found.values()) == {MAGENTA, dark}
    assert all(5 <= column < 35 and 3 <= row < 27 for column, row in found)
    border = {(column, row) for column in range(5, 35) for row in (3, 26)} | {
        (column, row) for column in (5, 6, 33, 34) for row in range(3, 27)
    }
    assert {place for place, color in found.items() if color == dark} == border
    inside = 26 * 22
    striped = sum(color == MAGENTA for color in found.values())
    assert inside * 0.4 < striped < inside * 0.6


def test_a_notch_is_outlined_too() -> None:
    comb = region(((0, 0, 20), (1, 0, 20), (2, 0, 8), (2, 12, 20)))
    found = painted((20, 4), comb)
    dark = outline_color(MAGENTA)
    assert [found.get((column, 1)) == dark for column in range(8, 12)] == [True] * 4
    assert all((column, 2) not in found for column in range(8, 12))


def test_a_single_pixel_is_seen() -> None:
    assert painted((4, 4), region(((2, 1, 2),))) == {(1, 2): outline_color(MAGENTA)}


def test_sure_regions_are_left_out_and_nothing_is_painted_off_the_canvas() -> None:
    sure = region(((1, 0, 4),), reason="")
    outside = region(((0, -5, 3), (9, 0, 4), (-1, 0, 4), (2, 3, 90), (1, 8, 9)))
    found = painted((4, 4), sure, outside)
    assert set(found) == {(0, 0), (1, 0), (2, 0), (3, 2)}


@pytest.mark.parametrize(
    "palette",
    [
        (),
        (SKIN,),
        (MAGENTA, (255, 0, 0, 255), (0, 0, 255, 255)),
        tuple(
            (red, green, blue, 255)
            for red, green, blue in itertools.product((0, 51, 102, 153, 204, 255), repeat=3)
        ),
    ],
    ids=["empty", "skin", "vivid", "web safe"],
)
def test_the_colour_is_vivid_and_outside_the_palette(palette: tuple[Rgba, ...]) -> None:
    color = overlay_color(palette)
    assert max(color[:3]) == 255
    assert min(color[:3]) == 0
    assert color[3] == 255
    assert color not in palette
    assert outline_color(color) not in palette


def test_the_colour_keeps_its_distance() -> None:
    reds = tuple((red, 0, blue, 255) for red in range(128, 256, 16) for blue in range(0, 256, 16))
    color = overlay_color(reds)
    assert min(sum((a - b) ** 2 for a, b in zip(color, other, strict=True)) for other in reds) > 150**2
