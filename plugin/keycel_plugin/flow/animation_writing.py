"""Drawings of an animation on their way into a layer of ours."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from keycel_plugin.flow.place import free_name
from keycel_plugin.flow.slices import shown_digest
from keycel_plugin.flow.stock import Stock, is_protected
from keycel_plugin.flow.writing import Writing
from keycel_plugin.host.ports import Place, ShotDocument
from keycel_plugin.state.records import AnimationRecord, FrameRecord, LayerRecord, Take
from keycel_plugin.words import _


class AnimationWriting(Writing):
    """Each picture is the drawing itself, and keeps its ink whatever colours the artist has replaced."""

    def __init__(
        self,
        document: ShotDocument,
        stock: Stock,
        times: Sequence[int],
        made: AnimationRecord,
        permitted: Collection[int] = (),
    ) -> None:
        """`stock`: for a new layer its line layer is the one to put it above. `made`: how it comes about."""
        self._lines: dict[int, str] = {}
        """Digest of every drawing that has come."""
        cels = [(time,) for time in times]
        super().__init__(document, stock, cels, permitted=permitted, palette=(), drawings=self._lines)
        self._made = made

    async def keep_sketch(self, pixels: bytes) -> None:
        """The drawing that is animated: it can be animated again, whatever becomes of its layer."""
        await self._keep(self._made.drawing, pixels, {})

    async def put_drawing(self, time: int, take: Take, pixels: bytes, report: Mapping[str, Any]) -> None:
        """BGRA pixels of the drawing that begins at `time`. Raises what `put` raises."""
        self._lines[time] = await shown_digest(pixels)
        await self.put((time,), take, pixels, report)

    async def _place(self) -> str:
        document, beside = self._document, self._stock.ours.line_layer
        name = free_name(document.layers(), _("Keycel animation"))
        layer = await document.add_layer(self._stage(), name, beside, Place.ABOVE)
        self._stock = replace(self._stock, ours=LayerRecord.of_drawings(layer))
        return layer

    def _remember_new(self, layer: str) -> None:
        """It is no result to be filled with colours: what is chosen stays as it is."""
        record = self._memory.record()
        self._memory.save(record.with_animation(replace(self._made, layer=layer)))

    def _may_replace(self, frame: FrameRecord, shown: str) -> bool:
        if frame.time in self._permitted:
            return super()._may_replace(frame, shown)
        return not is_protected(frame, shown, shown)
