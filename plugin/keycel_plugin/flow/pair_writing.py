"""In-betweens on their way into two layers of ours: drawn lines, and the colours beneath them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from keycel_plugin.flow.memory import ShotMemory
from keycel_plugin.flow.place import check_still_there, free_name
from keycel_plugin.flow.read_back import read_back
from keycel_plugin.flow.slices import shown_digest
from keycel_plugin.flow.stock import Stock
from keycel_plugin.flow.writing import Outcome, Writing
from keycel_plugin.host.ports import NamedLayer, Replacement, ShotDocument, StagedLayer
from keycel_plugin.state.progress import Progress
from keycel_plugin.state.records import FrameRecord, LayerRecord, Take, Written
from keycel_plugin.words import _


def line_is_untouched(drawn: LayerRecord, time: int, shown: str) -> bool:
    """True if the line art at `time` (its digest is `shown`) is none, or one that we have drawn."""
    return not shown or drawn.frame(time).find_written(shown) is not None


class PairWriting(Writing):
    """Both layers change in one undo step; a frame whose lines or colours are the artist's stays as it is."""

    def __init__(
        self,
        document: ShotDocument,
        stock: Stock,
        drawn: LayerRecord,
        times: Sequence[int],
    ) -> None:
        """`stock` of the layer with colours, `drawn` the record of that with lines; without ids if new."""
        self._lines: dict[int, str] = {}
        """Digest of every drawn frame."""
        super().__init__(document, stock, [(time,) for time in times], drawings=self._lines)
        self._drawn = drawn
        self._times = tuple(times)
        self._staged_lines: StagedLayer | None = None
        self._shown_lines: dict[int, str] = {}

    async def put_pair(
        self, time: int, take: Take, color: bytes, line: bytes, report: Mapping[str, Any]
    ) -> None:
        """BGRA pixels of one frame. Raises what `put` raises."""
        self._lines[time] = await shown_digest(line)
        await self.put((time,), take, color, report)
        self._put.add(time)
        if time not in self._stage().digests:
            await self._stage().put(time, color)
        await self._stage_lines().put(time, line)

    async def finish(self, progress: Progress, failures: Mapping[int, str] | None = None) -> Outcome:
        """As `Writing.finish`, for both layers."""
        outcome = await super().finish(progress, failures)
        wanted = {time: self._lines[time] for time in outcome.written}
        await read_back(self._document, self._drawn.layer, wanted, progress)
        return outcome

    def close(self) -> None:
        super().close()
        if self._staged_lines is not None:
            self._staged_lines.close()

    async def _place(self) -> str:
        document, ours = self._document, self._stock.ours
        taken = document.layers()
        parts = [
            NamedLayer(self._stage(), free_name(taken, _("In-between colour"))),
            NamedLayer(self._stage_lines(), free_name(taken, _("In-between lines"))),
        ]
        group = free_name(taken, _("Keycel in-betweens"))
        color, lines = await document.add_group(parts, group, self._drawn.line_layer)
        self._drawn = replace(self._drawn, layer=lines, color_layer=color)
        self._stock = replace(self._stock, ours=replace(ours, line_layer=lines))
        return color

    def _along(self, times: tuple[int, ...]) -> list[Replacement]:
        return [Replacement(self._stage_lines(), self._drawn.layer, times)]

    async def _look(self, layer: str, progress: Progress) -> dict[int, str]:
        check_still_there(self._document, self._drawn.layer)
        shown = await super()._look(layer, progress)
        for time in shown:
            pixels = await self._document.picture_at(self._drawn.layer, time)
            self._shown_lines[time] = await shown_digest(pixels)
        return shown

    def _may_replace(self, frame: FrameRecord, shown: str) -> bool:
        return self._is_untouched(frame.time) and super()._may_replace(frame, shown)

    def _needs_writing(self, time: int, shown: str, present: Collection[int]) -> bool:
        other_line = self._shown_lines[time] != self._lines[time]
        return other_line or super()._needs_writing(time, shown, present)

    def _is_untouched(self, time: int) -> bool:
        return line_is_untouched(self._drawn, time, self._shown_lines.get(time, ""))

    def _remember(
        self, layer: str, shown: Mapping[int, str], times: Collection[int], failures: Mapping[int, str]
    ) -> None:
        super()._remember(layer, shown, times, failures)
        memory = ShotMemory(self._document)
        record = memory.record()
        drawn = record.drawn(self._drawn.layer) or self._drawn
        frames = [
            drawn.frame(time).with_written(Written(line, ""))
            for time, line in self._lines.items()
            if self._is_untouched(time)
        ]
        self._drawn = drawn.with_frames(frames)
        memory.save(record.with_drawn(self._drawn))

    def _stage_lines(self) -> StagedLayer:
        if self._staged_lines is None:
            cels = [(time,) for time in self._times]
            self._staged_lines = self._document.stage(cels, self._stock.ours.color_layer)
        return self._staged_lines
