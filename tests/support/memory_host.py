"""Documents in memory behind the plugin's host interface, for tests without Krita.

They misbehave as Krita is known to (docs of `keycel_plugin.host`): every answer is a new Python object,
the playhead moves an event after it was told to, moving it is an undo step, a layer with any keyframe has
a blank one at 0, repeated pictures are shared until one of them is replaced, holds are not resolved.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keycel_plugin.host.ports import LayerInfo, NamedLayer, Place, Replacement
from keycel_plugin.qt import QtCore, QtGui
from keycel_plugin.tasks import pause
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.pixels import digest_of

SIZE = (4, 3)
_SWITCH_TIME = "Switch current time"


def flat_picture(value: int, size: tuple[int, int] = SIZE) -> bytes:
    """Every pixel opaque and of one grey."""
    return bytes((value, value, value, 255)) * (size[0] * size[1])


def blank_picture(size: tuple[int, int] = SIZE) -> bytes:
    """Fully transparent, but with a hidden colour, as Krita leaves behind an eraser."""
    return bytes((9, 9, 9, 0)) * (size[0] * size[1])


def empty_picture(size: tuple[int, int] = SIZE) -> bytes:
    """What Krita has where nothing was ever painted."""
    return bytes(size[0] * size[1] * 4)


@dataclass
class MemoryLayer:
    id: str
    name: str
    keyframes: dict[int, bytes] = field(default_factory=dict)
    locked: bool = False
    visible: bool = True
    still: bytes = b""
    """The picture of a layer without keyframes; empty: nothing painted."""
    shared: list[frozenset[int]] = field(default_factory=list)
    """Times of clone keyframes: what is painted on one of them is on all."""

    def times(self) -> tuple[int, ...]:
        """Krita has a keyframe at 0 as soon as there is any."""
        return tuple(sorted({0, *self.keyframes}))

    def picture(self, time: int, size: tuple[int, int]) -> bytes:
        """What starts at `time`, one of `times`."""
        found = self.keyframes.get(time, b"") if self.keyframes else self.still
        return found or empty_picture(size)

    def part(self, time: int) -> None:
        """Krita parts a clone keyframe that is replaced; the others stay shared."""
        rest = [group - {time} for group in self.shared]
        self.shared = [group for group in rest if len(group) > 1]


class MemoryReader:
    open_count = 0

    def __init__(self, layer: MemoryLayer, size: tuple[int, int]) -> None:
        self._layer = layer
        self._size = size
        self.times = layer.times()
        MemoryReader.open_count += 1

    def picture(self, time: int) -> bytes:
        return self._layer.picture(time, self._size)

    def close(self) -> None:
        MemoryReader.open_count -= 1


class MemoryStaged:
    open_count = 0

    def __init__(self, size: tuple[int, int], cels: Sequence[Sequence[int]]) -> None:
        self.size = size
        self.cels = {min(times): tuple(times) for times in cels}
        self.keyframes = {time: empty_picture(size) for times in cels for time in times}
        self.digests: dict[int, str] = {}
        MemoryStaged.open_count += 1

    async def put(self, time: int, pixels: bytes) -> None:
        await pause()
        for shared in self.cels[time]:
            self.keyframes[shared] = pixels
            self.digests[shared] = digest_of(pixels)

    def close(self) -> None:
        MemoryStaged.open_count -= 1


@dataclass(frozen=True)
class UndoStep:
    """A document as it was before a step."""

    label: str
    time: int
    layers: tuple[tuple[MemoryLayer, dict[int, bytes], bytes, tuple[frozenset[int], ...]], ...]


class MemoryDocument:
    """Layers are listed bottom-most first. `damage` spoils deliveries, as a faulty host would.

    Tests set and look at the public attributes; the methods are the host interface, and what an artist
    does: `paint`, `redo`, `reopened`.
    """

    def __init__(self, *layers: MemoryLayer, size: tuple[int, int] = SIZE, name: str = "shot") -> None:
        self.name = name
        self.size = size
        self.stack = list(layers)
        self.undo_stack: list[UndoStep] = []
        self.redo_stack: list[UndoStep] = []
        self.claimed: list[str] = []
        """Ids of the layers that `add_layer` made, oldest first, also of those that are gone."""
        self.memos: dict[str, bytes] = {}
        self.notes: list[str] = []
        self.open = True
        self.active = True
        self.modified = False
        self.time = 0
        self.active_id = ""
        self.selection: tuple[int, ...] = ()
        """Frame numbers of the cells selected in the timeline."""
        self.clip_length = 1
        """Frames that the clip has at least."""
        self.damage = False
        self._numbers = itertools.count(1)

    def view(self) -> MemoryDocument:
        """The same document in another Python object, as every answer of Krita is."""
        twin = object.__new__(MemoryDocument)
        twin.__dict__ = self.__dict__
        return twin

    @property
    def length(self) -> int:
        return max(self.clip_length, *(layer.times()[-1] + 1 for layer in self.stack), 1)

    def is_open(self) -> bool:
        return self.open

    def is_active(self) -> bool:
        return self.open and self.active

    def is_same(self, other: object) -> bool:
        return isinstance(other, MemoryDocument) and other.__dict__ is self.__dict__

    # ---------------------------------------------------------------------------- the artist's view

    def playhead(self) -> int:
        self._check_open()
        return self.time

    def move_playhead(self, time: int) -> None:
        self._check_active()
        QtCore.QTimer.singleShot(0, lambda: self._arrive(time))

    def selected_times(self) -> tuple[int, ...]:
        return self.selection if self.is_active() else ()

    def undo(self) -> None:
        self._check_active()
        if self.undo_stack:
            self.redo_stack.append(self._snapshot(self.undo_stack[-1].label))
            self._restore(self.undo_stack.pop())

    def redo(self) -> None:
        self.undo_stack.append(self._snapshot(self.redo_stack[-1].label))
        self._restore(self.redo_stack.pop())

    def paint(self, layer: str, time: int, pixels: bytes) -> None:
        """An artist's stroke: it goes into the keyframe that is held at `time`, and into its clones."""
        target = self.layer(layer)
        self._begin("Freehand Brush")
        if not target.keyframes:
            target.still = pixels
            return
        held = max(key for key in target.times() if key <= time)
        group = next((group for group in target.shared if held in group), {held})
        target.keyframes.update(dict.fromkeys(group, pixels))

    def reopened(self) -> MemoryDocument:
        """The document after saving, closing and opening it again."""
        layers = [
            MemoryLayer(
                old.id, old.name, dict(old.keyframes), old.locked, old.visible, old.still, [*old.shared]
            )
            for old in self.stack
        ]
        self.open = False
        fresh = MemoryDocument(*layers, size=self.size, name=self.name)
        fresh.claimed, fresh.memos = list(self.claimed), dict(self.memos)
        fresh.notes, fresh.clip_length, fresh._numbers = self.notes, self.clip_length, self._numbers
        return fresh

    # ---------------------------------------------------------------------------- layers

    def layers(self) -> list[LayerInfo]:
        self._check_open()
        return [LayerInfo(layer.id, layer.name, 0, layer.id in self.claimed) for layer in self.stack[::-1]]

    def active_layer(self) -> str:
        return self.active_id if self.is_active() else ""

    def our_layers(self) -> list[str]:
        self._check_open()
        present = {layer.id for layer in self.stack}
        return [identity for identity in self.claimed if identity in present]

    def keyframe_times(self, layer: str) -> tuple[int, ...]:
        return self.layer(layer).times()

    def is_visible(self, layer: str) -> bool:
        return self.layer(layer).visible

    def set_visible(self, layer: str, visible: bool) -> None:
        self._check_ours(layer)
        self.layer(layer).visible = visible

    def unlock(self, layer: str) -> None:
        self._check_ours(layer)
        self.layer(layer).locked = False

    def layer(self, wanted: str) -> MemoryLayer:
        """By id or, for tests, by name."""
        self._check_open()
        for layer in self.stack:
            if wanted in (layer.id, layer.name):
                return layer
        raise KeycelError(ErrorCode.DOC_NO_SUCH_LAYER, "Gone.", "Choose again.", wanted)

    # ---------------------------------------------------------------------------- pictures

    async def open_reader(self, layer: str, color_layer: str) -> MemoryReader:
        self.layer(color_layer)
        return MemoryReader(self.layer(layer), self.size)

    async def picture_at(self, layer: str, time: int) -> bytes:
        return self.picture_now(layer, time)

    def picture_now(self, layer: str, time: int) -> bytes:
        """The same for tests, which need not wait."""
        found = self.layer(layer)
        has_keyframe = bool(found.keyframes) and time in found.times()
        return found.picture(time, self.size) if has_keyframe else b""

    def stage(self, cels: Sequence[Sequence[int]], color_layer: str) -> MemoryStaged:
        self.layer(color_layer)
        return MemoryStaged(self.size, cels)

    async def add_layer(self, staged: Any, name: str, beside: str, place: Place) -> str:
        self.layer(beside)
        await pause()
        neighbour = self.stack.index(self.layer(beside))
        self._begin("Add Layer")
        layer = MemoryLayer(f"layer-{next(self._numbers)}", name, dict(staged.keyframes))
        layer.shared = [frozenset(times) for times in staged.cels.values() if len(times) > 1]
        self.stack.insert(neighbour + (place is Place.ABOVE), layer)
        self.claimed.append(layer.id)
        self._spoil(layer)
        return layer.id

    async def add_group(self, staged: Sequence[NamedLayer], name: str, beside: str) -> list[str]:
        del name  # documents in memory have no groups: the layers lie one above the other
        self.layer(beside)
        await pause()
        place = self.stack.index(self.layer(beside)) + 1
        self._begin("Add Layer")
        found: list[str] = []
        for part in staged:
            assert isinstance(part.staged, MemoryStaged)
            layer = MemoryLayer(f"layer-{next(self._numbers)}", part.name, dict(part.staged.keyframes))
            self.stack.insert(place + len(found), layer)
            self.claimed.append(layer.id)
            self._spoil(layer)
            found.append(layer.id)
        return found

    def check_writable(self, layer: str) -> None:
        self._check_ours(layer)
        if self.layer(layer).locked:
            raise KeycelError(ErrorCode.DOC_LAYER_LOCKED, "Locked.", "Unlock it.")
        self._check_active()

    async def replace_frames(self, replacements: Sequence[Replacement]) -> None:
        for replacement in replacements:
            self.check_writable(replacement.layer)
        await pause()
        for replacement in replacements:
            self.check_writable(replacement.layer)
        self._begin("Copy Keyframes")
        for replacement in replacements:
            layer, staged = self.layer(replacement.layer), replacement.staged
            assert isinstance(staged, MemoryStaged)
            for time in replacement.times:
                layer.part(time)
                layer.keyframes[time] = staged.keyframes[time]
            self._spoil(layer)

    # ---------------------------------------------------------------------------- memory

    def memo(self, name: str) -> bytes:
        self._check_open()
        return self.memos.get(name, b"")

    def set_memo(self, name: str, data: bytes) -> None:
        self._check_open()
        if data:
            self.memos[name] = bytes(data)
        else:
            self.memos.pop(name, None)

    def memo_names(self) -> list[str]:
        self._check_open()
        return sorted(self.memos)

    def mark_modified(self) -> None:
        self._check_open()
        self.modified = True

    # ---------------------------------------------------------------------------- inside

    def _arrive(self, time: int) -> None:
        """Krita merges playhead moves that follow each other into one step."""
        if not self.undo_stack or self.undo_stack[-1].label != _SWITCH_TIME:
            self.undo_stack.append(self._snapshot(_SWITCH_TIME))
        self.redo_stack.clear()
        self.time = time

    def _begin(self, label: str) -> None:
        self.undo_stack.append(self._snapshot(label))
        self.redo_stack.clear()
        self.modified = True

    def _snapshot(self, label: str) -> UndoStep:
        layers = ((layer, dict(layer.keyframes), layer.still, tuple(layer.shared)) for layer in self.stack)
        return UndoStep(label, self.time, tuple(layers))

    def _restore(self, step: UndoStep) -> None:
        if step.label == _SWITCH_TIME:
            self.time = step.time
            return
        self.stack = [layer for layer, *_ in step.layers]
        for layer, keyframes, still, shared in step.layers:
            layer.keyframes, layer.still, layer.shared = dict(keyframes), still, list(shared)

    def _spoil(self, layer: MemoryLayer) -> None:
        if self.damage:
            layer.keyframes[max(layer.keyframes)] = flat_picture(255, self.size)

    def _check_open(self) -> None:
        if not self.open:
            raise KeycelError(ErrorCode.DOC_NO_SHOT, "Closed.", "Open it.")

    def _check_active(self) -> None:
        self._check_open()
        if not self.active:
            raise KeycelError(ErrorCode.DOC_NOT_ACTIVE, "Not active.", "Switch.", retryable=True)

    def _check_ours(self, layer: str) -> None:
        if self.layer(layer).id not in self.claimed:
            raise KeycelError(ErrorCode.DOC_NOT_OURS, "Not ours.", "Choose ours.")


class MemoryHost:
    """`resources` is the folder of palettes. The first document is in front at the beginning."""

    def __init__(self, *documents: MemoryDocument, resources: Path | None = None) -> None:
        self.all = list(documents)
        self._resources = resources or Path(tempfile.gettempdir())
        for document in self.all[1:]:
            document.active = False

    def bring_to_front(self, document: MemoryDocument) -> None:
        if not any(document.is_same(known) for known in self.all):
            self.all.append(document)
        for known in self.all:
            known.active = known.is_same(document)

    def active_document(self) -> MemoryDocument:
        front = next((document for document in self.all if document.is_active()), None)
        return front.view() if front is not None else _no_document()

    def documents(self) -> list[MemoryDocument]:
        return [document.view() for document in self.all if document.is_open()]

    def icon(self, _name: str) -> QtGui.QIcon:
        return QtGui.QIcon()

    def resource_folder(self) -> Path:
        return self._resources


def _no_document() -> MemoryDocument:
    document = MemoryDocument(name="")
    document.open = document.active = False
    return document
