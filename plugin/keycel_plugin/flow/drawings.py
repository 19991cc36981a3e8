"""The drawings above one of our layers, read as they were read when it was coloured."""

from __future__ import annotations

from bisect import bisect_right

from keycel_plugin.flow.slices import shown_digest
from keycel_plugin.host.ports import LayerReader, ShotDocument
from keycel_plugin.state.records import LayerRecord


async def open_drawings(document: ShotDocument, ours: LayerRecord) -> LayerReader | None:
    """A reader of the line layer; None if that layer is gone. Close it after use."""
    present = {layer.id for layer in document.layers()}
    if ours.line_layer not in present:
        return None
    # Our layer has the colour space that its colour layer had.
    space = ours.color_layer if ours.color_layer in present else ours.layer
    return await document.open_reader(ours.line_layer, space)


def picture_held(reader: LayerReader, time: int) -> bytes:
    """The picture shown at a frame number, holds resolved; empty before the first."""
    index = bisect_right(reader.times, time)
    return reader.picture(reader.times[index - 1]) if index else b""


async def drawing_digest(reader: LayerReader, time: int) -> str:
    """Digest of the drawing shown at a frame number; empty where nothing is drawn."""
    return await shown_digest(picture_held(reader, time))
