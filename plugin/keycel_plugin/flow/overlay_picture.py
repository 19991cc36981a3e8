"""What the overlay layer looks like: unsure regions hatched in a colour that the shot does not use."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from keycel_plugin.flow.memory import Region
from keycel_plugin.state.records import Rgba
from keycel_plugin.tasks import pause
from keycel_shared.pixels import BYTES_PER_PIXEL, byte_count

_STRIPE = 4
"""Width of a stripe in pixels, and of the gap after it through which the colours are seen."""
_EDGE = 2
"""Width of the outline at the left and right; above and below it is one pixel per row."""
_RUNS_PER_EVENT = 1500
"""About 4 ms."""
_RING_STEP = 45

Run = tuple[int, int, int]
"""Row, first column, column after the last."""
Span = tuple[int, int]
"""First column, column after the last."""


def overlay_color(palette: Collection[Rgba]) -> Rgba:
    """The fully saturated colour that is farthest from every colour of `palette`.

    “Far” is the smallest Euclidean distance in RGB, of the colour itself and of its darker outline.
    """

    def distance(candidate: Rgba) -> int:
        ours = (candidate, outline_color(candidate))
        return min((_distance(color, other) for color in ours for other in palette), default=0)

    return max(_color_ring(), key=distance)


def outline_color(color: Rgba) -> Rgba:
    red, green, blue, alpha = color
    return (red // 2, green // 2, blue // 2, alpha)


async def overlay_picture(size: tuple[int, int], regions: Iterable[Region], color: Rgba) -> bytes:
    """A BGRA picture of `size` (width, height): the unsure `regions` in `color`, all else transparent.

    Diagonal stripes let the colours beneath shine through; a darker outline shows the smallest regions.
    """
    canvas = _Canvas(size, color)
    painted = 0
    for region in regions:
        if not region.unsure:
            continue
        rows = _by_row(region.runs, size)
        for row, spans in rows.items():
            for span in spans:
                canvas.stripe(row, span)
                for edge in _outline(span, rows.get(row - 1, ()), rows.get(row + 1, ())):
                    canvas.edge(row, edge)
            painted += len(spans)
            if painted >= _RUNS_PER_EVENT:
                painted = 0
                await pause()
    return bytes(canvas.picture)


class _Canvas:
    """Paints spans of a row."""

    def __init__(self, size: tuple[int, int], color: Rgba) -> None:
        self.picture = bytearray(byte_count(*size))
        self._width = size[0]
        self._edge = _pixel(outline_color(color))
        self._stripes = _stripes(size[0], _pixel(color))

    def stripe(self, row: int, span: Span) -> None:
        stripes = self._stripes[(row + span[0]) % len(self._stripes)]
        self._put(row, span, stripes[: (span[1] - span[0]) * BYTES_PER_PIXEL])

    def edge(self, row: int, span: Span) -> None:
        self._put(row, span, self._edge * (span[1] - span[0]))

    def _put(self, row: int, span: Span, pixels: bytes) -> None:
        start = (row * self._width + span[0]) * BYTES_PER_PIXEL
        self.picture[start : start + len(pixels)] = pixels


def _color_ring() -> list[Rgba]:
    """Fully saturated colours all around the hue circle, magenta first: rarest in drawn animation."""
    ring: list[Rgba] = []
    for step in range(0, 255, _RING_STEP):
        ring += [
            (255, 0, 255 - step, 255),
            (255, step, 0, 255),
            (255 - step, 255, 0, 255),
            (0, 255, step, 255),
            (0, 255 - step, 255, 255),
            (step, 0, 255, 255),
        ]
    return ring


def _distance(one: Rgba, other: Rgba) -> int:
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2


def _pixel(color: Rgba) -> bytes:
    red, green, blue, alpha = color
    return bytes((blue, green, red, alpha))


def _stripes(width: int, pixel: bytes) -> list[bytes]:
    """For each phase of the pattern, a row of it that is `width` pixels wide."""
    period = pixel * _STRIPE + bytes(BYTES_PER_PIXEL * _STRIPE)
    rows: list[bytes] = []
    for phase in range(2 * _STRIPE):
        turned = period[phase * BYTES_PER_PIXEL :] + period[: phase * BYTES_PER_PIXEL]
        rows.append(turned * (width // (2 * _STRIPE) + 1))
    return rows


def _by_row(runs: Iterable[Run], size: tuple[int, int]) -> dict[int, list[Span]]:
    """The runs cut to the canvas: a document may have been cropped since."""
    width, height = size
    rows: dict[int, list[Span]] = {}
    for row, first, end in runs:
        span = (max(first, 0), min(end, width))
        if 0 <= row < height and span[0] < span[1]:
            rows.setdefault(row, []).append(span)
    return rows


def _outline(span: Span, above: Sequence[Span], below: Sequence[Span]) -> list[Span]:
    """The parts of a span at its two ends, or without the region above or below."""
    first, end = span
    ends = [(first, min(first + _EDGE, end)), (max(end - _EDGE, first), end)]
    return [*ends, *_without(span, above), *_without(span, below)]


def _without(span: Span, others: Sequence[Span]) -> list[Span]:
    """The parts of `span` that none of `others` covers."""
    start, end = span
    left: list[Span] = []
    for first, after in sorted(others):
        if first > start:
            left.append((start, min(first, end)))
        start = max(start, after)
        if start >= end:
            break
    if start < end:
        left.append((start, end))
    return [(first, after) for first, after in left if first < after]
