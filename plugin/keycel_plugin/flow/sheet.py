"""The exposure sheet of a document: which drawing starts where, and what is chosen and recorded about it.

Reading it is cheap (no pixels), so it is read again and again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from keycel_plugin.flow.target import layer_under_review
from keycel_plugin.host.ports import LayerInfo, ShotDocument
from keycel_plugin.state.records import MEMO, Choice, LayerRecord, ShotRecord, decode

_LINE_WORDS = ("line", "ink", "trace", "douga", "lini", "tusche")
_COLOR_WORDS = ("key", "colo", "flat", "paint", "farb")


@dataclass(frozen=True)
class Sheet:
    size: tuple[int, int]
    length: int
    """Frames of the animation."""
    layers: tuple[LayerInfo, ...]
    """Top-most first."""
    record: ShotRecord
    choice: Choice
    """As recorded; layers that are gone are replaced by likely ones."""
    ours: LayerRecord | None
    """Our layer under review."""
    line_layer: str
    """Whose drawings are reviewed: that of our layer, else the chosen one; empty if it is gone."""
    color_layer: str
    starts: tuple[int, ...]
    """Where drawings start, ascending; without a line layer, where pictures of ours do."""
    painted: tuple[int, ...]
    """Where pictures of the colour layer start, ascending."""
    sketch_layer: str = ""
    """With the key sketches, where the drawings are in-betweens of ours; empty if it is gone."""
    sketches: tuple[int, ...] = ()
    """Where key sketches start, ascending."""

    @property
    def canvas(self) -> tuple[object, ...]:
        """What all thumbnails depend on."""
        return (self.size, self.line_layer)

    @property
    def sources(self) -> tuple[str, ...]:
        """The layers that pictures are read from."""
        return (self.line_layer, self.color_layer, self.our_layer, self.sketch_layer)

    @property
    def our_layer(self) -> str:
        """Id of our layer under review; empty if there is none."""
        return self.ours.layer if self.ours is not None else ""

    @property
    def has_drawings(self) -> bool:
        """True if drawings of ours are under review, not colours of other drawings."""
        return self.ours is not None and self.ours.has_drawings

    def exposures(self) -> list[tuple[int, int]]:
        """First frame number of each drawing, and the one after its last."""
        ends = (*self.starts[1:], self.length)
        return [(start, max(end, start + 1)) for start, end in zip(self.starts, ends, strict=False)]


class SheetReader:
    """Reads the sheet of one document; what the document remembers is decoded only when it has changed."""

    def __init__(self) -> None:
        self._memo = b""
        self._record = ShotRecord()

    def read(self, document: ShotDocument) -> Sheet:
        """Raises KeycelError if the document is closed just now."""
        memo = document.memo(MEMO)
        if memo != self._memo:
            self._memo, self._record = memo, decode(memo)
        record = self._record
        layers = tuple(document.layers())
        present = {layer.id for layer in layers}
        choice = present_choice(layers, record)
        ours = layer_under_review(document, record)
        line, color = (ours.line_layer, ours.color_layer) if ours else (choice.line_layer, choice.color_layer)
        line, color = (layer if layer in present else "" for layer in (line, color))
        if ours is not None and ours.has_drawings:
            color = ""  # no colours belong to it
        drawn = record.drawn(line)
        sketch = drawn.line_layer if drawn is not None and drawn.line_layer in present else ""
        timeline = line or (ours.layer if ours is not None else "")
        return Sheet(
            document.size,
            document.length,
            layers,
            record,
            choice,
            ours,
            line,
            color,
            document.keyframe_times(timeline) if timeline else (),
            document.keyframe_times(color) if color else (),
            sketch,
            document.keyframe_times(sketch) if sketch else (),
        )


def present_choice(layers: Sequence[LayerInfo], record: ShotRecord) -> Choice:
    """The recorded choice; what of it is missing or gone is taken from our newest layer, else from names."""
    present = {layer.id for layer in layers}
    choice = record.choice
    line = choice.line_layer if choice.line_layer in present else ""
    color = choice.color_layer if choice.color_layer in present else ""
    if not line and not color:
        line, color = _used_before(record, present)
    line = line or _suggested(layers, _LINE_WORDS, avoid=color)
    color = color or _suggested(layers, _COLOR_WORDS, avoid=line)
    result = choice.result_layer if choice.result_layer in present else ""
    reference = choice.reference_layer if choice.reference_layer in present else ""
    mask = choice.mask_layer if choice.mask_layer in present else ""
    return replace(
        choice,
        line_layer=line,
        color_layer=color,
        result_layer=result,
        reference_layer=reference,
        mask_layer=mask,
    )


def _used_before(record: ShotRecord, present: Collection[str]) -> tuple[str, str]:
    for ours in reversed(record.layers):
        if not ours.has_drawings and {ours.line_layer, ours.color_layer} <= set(present):
            return ours.line_layer, ours.color_layer
    return "", ""


def _suggested(layers: Sequence[LayerInfo], words: Sequence[str], avoid: str) -> str:
    for word in words:
        for layer in layers:
            if word in layer.name.lower() and not layer.ours and layer.id != avoid:
                return layer.id
    return ""
