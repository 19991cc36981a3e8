"""Exact colour replacement in BGRA pictures, at the speed of C without any array library.

One colour is looked for in all pixels of a band at once: the four channels are sliced apart,
`bytes.translate` turns each channel into 255 where it has the wanted value, and as very long integers
the four answers are joined by `&`. Python's own loops never see a pixel.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from keycel_plugin.state.records import PaletteEntry, Rgba
from keycel_plugin.tasks import pause
from keycel_shared.pixels import BYTES_PER_PIXEL

BAND_BYTES = 128 * 1024
"""Pixels dealt with per event: 1 ms for one colour, 0.5 ms for each further one that occurs there."""

_BGRA = (2, 1, 0, 3)
"""Channels of an `Rgba` in the order of the bytes."""

Planes = tuple[bytes, bytes, bytes, bytes]


async def in_shown_colors(pixels: bytes, palette: Sequence[PaletteEntry]) -> bytes:
    """A take's BGRA `pixels` with the artist's replacements; `pixels` itself if none applies.

    All colours, alpha included, are replaced at the same time: two of them can swap.
    """
    return await _recolored(pixels, {entry.original: entry.color for entry in palette})


async def in_original_colors(pixels: bytes, palette: Sequence[PaletteEntry]) -> bytes:
    """The way back, for what the artist has painted over a take: pixels to be kept as a take.

    `in_shown_colors` of the outcome gives `pixels` again, unless they have a colour that the palette
    replaces everywhere. Where two colours are shown as one, the pixels are taken to be the first's.
    """
    return await _recolored(pixels, {entry.color: entry.original for entry in reversed(palette)})


async def colors_in(pixels: bytes, colors: Collection[Rgba]) -> frozenset[Rgba]:
    """Which of `colors`, alpha included, the BGRA `pixels` have."""
    missing = set(colors)
    for start in range(0, len(pixels), BAND_BYTES):
        if not missing:
            break
        band = pixels[start : start + BAND_BYTES]
        missing = {color for color in missing if not count_pixels(band, color)}
        await pause()
    return frozenset(colors) - missing


def count_pixels(pixels: bytes, color: Rgba) -> int:
    """How many of the BGRA `pixels` have exactly `color`, alpha included."""
    if pixels.find(_bytes_of(color)) < 0:
        return 0
    return _mask(_planes(pixels), color).bit_count() // 8


async def _recolored(pixels: bytes, replacements: Mapping[Rgba, Rgba]) -> bytes:
    wanted = {color: shown for color, shown in replacements.items() if color != shown}
    if not wanted:
        return pixels
    bands: list[bytes] = []
    changed = False
    for start in range(0, len(pixels), BAND_BYTES):
        band = pixels[start : start + BAND_BYTES]
        bands.append(_recolored_band(band, wanted))
        changed = changed or bands[-1] is not band
        await pause()
    return b"".join(bands) if changed else pixels


def _recolored_band(band: bytes, replacements: Mapping[Rgba, Rgba]) -> bytes:
    planes = _planes(band)
    changes = [0, 0, 0, 0]
    for color, shown in replacements.items():
        mask = _mask(planes, color) if band.find(_bytes_of(color)) >= 0 else 0
        if not mask:
            continue
        where = mask.to_bytes(len(planes[0]), "little")
        for channel, component in enumerate(_BGRA):
            if change := color[component] ^ shown[component]:
                # No pixel has two colours, so the masks never overlap.
                changes[channel] |= int.from_bytes(where.translate(_put(change)), "little")
    if not any(changes):
        return band
    result = bytearray(band)
    for channel, change in enumerate(changes):
        if change:
            plane = int.from_bytes(planes[channel], "little") ^ change
            result[channel::BYTES_PER_PIXEL] = plane.to_bytes(len(planes[channel]), "little")
    return bytes(result)


def _planes(pixels: bytes) -> Planes:
    return (pixels[0::4], pixels[1::4], pixels[2::4], pixels[3::4])


def _mask(planes: Planes, color: Rgba) -> int:
    """One byte per pixel, least significant first: 255 where it has `color`, else 0."""
    mask = -1
    for plane, component in zip(planes, _BGRA, strict=True):
        mask &= int.from_bytes(plane.translate(_find(color[component])), "little")
    return mask


def _bytes_of(color: Rgba) -> bytes:
    return bytes(color[component] for component in _BGRA)


@lru_cache(maxsize=256)
def _find(value: int) -> bytes:
    """Translation table: 255 for `value`, 0 for everything else."""
    return bytes(255 if other == value else 0 for other in range(256))


@lru_cache(maxsize=256)
def _put(value: int) -> bytes:
    """Translation table: `value` for 255, 0 for everything else."""
    return bytes(value if other == 255 else 0 for other in range(256))
