"""What the rest of the plugin sees of the host: enough to colour a shot, and no more.

`KritaHost` implements it with Krita; the tests implement it in memory. Times are frame numbers
from 0, pictures are BGRA bytes of canvas size (8 bits, straight alpha, rows top to bottom). Layers
are known by their id, never by name. Everything of a document raises DOC_NO_SHOT once it is closed,
and DOC_NO_SUCH_LAYER for a layer that is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from keycel_plugin.qt import QtGui


class Place(str, Enum):
    """Where a new layer goes."""

    BENEATH = "beneath"
    ABOVE = "above"


@dataclass(frozen=True)
class LayerInfo:
    """A layer that can be chosen."""

    id: str
    name: str
    depth: int
    """How many groups it lies in."""
    ours: bool
    """Made by Keycel."""


@dataclass(frozen=True)
class Replacement:
    """Keyframes of one of our layers to replace, and the staged layer that has the new ones."""

    staged: StagedLayer
    layer: str
    times: tuple[int, ...]


@dataclass(frozen=True)
class NamedLayer:
    """A staged layer and what it shall be called."""

    staged: StagedLayer
    name: str


class LayerReader(Protocol):
    """Reads pictures of one layer of any kind; close it after use."""

    @property
    def times(self) -> tuple[int, ...]:
        """Frame numbers at which a new picture starts, ascending."""
        ...

    def picture(self, time: int) -> bytes:
        """The picture that starts at `time`, one of `times`."""
        ...

    def close(self) -> None: ...


class StagedLayer(Protocol):
    """A layer being filled where the artist does not see it."""

    @property
    def digests(self) -> Mapping[int, str]:
        """Frame number to digest of the picture put there."""
        ...

    async def put(self, time: int, pixels: bytes) -> None:
        """Fill the picture whose first frame number is `time`."""
        ...

    def close(self) -> None: ...


class ShotDocument(Protocol):
    """One document."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        ...

    @property
    def length(self) -> int:
        """Number of frames of the animation: one more than the last frame number."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """Plain sentences about what is different here, as “the new layer is 8-bit in a 16-bit document”."""
        ...

    def is_open(self) -> bool: ...

    def is_active(self) -> bool:
        """True if this is the document the artist is looking at."""
        ...

    def is_same(self, other: ShotDocument) -> bool: ...

    # ---------------------------------------------------------------------------- the artist's view

    def playhead(self) -> int: ...

    def move_playhead(self, time: int) -> None:
        """As a click in the timeline does: arrives some events later, selects its cell and no other.

        Only for the active document. Up to Krita 5.1 it is an undo step.
        """
        ...

    def selected_times(self) -> tuple[int, ...]:
        """Frame numbers of the cells selected in the timeline, ascending; empty if not known."""
        ...

    def undo(self) -> None:
        """As Ctrl+Z does; only for the active document."""
        ...

    # ---------------------------------------------------------------------------- layers

    def layers(self) -> Sequence[LayerInfo]:
        """Top-most first, as the artist sees them listed."""
        ...

    def active_layer(self) -> str:
        """Id of the active layer; empty if unknown."""
        ...

    def our_layers(self) -> Sequence[str]:
        """Ids of the layers that `add_layer` made and that still exist, oldest first."""
        ...

    def keyframe_times(self, layer: str) -> tuple[int, ...]:
        """Frame numbers at which a layer of any kind starts to show a new picture, ascending. Cheap."""
        ...

    def is_visible(self, layer: str) -> bool: ...

    def set_visible(self, layer: str, visible: bool) -> None:
        """Only for a layer of ours (else DOC_NOT_OURS)."""
        ...

    def unlock(self, layer: str) -> None:
        """Unlock a layer of ours (else DOC_NOT_OURS) and the groups it lies in."""
        ...

    # ---------------------------------------------------------------------------- pictures

    async def open_reader(self, layer: str, color_layer: str) -> LayerReader:
        """Read `layer` in the colour space of `color_layer` (8-bit RGBA).

        Some layers are read from a copy of the document, which waits until nothing is being done to it.
        """
        ...

    async def picture_at(self, layer: str, time: int) -> bytes:
        """What a paint layer of ours has in its keyframe at exactly `time`; empty if there is none."""
        ...

    def stage(self, cels: Sequence[Sequence[int]], color_layer: str) -> StagedLayer:
        """A new hidden layer; `cels` lists the frame numbers of each picture."""
        ...

    async def add_layer(self, staged: StagedLayer, name: str, beside: str, place: Place) -> str:
        """Put it beneath or above the layer `beside`, in one undo step; the document need not be in front.

        Returns its id, which belongs to `our_layers` from now on.
        """
        ...

    async def add_group(self, staged: Sequence[NamedLayer], name: str, beside: str) -> Sequence[str]:
        """Put layers, bottom-most first, as a group above the layer `beside`, in one undo step.

        Returns their ids, which belong to `our_layers` from now on; the group is no layer of ours.
        """
        ...

    def check_writable(self, layer: str) -> None:
        """Raises DOC_NOT_OURS, DOC_LAYER_LOCKED or DOC_NOT_ACTIVE if its keyframes may not be replaced."""
        ...

    async def replace_frames(self, replacements: Sequence[Replacement]) -> None:
        """Replace keyframes of layers of ours, all in one undo step; other keyframes stay as they are."""
        ...

    # ---------------------------------------------------------------------------- memory inside the document

    def memo(self, name: str) -> bytes:
        """What `set_memo` has stored in the document (it is saved in the .kra); empty if nothing."""
        ...

    def set_memo(self, name: str, data: bytes) -> None:
        """`name`: small letters, digits and `-`. Empty `data` removes it. Not an undo step."""
        ...

    def memo_names(self) -> Sequence[str]: ...

    def mark_modified(self) -> None:
        """The artist is asked to save when closing: something in the memory has changed by their wish."""
        ...


class Host(Protocol):
    """The program the plugin lives in."""

    def active_document(self) -> ShotDocument:
        """The document in front; a closed one if there is none."""
        ...

    def documents(self) -> Sequence[ShotDocument]:
        """All documents that have a window."""
        ...

    def icon(self, name: str) -> QtGui.QIcon:
        """An icon of the program's own theme; a null icon if there is none of that name."""
        ...

    def resource_folder(self) -> Path:
        """Where the program keeps the user's palettes and brushes."""
        ...
