"""A Krita document as the rest of the plugin sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.pixels import digest_of

from . import api, layers, our_layers
from .artists_view import ArtistsView
from .color_space import ColorSpace, color_space_of, work_space_for
from .idle import until_idle
from .ports import LayerInfo, LayerReader, OurLayer, ShotDocument, StagedLayer
from .reading import open_reader
from .staging import Staging
from .timeline_drop import drop_keyframes, timeline_row


class KritaDocument:
    """A document, or the lack of one. Methods raise DOC_NO_SHOT if it is not open (any more)."""

    def __init__(self, document: api.Document | None) -> None:
        self._document = document

    @property
    def name(self) -> str:
        document = self._open()
        return document.name() or Path(document.fileName()).stem

    @property
    def size(self) -> tuple[int, int]:
        document = self._open()
        return document.width(), document.height()

    def is_open(self) -> bool:
        # Krita makes a new Python object for each answer, so they are compared, not remembered by id.
        return any(document == self._document for document in api.application().documents())

    def is_active(self) -> bool:
        return self.is_open() and api.application().activeDocument() == self._document

    def playhead(self) -> int:
        return self._open().currentTime()

    def layers(self) -> Sequence[LayerInfo]:
        document = self._open()
        ours = {layer.layer for layer in our_layers.our_layers(document)}
        return [
            LayerInfo(layers.identity(node), node.name(), depth, layers.identity(node) in ours)
            for node, depth in layers.walk(document.rootNode())
        ]

    def active_layer(self) -> str:
        node = self._open().activeNode() if self.is_active() else None
        return layers.identity(node) if node is not None else ""

    def our_layers(self) -> Sequence[OurLayer]:
        return our_layers.our_layers(self._open())

    def remember(self, layer: OurLayer) -> None:
        our_layers.remember(self._open(), layer)

    def open_reader(self, layer: str, color_layer: str) -> LayerReader:
        return open_reader(self._open(), self._node(layer), self._work_space(color_layer))

    def stage(self, cels: Sequence[Sequence[int]], color_layer: str) -> StagedLayer:
        return Staging(*self.size, self._work_space(color_layer), cels)

    async def add_layer(self, staged: StagedLayer, name: str, line_layer: str) -> str:
        source = _staging(staged)
        place = _place_beneath(self._node(line_layer), self._open().rootNode())
        if place.behind:
            source.node.setBlendingMode("behind")  # here: in the artist's document it would be a second step
        await source.settle()
        artist = ArtistsView(self._open())
        layer = source.node.clone()
        layer.setName(name)
        layer.setVisible(True)
        layer.setPinnedToTimeline(True)  # a clone is not pinned; without a row it could not be regenerated
        identity = layers.identity(layer)
        place.parent.addChildNode(layer, place.above)
        await until_idle(self._open())
        await artist.restore()
        return identity

    def check_writable(self, layer: str) -> None:
        node = self._node(layer)
        if layer not in {ours.layer for ours in self.our_layers()}:
            raise _not_ours(node.name())
        if _is_locked(node, self._open().rootNode()):
            raise _locked(node.name())
        if not self.is_active():
            raise _not_active(self.name)

    async def replace_frames(self, staged: StagedLayer, layer: str, times: Sequence[int]) -> None:
        source = _staging(staged)
        await source.settle()
        self.check_writable(layer)
        artist = ArtistsView(self._open())
        async with timeline_row(self._open(), self._node(layer)) as row:
            self.check_writable(layer)
            drop_keyframes(source.document, source.node, times, row)
        await until_idle(self._open())  # until then the frames are still being copied
        await artist.restore()

    def digest_at(self, layer: str, time: int) -> str:
        width, height = self.size
        data = self._node(layer).pixelDataAtTime(0, 0, width, height, time).data()
        return digest_of(data) if data else ""

    def _open(self) -> api.Document:
        if self._document is None or not self.is_open():
            raise _closed()
        return self._document

    def _node(self, layer: str) -> api.Node:
        node = layers.find(self._open(), layer)
        if node is None:
            raise KeycelError(
                ErrorCode.DOC_NO_SUCH_LAYER,
                "A layer that is needed is not in the document any more.",
                "Choose the line layer and the colour layer again.",
                layer,
            )
        return node

    def _work_space(self, color_layer: str) -> ColorSpace:
        return work_space_for(color_space_of(self._node(color_layer)))


class KritaHost:
    """Krita, seen from the plugin."""

    def active_document(self) -> ShotDocument:
        return KritaDocument(api.application().activeDocument())


@dataclass(frozen=True)
class _Place:
    """Where a new layer goes: into `parent`, directly above `above`."""

    parent: api.Node
    above: api.Node
    behind: bool = False
    """It lies above the lines after all and is blended behind them, which looks the same."""


def _place_beneath(line_layer: api.Node, root: api.Node) -> _Place:
    """Directly beneath the line layer; beneath its group where the line layer is the lowest.

    Krita can only put a layer above another one. With nothing at all beneath, it goes above.
    """
    node, parent = line_layer, line_layer.parentNode()
    while parent is not None:
        below = layers.sibling_below(node)
        if below is not None:
            return _Place(parent, below)
        if layers.identity(parent) == layers.identity(root):
            return _Place(parent, node, behind=True)
        node, parent = parent, parent.parentNode()
    raise KeycelError(
        ErrorCode.DOC_NO_SUCH_LAYER,
        f"The layer “{line_layer.name()}” is not in the document any more.",
        "Choose the line layer again.",
    )


def _is_locked(node: api.Node | None, root: api.Node) -> bool:
    while node is not None and layers.identity(node) != layers.identity(root):
        if node.locked():
            return True
        node = node.parentNode()
    return False


def _staging(staged: StagedLayer) -> Staging:
    if not isinstance(staged, Staging):
        raise TypeError(f"not staged by Krita: {staged!r}")
    return staged


def _closed() -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_NO_SHOT,
        "There is no open document to work on.",
        "Open the animation, then press the button again; finished colours are kept.",
    )


def _not_ours(name: str) -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_NOT_OURS,
        f"The layer “{name}” was not made by Keycel, so it is not written to.",
        "Press Colorize first; then regenerate frames of the new layer.",
    )


def _locked(name: str) -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_LAYER_LOCKED,
        f"The layer “{name}” is locked.",
        "Unlock it (and the groups it is in), then press the button again.",
    )


def _not_active(name: str) -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_NOT_ACTIVE,
        f"Another document is in front, so the frame of “{name}” could not be replaced.",
        f"Switch to “{name}” and press the button again; the finished frame is kept.",
        retryable=True,
    )
