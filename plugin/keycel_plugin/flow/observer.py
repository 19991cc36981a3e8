"""Looks at the pictures of one document in slices, and remembers what it has seen."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter

from keycel_plugin.flow.drawings import picture_held
from keycel_plugin.flow.looks import Looks, Wish
from keycel_plugin.flow.memory import ShotMemory
from keycel_plugin.flow.recolor import in_shown_colors
from keycel_plugin.flow.review_view import Frame, TakeFacts, is_artists
from keycel_plugin.flow.sheet import Sheet
from keycel_plugin.flow.small_pictures import laid_over, small_colors, small_lines
from keycel_plugin.host.ports import LayerReader, ShotDocument
from keycel_plugin.qt import QtGui
from keycel_plugin.state.records import FrameRecord, TakeOrigin
from keycel_plugin.state.thumbnails import LARGE_SIDE, LONGEST_SIDE, Thumbnails
from keycel_plugin.tasks import pause
from keycel_shared.pixels import byte_count

_LINES = Wish(lines=True)
_KEYFRAME = Wish(colors=True)
_TAKE = _SKETCH = Wish()


class Observer:
    """`looks` and `takes` are what was seen; `sheet` says where to look."""

    def __init__(self, document: ShotDocument, sheet: Sheet, thumbnails: Thumbnails) -> None:
        self.document = document
        self.sheet = sheet
        self.looks = Looks()
        self.takes: dict[str, TakeFacts] = {}
        self._memory = ShotMemory(document)
        self._thumbnails = thumbnails
        self._outdated: set[int] = set()
        """Times of thumbnails to be made again though nothing new is seen."""
        self._made_for: dict[str, tuple[object, ...]] = {}
        """What the thumbnail of each take depends on besides its pixels."""

    def turn_to(self, sheet: Sheet) -> None:
        """The sheet has changed. What was seen of its layers is still known."""
        if sheet.our_layer != self.sheet.our_layer:
            self._outdated.update(sheet.starts)
        self.sheet = sheet
        self.looks.forget_others(set(sheet.sources))

    def unseen(self) -> bool:
        """True if there is a picture that was never looked at."""
        sheet = self.sheet
        pictures = [(layer, start) for layer in (sheet.line_layer, sheet.our_layer) for start in sheet.starts]
        pictures += [(sheet.color_layer, start) for start in sheet.painted]
        pictures += [(sheet.sketch_layer, start) for start in sheet.sketches]
        return any(layer and self.looks.digest(layer, start) is None for layer, start in pictures)

    async def look_at_frame(self, reading: Reading, time: int) -> bool:
        """The drawing that starts at `time`, and its colours in our layer. True if something is new."""
        sheet, ours = self.sheet, self.sheet.ours
        new = False
        if reading.has_lines and not sheet.has_drawings:
            read = partial(reading.drawing, time)
            new = await self.looks.look(sheet.line_layer, time, sheet.size, read, lambda _: _LINES)
        if ours is not None:
            record = ours.frame(time)
            new |= await self._learn_take(record.written[-1].take if record.written else "")
            read = partial(self.document.picture_at, ours.layer, time)
            new |= await self.looks.look(ours.layer, time, sheet.size, read, partial(self._wish, record))
            entry = record.find_written(self.looks.digest(ours.layer, time) or "")
            new |= await self._learn_take(entry.take if entry is not None else "")
        if new or time in self._outdated:
            self._outdated.discard(time)
            self._show_thumbnail(time)
        return new

    def follow_undo(self) -> bool:
        """Save the palette that undo or redo has brought back. True if it is another than before."""
        ours = self.sheet.ours
        if ours is None or self.unseen():
            return False
        seen = {frame.time: self.looks.digest(ours.layer, frame.time) for frame in ours.frames}
        shown = {time: digest for time, digest in seen.items() if digest is not None}
        return self._memory.follow_undo(ours.layer, shown)

    async def look_at_keyframe(self, reading: Reading, time: int) -> bool:
        """The picture of the colour layer that starts at `time`. True if it is new."""
        read = partial(reading.keyframe, time)
        return await self.looks.look(self.sheet.color_layer, time, self.sheet.size, read, lambda _: _KEYFRAME)

    async def look_at_sketch(self, reading: Reading, time: int) -> bool:
        """The key sketch that starts at `time`. True if it is new."""
        read = partial(reading.sketch, time)
        return await self.looks.look(self.sheet.sketch_layer, time, self.sheet.size, read, lambda _: _SKETCH)

    async def show_takes(self, frame: Frame) -> None:
        """Pictures of a frame's takes, as they would look in the layer; large if there are several."""
        sheet = self.sheet
        takes = frame.record.takes
        side = LARGE_SIDE if len(takes) > 1 else LONGEST_SIDE
        self._drop_takes_but({take.digest for take in takes})
        # drawings of ours are all that their takes show
        look = None if sheet.has_drawings else self.looks.get(sheet.line_layer, frame.start)
        depends = (side, sheet.record.palette, look.digest if look is not None else "")
        lines = None
        for take in takes:
            if self._made_for.get(take.digest) == depends:
                continue
            pixels = await self._memory.take_pixels(take.digest)
            if take.origin is TakeOrigin.ENGINE:
                pixels = await in_shown_colors(pixels, sheet.record.palette)
            self._made_for[take.digest] = depends
            if len(pixels) != byte_count(*sheet.size):
                continue  # lost, or from before the canvas was resized
            if look is not None and lines is None:
                lines = await self._lines_at(frame.start, side)
            picture = laid_over(small_colors(pixels, sheet.size, side), lines)
            if picture is not None:
                self._thumbnails.put(take.digest, picture)

    async def _lines_at(self, time: int, side: int) -> QtGui.QImage:
        reading = Reading(self.document, self.sheet)
        try:
            return await small_lines(await reading.drawing(time), self.sheet.size, side)
        finally:
            reading.close()

    def _drop_takes_but(self, wanted: Collection[str]) -> None:
        """Only those of one frame are held: they are large."""
        for digest in [digest for digest in self._made_for if digest not in wanted]:
            del self._made_for[digest]
            self._thumbnails.drop(digest)

    async def _learn_take(self, digest: str) -> bool:
        """What the engine has reported about a take. True if it is news."""
        if not digest or digest in self.takes:
            return False
        self.takes[digest] = TakeFacts.of(self._memory.regions(digest))
        await pause()
        return True

    def _wish(self, record: FrameRecord, shown: str) -> Wish:
        if not is_artists(record, shown):
            return _TAKE
        facts = self.takes.get(record.written[-1].take) if record.written else None
        replaced = {entry.original: entry.color for entry in self.sheet.record.palette}
        return Wish(colors=True, guesses=facts.guesses if facts is not None else (), shown=replaced)

    def _show_thumbnail(self, time: int) -> None:
        lines = self.looks.get(self.sheet.line_layer, time)
        colors = self.looks.get(self.sheet.our_layer, time)
        small = laid_over(colors.thumbnail if colors else None, lines.thumbnail if lines else None)
        if small is not None:
            self._thumbnails.put(time, small)


class Reading:
    """Reads the artist's layers, opened when needed; close it after use.

    A layer with masks, or a group, is read from a hidden copy: that is slow, and `longest` tells it.
    """

    def __init__(self, document: ShotDocument, sheet: Sheet) -> None:
        self.longest = 0.0
        """Seconds that the slowest step took; waiting for Krita to be idle may be part of it."""
        self._document = document
        self._sheet = sheet
        self._readers: dict[str, LayerReader] = {}

    @property
    def has_lines(self) -> bool:
        return bool(self._sheet.line_layer)

    async def drawing(self, time: int) -> bytes:
        return await self._picture(self._sheet.line_layer, self._space, time)

    async def sketch(self, time: int) -> bytes:
        return await self._picture(self._sheet.sketch_layer, self._space, time)

    async def keyframe(self, time: int) -> bytes:
        return await self._picture(self._sheet.color_layer, self._sheet.color_layer, time)

    @property
    def _space(self) -> str:
        """A layer with the colour space of ours, which had that of its colour layer."""
        return self._sheet.color_layer or self._sheet.our_layer or self._sheet.line_layer

    def close(self) -> None:
        for reader in self._readers.values():
            with self._measured():
                reader.close()
        self._readers.clear()

    async def _picture(self, layer: str, space: str, time: int) -> bytes:
        with self._measured():
            if layer not in self._readers:
                self._readers[layer] = await self._document.open_reader(layer, space)
            return picture_held(self._readers[layer], time)

    @contextmanager
    def _measured(self) -> Iterator[None]:
        began = perf_counter()
        yield
        self.longest = max(self.longest, perf_counter() - began)
