"""What the rest of the plugin sees of the host: enough to colour a shot, and no more.

`krita_host` implements it with Krita; the tests implement it in memory. Times are frame numbers
from 0, pictures are BGRA bytes of canvas size (8 bits, straight alpha, rows top to bottom).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol


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
class OurLayer:
    """A layer that Keycel made, and from what; kept inside the document."""

    layer: str
    line_layer: str
    color_layer: str
    takes: Mapping[str, int] = field(default_factory=dict[str, int])
    """Frame number (as text, JSON's keys are) to the number of times it was regenerated."""

    def next_take(self, time: int) -> int:
        return self.takes.get(str(time), 0) + 1

    def with_take(self, time: int, take: int) -> OurLayer:
        return replace(self, takes={**self.takes, str(time): take})


class LayerReader(Protocol):
    """Reads pictures of one layer; close it after use."""

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
    """One document; everything raises DOC_NO_SHOT where there is none, or it was closed."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        ...

    def is_open(self) -> bool: ...

    def is_active(self) -> bool:
        """True if this is the document the artist is looking at."""
        ...

    def playhead(self) -> int: ...

    def layers(self) -> Sequence[LayerInfo]:
        """Top-most first, as the artist sees them listed."""
        ...

    def active_layer(self) -> str:
        """Id of the active layer; empty if unknown."""
        ...

    def our_layers(self) -> Sequence[OurLayer]:
        """Those of ours that exist, oldest first."""
        ...

    def remember(self, layer: OurLayer) -> None:
        """Write or replace the record of one of our layers."""
        ...

    def open_reader(self, layer: str, color_layer: str) -> LayerReader:
        """Read `layer` in the colour space of `color_layer` (8-bit RGBA)."""
        ...

    def stage(self, cels: Sequence[Sequence[int]], color_layer: str) -> StagedLayer:
        """A new hidden layer; `cels` lists the frame numbers of each picture."""
        ...

    async def add_layer(self, staged: StagedLayer, name: str, line_layer: str) -> str:
        """Put it beneath the line layer as a new layer, in one undo step; returns its id."""
        ...

    def check_writable(self, layer: str) -> None:
        """Raises DOC_NOT_OURS, DOC_LAYER_LOCKED or DOC_NOT_ACTIVE if its keyframes may not be replaced."""
        ...

    async def replace_frames(self, staged: StagedLayer, layer: str, times: Sequence[int]) -> None:
        """Replace these keyframes of one of our layers, in one undo step."""
        ...

    def digest_at(self, layer: str, time: int) -> str:
        """Digest of what a paint layer has in its keyframe at `time`; empty if there is none."""
        ...


class Host(Protocol):
    """The program the plugin lives in."""

    def active_document(self) -> ShotDocument:
        """The document in front; a closed one if there is none."""
        ...
