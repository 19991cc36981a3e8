"""A document in memory behind the plugin's host interface, with one undo stack, for tests without Krita."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field

from keycel_plugin.host.ports import LayerInfo, OurLayer
from keycel_plugin.tasks import pause
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.pixels import digest_of

SIZE = (4, 3)


def flat_picture(value: int, size: tuple[int, int] = SIZE) -> bytes:
    """Every pixel opaque and of one grey."""
    return bytes((value, value, value, 255)) * (size[0] * size[1])


def blank_picture(size: tuple[int, int] = SIZE) -> bytes:
    """Fully transparent, but with a hidden colour, as Krita leaves behind an eraser."""
    return bytes((9, 9, 9, 0)) * (size[0] * size[1])


@dataclass
class MemoryLayer:
    id: str
    name: str
    keyframes: dict[int, bytes] = field(default_factory=dict)
    locked: bool = False


class MemoryReader:
    open_count = 0

    def __init__(self, layer: MemoryLayer) -> None:
        self._layer = layer
        self.times = tuple(sorted(layer.keyframes))
        MemoryReader.open_count += 1

    def picture(self, time: int) -> bytes:
        return self._layer.keyframes[time]

    def close(self) -> None:
        MemoryReader.open_count -= 1


class MemoryStaged:
    open_count = 0

    def __init__(self, size: tuple[int, int], cels: Sequence[Sequence[int]]) -> None:
        self.size = size
        self.cels = {min(times): tuple(times) for times in cels}
        self.keyframes = {time: bytes(size[0] * size[1] * 4) for times in cels for time in times}
        self.digests: dict[int, str] = {}
        MemoryStaged.open_count += 1

    async def put(self, time: int, pixels: bytes) -> None:
        await pause()
        for shared in self.cels[time]:
            self.keyframes[shared] = pixels
            self.digests[shared] = digest_of(pixels)

    def close(self) -> None:
        MemoryStaged.open_count -= 1


class MemoryDocument:
    """Layers are listed bottom-most first. `damage` spoils deliveries, as a faulty host would."""

    def __init__(self, *layers: MemoryLayer, size: tuple[int, int] = SIZE) -> None:
        self.name = "shot"
        self.size = size
        self.stack = list(layers)
        self.undo_stack: list[list[MemoryLayer]] = []
        self.records: dict[str, OurLayer] = {}
        self.open = True
        self.active = True
        self.time = 0
        self.active_id = ""
        self.damage = False

    def is_open(self) -> bool:
        return self.open

    def is_active(self) -> bool:
        return self.open and self.active

    def playhead(self) -> int:
        return self.time

    def layers(self) -> list[LayerInfo]:
        self._check_open()
        return [LayerInfo(layer.id, layer.name, 0, layer.id in self.records) for layer in self.stack[::-1]]

    def active_layer(self) -> str:
        return self.active_id

    def our_layers(self) -> list[OurLayer]:
        present = {layer.id for layer in self.stack}
        return [record for record in self.records.values() if record.layer in present]

    def remember(self, layer: OurLayer) -> None:
        self.records[layer.layer] = layer

    def open_reader(self, layer: str, color_layer: str) -> MemoryReader:
        self.layer(color_layer)
        return MemoryReader(self.layer(layer))

    def stage(self, cels: Sequence[Sequence[int]], color_layer: str) -> MemoryStaged:
        self.layer(color_layer)
        return MemoryStaged(self.size, cels)

    async def add_layer(self, staged: MemoryStaged, name: str, line_layer: str) -> str:
        self._check_open()
        await pause()
        self._push_undo()
        layer = MemoryLayer(f"layer-{len(self.stack)}", name, dict(staged.keyframes))
        self.stack.insert(self.stack.index(self.layer(line_layer)), layer)
        self._spoil(layer)
        return layer.id

    def check_writable(self, layer: str) -> None:
        if layer not in self.records:
            raise KeycelError(ErrorCode.DOC_NOT_OURS, "Not ours.", "Choose ours.")
        if self.layer(layer).locked:
            raise KeycelError(ErrorCode.DOC_LAYER_LOCKED, "Locked.", "Unlock it.")
        if not self.active:
            raise KeycelError(ErrorCode.DOC_NOT_ACTIVE, "Not active.", "Switch.")

    async def replace_frames(self, staged: MemoryStaged, layer: str, times: Sequence[int]) -> None:
        self.check_writable(layer)
        await pause()
        self._push_undo()
        for time in times:
            self.layer(layer).keyframes[time] = staged.keyframes[time]
        self._spoil(self.layer(layer))

    def digest_at(self, layer: str, time: int) -> str:
        pixels = self.layer(layer).keyframes.get(time)
        return "" if pixels is None else digest_of(pixels)

    def layer(self, wanted: str) -> MemoryLayer:
        self._check_open()
        for layer in self.stack:
            if wanted in (layer.id, layer.name):
                return layer
        raise KeycelError(ErrorCode.DOC_NO_SUCH_LAYER, "Gone.", "Choose again.", wanted)

    def undo(self) -> None:
        self.stack = self.undo_stack.pop()

    def _push_undo(self) -> None:
        self.undo_stack.append(copy.deepcopy(self.stack))

    def _spoil(self, layer: MemoryLayer) -> None:
        if self.damage:
            time = max(layer.keyframes)
            layer.keyframes[time] = flat_picture(255, self.size)

    def _check_open(self) -> None:
        if not self.open:
            raise KeycelError(ErrorCode.DOC_NO_SHOT, "Closed.", "Open it.")


class MemoryHost:
    def __init__(self, document: MemoryDocument) -> None:
        self.document = document

    def active_document(self) -> MemoryDocument:
        return self.document
