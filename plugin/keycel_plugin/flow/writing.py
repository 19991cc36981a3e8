"""The one way in which colours get into a document: all at once, checked before and after.

The artist may paint, undo, lock or accept while a job runs. So what is about to be replaced is looked at
again right before, protected frames are left out, and no visible picture is ever replaced that the
document's memory does not have.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from keycel_plugin.flow.memory import ShotMemory
from keycel_plugin.flow.overlay import stage_overlay
from keycel_plugin.flow.place import check_still_there, free_name, in_front
from keycel_plugin.flow.read_back import read_back
from keycel_plugin.flow.recolor import colors_in, in_shown_colors
from keycel_plugin.flow.slices import shown_digest
from keycel_plugin.flow.stock import Stock
from keycel_plugin.host.ports import Place, Replacement, ShotDocument, StagedLayer
from keycel_plugin.state.progress import Progress
from keycel_plugin.state.records import FrameRecord, LayerRecord, PaletteEntry, Take, TakeOrigin, Written
from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.pixels import byte_count


@dataclass(frozen=True)
class Outcome:
    """What has become of the planned frames; frame numbers ascending."""

    layer: str
    written: tuple[int, ...]
    """They have new pictures."""
    same: tuple[int, ...]
    """They had this very picture already."""
    left_out: tuple[int, ...]
    """The artist has edited, accepted or locked them meanwhile; the new take waits among their takes."""


@dataclass(frozen=True)
class _Planned:
    entry: Written
    take: Take | None
    """None for a blank picture."""


class Writing:
    """Colours on their way into a layer of ours: `put` each picture, `finish`, and `close` in any case.

    Until `finish` the document stays as it was, and after `close` without it, too.
    """

    def __init__(
        self,
        document: ShotDocument,
        stock: Stock,
        cels: Sequence[Sequence[int]],
        blanks: Collection[int] = (),
        permitted: Collection[int] = (),
        palette: Sequence[PaletteEntry] | None = None,
        drawings: Mapping[int, str] | None = None,
    ) -> None:
        """Nothing is done yet.

        stock: what the layer has; for a new layer, one whose record has no layer id.
        cels: frame numbers of each picture that may be `put`.
        blanks: frame numbers that shall have a blank picture.
        permitted: protected frames that the artist has agreed to have replaced.
        palette: replaced colours, if not those of the document's record.
        drawings: digests of the drawings that the pictures belong to, if not those that `stock` found.
        """
        self._document = document
        self._memory = ShotMemory(document)
        self._stock = stock
        self._cels = [*cels, *((time,) for time in blanks)]
        self._permitted = frozenset(permitted)
        self._palette = self._memory.record().palette if palette is None else palette
        self._size = document.size
        self._drawings = stock.drawings if drawings is None else drawings
        self._planned = {time: self._plan(time, "", None) for time in blanks}
        self._staged: StagedLayer | None = None
        self._put: set[int] = set(blanks)
        self._kept: list[str] = []
        self._versions: dict[int, Take] = {}

    async def put(self, times: Sequence[int], take: Take, pixels: bytes, report: Mapping[str, Any]) -> None:
        """A take's BGRA pixels, in the engine's own colours, for all frames of one cel.

        Raises:
            KeycelError: DOC_SIZE_MISMATCH if the canvas is not of this size (any more).
        """
        self._check_fits(len(pixels))
        await self._keep(take.digest, pixels, report)
        colors = await self._replaced_in(pixels, take)
        shown = await in_shown_colors(pixels, colors)
        digest = await shown_digest(shown)
        self._planned.update((time, self._plan(time, digest, take, colors)) for time in times)
        if self._is_new or any(self._stock.shown_at(time) != digest for time in times):
            await self._stage().put(min(times), shown)
            self._put.update(times)

    async def finish(self, progress: Progress, failures: Mapping[int, str] | None = None) -> Outcome:
        """Change the document in one undo step (none if nothing changes), and make sure that it worked.

        failures: frame number to why it has no colours.

        Raises:
            KeycelError: DOC_* if the layer cannot be written; OUT_READ_BACK if pixels did not arrive.
        """
        self._check_fits()
        if self._is_new:
            outcome = await self._add(progress, failures or {})
        else:
            outcome = await self._replace(progress, failures or {})
        wanted = {time: self._planned[time].entry.digest for time in outcome.written}
        await read_back(self._document, outcome.layer, wanted, progress)
        return outcome

    def close(self) -> None:
        if self._staged is not None:
            self._staged.close()
        if self._document.is_open():
            for digest in self._kept:
                self._memory.drop_take(digest)

    # ---------------------------------------------------------------------------- a new layer

    async def _add(self, progress: Progress, failures: Mapping[int, str]) -> Outcome:
        progress.deliver(_("Adding the new layer"))
        layer = await self._place()
        self._remember(layer, {}, self._planned, failures)
        self._remember_new(layer)
        return Outcome(layer, tuple(sorted(self._planned)), (), ())

    def _remember_new(self, layer: str) -> None:
        """From now on it is the one to be filled."""
        record = self._memory.record()
        choice = replace(record.choice, result_layer=layer, new_layer=False)
        self._memory.save(replace(record, choice=choice))

    async def _place(self) -> str:
        """Put the staged layer into the document; its id."""
        name = free_name(self._document.layers(), _("Keycel colour"))
        beside = self._stock.ours.line_layer
        return await self._document.add_layer(self._stage(), name, beside, Place.BENEATH)

    # ---------------------------------------------------------------------------- an existing layer

    async def _replace(self, progress: Progress, failures: Mapping[int, str]) -> Outcome:
        layer = self._stock.ours.layer
        overlay = await self._stage_overlay() if self._put else None
        try:
            while True:
                await in_front(self._document, progress)
                try:
                    check_still_there(self._document, layer)
                    shown = await self._look(layer, progress)
                    free = self._free(shown)
                    present = set(self._document.keyframe_times(layer))
                    changed = tuple(time for time in free if self._needs_writing(time, shown[time], present))
                    await self._change(layer, changed, overlay, progress)
                    break
                except KeycelError as error:
                    if error.value.code is not ErrorCode.DOC_NOT_ACTIVE:
                        raise
        finally:
            if overlay is not None:
                overlay.staged.close()
        colored = tuple(time for time, planned in sorted(self._planned.items()) if planned.take is not None)
        self._remember(layer, shown, {*free, *colored}, failures)
        same = tuple(time for time in colored if time in free and time not in changed)
        return Outcome(layer, changed, same, tuple(time for time in colored if time not in free))

    async def _change(
        self, layer: str, times: tuple[int, ...], overlay: Replacement | None, progress: Progress
    ) -> None:
        if not times:
            return
        progress.deliver(_("Putting the new colours into the layer"))
        replacements = [Replacement(self._stage(), layer, times)]
        if overlay is not None:
            marked = tuple(time for time in overlay.times if time in times)
            replacements += [replace(overlay, times=marked)] if marked else []
        replacements += self._along(times)
        await self._document.replace_frames(replacements)

    def _along(self, times: tuple[int, ...]) -> list[Replacement]:
        """What else changes in the same undo step."""
        del times
        return []

    async def _stage_overlay(self) -> Replacement | None:
        ours = self._ours(self._stock.ours.layer)
        takes = {time: planned.entry.take for time, planned in self._planned.items()}
        return await stage_overlay(self._document, self._memory, ours, takes)

    async def _look(self, layer: str, progress: Progress) -> dict[int, str]:
        """Digest of what the layer has now at every planned frame; what would be lost is kept."""
        shown: dict[int, str] = {}
        ours = self._ours(layer)
        # The artist can paint only where the playhead is, so that frame is looked at last of all.
        playhead = max((time for time in self._planned if time <= self._document.playhead()), default=-1)
        for number, time in enumerate(sorted(self._planned, key=lambda time: (time == playhead, time))):
            progress.show(_("Looking for changes of yours"), number, len(self._planned))
            pixels = await self._document.picture_at(layer, time)
            shown[time] = await shown_digest(pixels)
            if self._would_be_lost(ours.frame(time), shown[time]):
                await self._keep(shown[time], pixels, {})
                self._versions[time] = Take(shown[time], TakeOrigin.ARTIST)
        return shown

    def _would_be_lost(self, frame: FrameRecord, shown: str) -> bool:
        if shown in ("", self._planned[frame.time].entry.digest) or not self._may_replace(frame, shown):
            return False
        entry = frame.find_written(shown, self._drawings[frame.time])
        return entry is None or not self._memory.has_take(entry.take)

    def _free(self, shown: Mapping[int, str]) -> tuple[int, ...]:
        """The planned frames that may be replaced, ascending."""
        ours = self._ours(self._stock.ours.layer)
        return tuple(time for time in sorted(shown) if self._may_replace(ours.frame(time), shown[time]))

    def _may_replace(self, frame: FrameRecord, shown: str) -> bool:
        if frame.time in self._permitted:
            as_agreed = (self._stock.shown_at(frame.time), self._stock.ours.frame(frame.time).accepted)
            return not frame.locked and (shown, frame.accepted) == as_agreed
        return not self._stock.would_protect(frame, shown)

    def _needs_writing(self, time: int, shown: str, present: Collection[int]) -> bool:
        differs = shown != self._planned[time].entry.digest or time not in present
        return time in self._put and differs

    # ---------------------------------------------------------------------------- memory

    async def _keep(self, digest: str, pixels: bytes, report: Mapping[str, Any]) -> None:
        if not self._memory.has_take(digest):
            await self._memory.keep_take(digest, pixels, dict(report))
            self._kept.append(digest)

    def _remember(
        self, layer: str, shown: Mapping[int, str], times: Collection[int], failures: Mapping[int, str]
    ) -> None:
        """`shown`: what the frames of an existing layer had before."""
        record = self._memory.record()
        ours = self._ours(layer)
        ours = ours.with_frames(self._frame_after(ours.frame(time), shown) for time in times)
        ours = ours.with_frames(replace(ours.frame(time), error=why) for time, why in failures.items())
        self._memory.save(record.with_layer(ours))
        self._kept.clear()

    def _frame_after(self, frame: FrameRecord, shown: Mapping[int, str]) -> FrameRecord:
        planned = self._planned[frame.time]
        if shown.get(frame.time) == "" and not frame.written:
            # Undo brings the emptiness back; it is not the artist's doing then.
            frame = frame.with_written(Written("", planned.entry.drawing))
        if frame.time in self._versions:
            frame = frame.with_take(self._versions[frame.time])
        return frame.with_written(planned.entry, planned.take)

    def _ours(self, layer: str) -> LayerRecord:
        """The layer's record as it is now."""
        return self._memory.record().layer(layer) or replace(self._stock.ours, layer=layer)

    async def _replaced_in(self, pixels: bytes, take: Take) -> tuple[PaletteEntry, ...]:
        """Replacements for colours of a take. What the artist has painted is shown as it was painted."""
        if take.origin is TakeOrigin.ARTIST:
            return ()
        replaced = {entry.original: entry.color for entry in self._palette if entry.color != entry.original}
        found = await colors_in(pixels, replaced)
        return tuple(PaletteEntry(original, replaced[original]) for original in sorted(found))

    # ---------------------------------------------------------------------------- staging

    @property
    def _is_new(self) -> bool:
        return not self._stock.ours.layer

    def _plan(
        self, time: int, digest: str, take: Take | None, colors: tuple[PaletteEntry, ...] = ()
    ) -> _Planned:
        drawing, keys = self._drawings[time], self._stock.keys.get(time, "")
        return _Planned(Written(digest, drawing, take.digest if take is not None else "", colors, keys), take)

    def _stage(self) -> StagedLayer:
        if self._staged is None:
            self._staged = self._document.stage(self._cels, self._stock.ours.color_layer)
        return self._staged

    def _check_fits(self, pixels: int | None = None) -> None:
        expected = byte_count(*self._size)
        if self._document.size != self._size or pixels not in (None, expected):
            raise KeycelError(
                ErrorCode.DOC_SIZE_MISMATCH,
                _("The size of the image is not that of the colours (any more)."),
                _("Press the button again to colour it at the present size."),
                f"{self._size} then, {self._document.size} now",
            )
