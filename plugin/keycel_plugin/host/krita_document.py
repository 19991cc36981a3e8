"""Krita and its documents as the rest of the plugin sees them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from keycel_plugin.qt import QtGui
from keycel_plugin.words import _

from . import annotations, api, layers, our_layers, refusals
from .artists_view import click_column, selected_columns
from .color_space import ColorSpace, color_space_of, work_space_for
from .placing import place_group, place_layer
from .ports import (
    LayerInfo,
    LayerReader,
    NamedLayer,
    Place,
    Replacement,
    ShotDocument,
    StagedLayer,
)
from .reading import open_pixel_reader, open_reader
from .replacing import Change, replace_keyframes
from .staging import Staging
from .timeline import times_shown


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

    @property
    def length(self) -> int:
        return self._open().animationLength()

    @property
    def notes(self) -> Sequence[str]:
        space = color_space_of(self._open())
        if space.is_work_format:
            return ()
        return (_("The document is {space}; the new layer is 8-bit RGB in it.").format(space=space.title),)

    def is_open(self) -> bool:
        # Krita makes a new Python object for each answer, so they are compared, not remembered by id.
        return any(document == self._document for document in api.application().documents())

    def is_active(self) -> bool:
        return self.is_open() and api.application().activeDocument() == self._document

    def is_same(self, other: ShotDocument) -> bool:
        if not isinstance(other, KritaDocument):
            return False
        return self is other or (self.is_open() and self._document == other._document)

    # ---------------------------------------------------------------------------- the artist's view

    def playhead(self) -> int:
        return self._open().currentTime()

    def move_playhead(self, time: int) -> None:
        document = self._in_front()
        click_column(time)
        document.setCurrentTime(time)

    def selected_times(self) -> tuple[int, ...]:
        return selected_columns() if self.is_active() else ()

    def undo(self) -> None:
        self._in_front()
        api.application().action("edit_undo").trigger()

    # ---------------------------------------------------------------------------- layers

    def layers(self) -> Sequence[LayerInfo]:
        document = self._open()
        ours = set(our_layers.our_layers(document))
        return [
            LayerInfo(layers.identity(node), node.name(), depth, layers.identity(node) in ours)
            for node, depth in layers.walk(document.rootNode())
        ]

    def active_layer(self) -> str:
        node = self._open().activeNode() if self.is_active() else None
        return layers.identity(node) if node is not None else ""

    def our_layers(self) -> Sequence[str]:
        return our_layers.our_layers(self._open())

    def keyframe_times(self, layer: str) -> tuple[int, ...]:
        return times_shown(self._open(), self._node(layer))

    def is_visible(self, layer: str) -> bool:
        return self._node(layer).visible()

    def set_visible(self, layer: str, visible: bool) -> None:
        node = self._ours(layer)
        if node.visible() != visible:
            node.setVisible(visible)
            self._open().refreshProjection()

    def unlock(self, layer: str) -> None:
        for node in layers.with_groups(self._ours(layer)):
            node.setLocked(False)

    # ---------------------------------------------------------------------------- pictures

    async def open_reader(self, layer: str, color_layer: str) -> LayerReader:
        return await open_reader(self._open(), self._node(layer), self._work_space(color_layer))

    async def picture_at(self, layer: str, time: int) -> bytes:
        document, node = self._open(), self._node(layer)
        if not node.animated() or not node.hasKeyframeAtTime(time):
            return b""
        reader = await open_pixel_reader(document, node, self._work_space(layer))
        try:
            return reader.picture(time)
        finally:
            reader.close()

    def stage(self, cels: Sequence[Sequence[int]], color_layer: str) -> StagedLayer:
        return Staging(*self.size, self._work_space(color_layer), cels)

    async def add_layer(self, staged: StagedLayer, name: str, beside: str, place: Place) -> str:
        return await place_layer(self._open(), _staging(staged), name, self._node(beside), place)

    async def add_group(self, staged: Sequence[NamedLayer], name: str, beside: str) -> Sequence[str]:
        sources = [(_staging(layer.staged), layer.name) for layer in staged]
        return await place_group(self._open(), sources, name, self._node(beside))

    def check_writable(self, layer: str) -> None:
        node = self._ours(layer)
        if any(part.locked() for part in layers.with_groups(node)):
            raise refusals.locked(node.name())
        self._in_front()

    async def replace_frames(self, replacements: Sequence[Replacement]) -> None:
        changes = [
            Change(_staging(entry.staged), self._node(entry.layer), entry.times) for entry in replacements
        ]

        def check() -> None:
            for entry in replacements:
                self.check_writable(entry.layer)

        await replace_keyframes(self._open(), changes, check)

    # ---------------------------------------------------------------------------- memory

    def memo(self, name: str) -> bytes:
        return annotations.read_memo(self._open(), name)

    def set_memo(self, name: str, data: bytes) -> None:
        annotations.write_memo(self._open(), name, data)

    def memo_names(self) -> Sequence[str]:
        return annotations.memo_names(self._open())

    def mark_modified(self) -> None:
        self._open().setModified(True)

    # ---------------------------------------------------------------------------- inside

    def _open(self) -> api.Document:
        if self._document is None or not self.is_open():
            raise refusals.no_document()
        return self._document

    def _in_front(self) -> api.Document:
        document = self._open()
        if not self.is_active():
            raise refusals.not_in_front(self.name)
        return document

    def _node(self, layer: str) -> api.Node:
        node = layers.find(self._open(), layer)
        if node is None:
            raise refusals.no_such_layer(layer)
        return node

    def _ours(self, layer: str) -> api.Node:
        node = self._node(layer)
        if not our_layers.is_ours(self._open(), node):
            raise refusals.not_ours(node.name())
        return node

    def _work_space(self, color_layer: str) -> ColorSpace:
        return work_space_for(color_space_of(self._node(color_layer)))


class KritaHost:
    """Krita, seen from the plugin."""

    def active_document(self) -> ShotDocument:
        return KritaDocument(api.application().activeDocument())

    def documents(self) -> Sequence[ShotDocument]:
        found: list[api.Document] = []
        for view in api.application().views():
            document = view.document()
            if document is not None and all(document != known for known in found):
                found.append(document)
        return [KritaDocument(document) for document in found]

    def icon(self, name: str) -> QtGui.QIcon:
        return api.application().icon(name)

    def resource_folder(self) -> Path:
        return Path(api.application().getAppDataLocation())


def _staging(staged: StagedLayer) -> Staging:
    if not isinstance(staged, Staging):
        raise TypeError(f"not staged by Krita: {staged!r}")
    return staged
