"""Which layer holds the lines and which the painted keyframes."""

from __future__ import annotations

from collections.abc import Sequence

from keycel_plugin.host.ports import LayerInfo, ShotDocument
from keycel_plugin.qt import QtCore, Signal

_LINE_WORDS = ("line", "ink", "trace", "douga")
_COLOR_WORDS = ("key", "colo", "flat", "paint")


class LayerChoice(QtCore.QObject):
    """The layers of the document in front and the two that are chosen.

    A choice lasts as long as its layer exists. Until one is made, the layers' names suggest one.
    """

    changed = Signal()

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.layers: Sequence[LayerInfo] = ()
        self.line_layer = ""
        self.color_layer = ""

    def refresh(self, document: ShotDocument) -> None:
        """Take over the document's present layers; keeps the choice where it still exists."""
        layers = tuple(document.layers()) if document.is_open() else ()
        present = {layer.id for layer in layers}
        line = self.line_layer if self.line_layer in present else ""
        color = self.color_layer if self.color_layer in present else ""
        if not line and not color and document.is_open():
            line, color = _used_before(document, present)
        line = line or _suggest(layers, _LINE_WORDS, avoid=color)
        color = color or _suggest(layers, _COLOR_WORDS, avoid=line)
        self._set(layers, line, color)

    def choose_line(self, layer: str) -> None:
        self._set(self.layers, layer, self.color_layer)

    def choose_color(self, layer: str) -> None:
        self._set(self.layers, self.line_layer, layer)

    def _set(self, layers: Sequence[LayerInfo], line: str, color: str) -> None:
        before = (self.layers, self.line_layer, self.color_layer)
        self.layers, self.line_layer, self.color_layer = layers, line, color
        if before != (layers, line, color):
            self.changed.emit()


def _used_before(document: ShotDocument, present: set[str]) -> tuple[str, str]:
    for ours in reversed(document.our_layers()):
        if {ours.line_layer, ours.color_layer} <= present:
            return ours.line_layer, ours.color_layer
    return "", ""


def _suggest(layers: Sequence[LayerInfo], words: Sequence[str], avoid: str) -> str:
    for word in words:
        for layer in layers:
            if word in layer.name.lower() and not layer.ours and layer.id != avoid:
                return layer.id
    return ""
