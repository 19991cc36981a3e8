"""What Keycel keeps inside a document: its record, and the pixels and regions of every take.

The takes make a document complete by itself: switching takes or replacing a colour needs no backend
and no new inference, also years later on another machine. Flats compress to about 1/150.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from keycel_plugin.flow.slices import digest_in_slices, packed
from keycel_plugin.host.ports import ShotDocument
from keycel_plugin.state.records import MEMO, Rgba, ShotRecord, decode, encode
from keycel_plugin.tasks import pause

_EXPAND_BYTES = 512 * 1024
"""Pixels expanded per event: about 1 ms."""

Question = tuple[str, int, Rgba]
"""A guess that the artist is asked about once, on however many frames it is seen."""

_TAKE = "take-"


@dataclass(frozen=True)
class Region:
    """One closed region of a take."""

    box: tuple[int, int, int, int]
    """left, top, right, bottom in pixels; right and bottom exclusive."""
    area: int
    color: Rgba
    """The engine's colour; transparent if left unpainted."""
    confidence: float
    """0..1."""
    reason: str
    """Why the artist should look at it; empty if there is no need."""
    runs: tuple[tuple[int, int, int], ...]
    """Its pixels as (row, first column, column after the last); only for unsure regions."""
    track: str = ""
    """The same for the same part of the figure on other drawings; empty if that is not known."""

    @property
    def unsure(self) -> bool:
        return bool(self.reason)


class ShotMemory:
    """Reads and writes the memory of one document."""

    def __init__(self, document: ShotDocument) -> None:
        self._document = document

    def record(self) -> ShotRecord:
        return decode(self._document.memo(MEMO))

    def save(self, record: ShotRecord, by_artist: bool = False) -> None:
        """`by_artist`: it is the artist's decision, so Krita shall ask to save it when closing."""
        self._document.set_memo(MEMO, encode(record))
        if by_artist:
            self._document.mark_modified()

    def follow_undo(self, layer: str, shown: Mapping[int, str]) -> bool:
        """Make the palette that of what our layer shows (`ShotRecord.palette_given`). True if it differs."""
        record = self.record()
        palette = record.palette_given(layer, shown)
        if palette == record.palette:
            return False
        self.save(replace(record, palette=palette))
        return True

    def has_take(self, digest: str) -> bool:
        return _TAKE + digest in self._document.memo_names()

    async def keep_take(self, digest: str, pixels: bytes, report: dict[str, Any]) -> None:
        """Keep the BGRA `pixels` of a take and the engine's report on it, `{"regions": [...], ...}`."""
        if self.has_take(digest):
            return
        head = zlib.compress(json.dumps(report, sort_keys=True).encode(), 1)
        data = len(head).to_bytes(4, "little") + head + await packed(pixels)
        self._document.set_memo(_TAKE + digest, data)

    def drop_take(self, digest: str) -> None:
        """Forget a take that nothing in the record names."""
        self._document.set_memo(_TAKE + digest, b"")

    async def take_pixels(self, digest: str) -> bytes:
        """BGRA pixels of a take; empty if it is not there (any more) or damaged."""
        data = self._document.memo(_TAKE + digest)
        unpacker = zlib.decompressobj()
        parts: list[bytes] = []
        try:
            rest = data[4 + int.from_bytes(data[:4], "little") :]
            while rest and not unpacker.eof:
                parts.append(unpacker.decompress(rest, _EXPAND_BYTES))
                rest = unpacker.unconsumed_tail
                await pause()
        except zlib.error:
            return b""
        pixels = b"".join(parts)
        return pixels if await digest_in_slices(pixels) == digest else b""

    def regions(self, digest: str) -> tuple[Region, ...]:
        """Regions of a take; none for a take of the artist's or one that is not there."""
        data = self._document.memo(_TAKE + digest)
        try:
            head = zlib.decompress(data[4 : 4 + int.from_bytes(data[:4], "little")])
            return tuple(region_of(entry) for entry in json.loads(head).get("regions", ()))
        except (zlib.error, ValueError, KeyError, TypeError, AttributeError):
            return ()


def question_about(region: Region, take: str, number: int) -> Question:
    """What `region`, guess `number` of a take, is one with: the same part with the same colour elsewhere.

    Frames that share a drawing share its take; so without a track it is one with itself on these.
    """
    return (region.track, 0, region.color) if region.track else (take, number, region.color)


def questions_of(report: Mapping[str, Any], take: str) -> frozenset[Question]:
    """The guesses in an engine's report on a take."""
    guesses = [region for region in map(region_of, report.get("regions", ())) if region.unsure]
    return frozenset(question_about(region, take, number) for number, region in enumerate(guesses, 1))


def region_of(entry: Mapping[str, Any]) -> Region:
    """A region as an engine's report has it.

    Raises:
        KeyError, ValueError, TypeError: it has none.
    """
    left, top, right, bottom = entry["box"]
    red, green, blue, alpha = entry["color"]
    return Region(
        (left, top, right, bottom),
        int(entry["area"]),
        (red, green, blue, alpha),
        float(entry["confidence"]),
        str(entry["reason"]),
        tuple((row, first, end) for row, first, end in entry.get("runs", ())),
        str(entry.get("track", "")),
    )
