"""What pictures of a document were when last looked at."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from keycel_plugin.flow.memory import Region
from keycel_plugin.flow.slices import shown_digest
from keycel_plugin.flow.small_pictures import small_colors, small_lines
from keycel_plugin.qt import QtGui
from keycel_plugin.state.records import Rgba
from keycel_plugin.tasks import pause
from keycel_shared.pixels import BYTES_PER_PIXEL

_EVERY = 4
"""Colours of hand-painted pictures are counted on every fourth pixel: exact counts would take 0.2 s."""
_COUNTED_PER_EVENT = 64 * 1024
_MOST_COLORS = 512


@dataclass(frozen=True)
class Look:
    checksum: int
    digest: str
    """Empty if no pixel is visible."""
    thumbnail: QtGui.QImage | None = None
    colors: Mapping[Rgba, int] = field(default_factory=dict[Rgba, int])
    """Pixels of each visible colour, about; only of pictures that are not takes of the engine."""
    repainted: frozenset[int] = frozenset()
    """Of an edited frame: numbers, from 1, of the guesses that the artist has painted over."""


@dataclass(frozen=True)
class Wish:
    """What is wanted of a picture besides its digest; asked once the digest is known."""

    lines: bool = False
    colors: bool = False
    guesses: Sequence[Region] = ()
    """Unsure regions of which it is asked whether they were painted over."""
    shown: Mapping[Rgba, Rgba] = field(default_factory=dict[Rgba, Rgba])
    """Original to shown colours, where they differ."""


class Looks:
    """By layer and frame number."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], Look] = {}

    def get(self, layer: str, time: int) -> Look | None:
        return self._known.get((layer, time))

    def digest(self, layer: str, time: int) -> str | None:
        """None: not looked at yet."""
        look = self.get(layer, time)
        return look.digest if look is not None else None

    def forget_others(self, layers: Collection[str]) -> None:
        """Keep only what is known of `layers`."""
        self._known = {place: look for place, look in self._known.items() if place[0] in layers}

    async def look(
        self,
        layer: str,
        time: int,
        size: tuple[int, int],
        read: Callable[[], Awaitable[bytes]],
        wish: Callable[[str], Wish],
    ) -> bool:
        """Look at what `read` gives: BGRA pixels, or nothing. True if it is another picture than before."""
        pixels = await read()
        await pause()
        checksum = hash(pixels)
        known = self.get(layer, time)
        if known is not None and known.checksum == checksum:
            return False
        await pause()
        digest = await shown_digest(pixels)
        wanted = wish(digest) if digest and len(pixels) == size[0] * size[1] * BYTES_PER_PIXEL else None
        if wanted is None:
            look = Look(checksum, digest)
        else:
            small = await small_lines(pixels, size) if wanted.lines else small_colors(pixels, size)
            await pause()
            look = Look(
                checksum,
                digest,
                small,
                await color_counts(pixels) if wanted.colors else {},
                repainted(pixels, size[0], wanted.guesses, wanted.shown),
            )
        self._known[layer, time] = look
        return known is None or known.digest != digest


async def color_counts(pixels: bytes) -> dict[Rgba, int]:
    """About how many pixels each visible colour has in a BGRA picture; the most frequent ones."""
    counted: Counter[int] = Counter()
    codes = memoryview(pixels).cast("I")[::_EVERY]
    for start in range(0, len(codes), _COUNTED_PER_EVENT):
        counted.update(codes[start : start + _COUNTED_PER_EVENT])
        await pause()
    colors = ((_rgba(code), count) for code, count in counted.most_common(_MOST_COLORS))
    return {color: count * _EVERY for color, count in colors if color[3]}


def repainted(
    pixels: bytes, width: int, guesses: Sequence[Region], shown: Mapping[Rgba, Rgba]
) -> frozenset[int]:
    """Numbers, from 1, of the regions whose middle does not have the region's colour any more."""
    found: set[int] = set()
    for number, region in enumerate(guesses, 1):
        if not region.runs:
            continue
        row, first, end = max(region.runs, key=_run_length)
        start = (row * width + (first + end) // 2) * BYTES_PER_PIXEL
        blue, green, red, alpha = pixels[start : start + BYTES_PER_PIXEL] or bytes(BYTES_PER_PIXEL)
        if (red, green, blue, alpha) != shown.get(region.color, region.color):
            found.add(number)
    return frozenset(found)


def _run_length(run: tuple[int, int, int]) -> int:
    return run[2] - run[1]


def _rgba(code: int) -> Rgba:
    blue, green, red, alpha = code.to_bytes(BYTES_PER_PIXEL, sys.byteorder)
    return (red, green, blue, alpha)
