"""What a document knows about its colouring: frames, takes, palette, choices. Saved inside the .kra.

A frame's state is never stored. It follows from what lies in the layer now, what was written there, and
the drawing above it; so it stays true through undo, redo, painting and editing outside our sight.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from keycel_shared.messages import OptionValue
from keycel_shared.schema import SchemaError, from_json, to_json
from keycel_shared.states import FrameState

MEMO = "shot"
_FORMAT = 1

Rgba = tuple[int, int, int, int]


class Scope(str, Enum):
    """Which drawings a press of Colorize is for."""

    ALL = "all"
    SELECTED = "selected"
    CURRENT = "current"


class Spacing(str, Enum):
    """How in-betweens are spaced between two key sketches, in the words of engines."""

    EVEN = "even"
    SLOW_OUT = "slow out"
    SLOW_IN = "slow in"
    SLOW_BOTH = "slow out and in"


class TakeOrigin(str, Enum):
    ENGINE = "engine"
    ARTIST = "artist"


@dataclass(frozen=True)
class Choice:
    """What is chosen in the docker for this document."""

    line_layer: str = ""
    color_layer: str = ""
    result_layer: str = ""
    """One of our layers to fill; empty: our latest one for these two layers, or a new one."""
    new_layer: bool = False
    """Make a new layer in any case."""
    engine: str = "flat"
    options: Mapping[str, OptionValue] = field(default_factory=dict[str, OptionValue])
    """Only those that differ from the engine's own defaults."""
    scope: Scope = Scope.ALL
    palette_name: str = ""
    """File name of the palette whose colours are the only legal ones; empty: those of the references."""
    palette: tuple[Rgba, ...] = ()
    show_unsure: bool = False
    reference_layer: str = ""
    """A picture of what the shot shows, for engines that colour from one; empty: none."""
    mask_layer: str = ""
    """Painted where the figure of drawings is, for colouring after an image; empty: the engine tells it."""
    image_options: Mapping[str, OptionValue] = field(default_factory=dict[str, OptionValue])
    """Of the engine that colours after images; only those that differ from its own defaults."""
    spacing: Spacing = Spacing.EVEN


@dataclass(frozen=True)
class PaletteEntry:
    """A colour of the references, and what the artist has made of it."""

    original: Rgba
    """As the engine knows it."""
    color: Rgba
    """As it is shown: the original, or its replacement."""
    name: str = ""


@dataclass(frozen=True)
class Take:
    """One colouring of a drawing. Its pixels, in the engine's own colours, lie in the memo `take-DIGEST`."""

    digest: str
    """Of the pixels before any palette replacement."""
    origin: TakeOrigin
    seed: int = 0
    unsure: int = 0
    """Regions whose colour is a guess."""


@dataclass(frozen=True)
class Written:
    """A picture that we have put into the layer (or that the artist has accepted there)."""

    digest: str
    """Empty for a picture without a visible pixel, whatever colours it hides."""
    drawing: str
    """Digest of the drawing that it colours."""
    take: str = ""
    """Digest of its take; empty for the blank picture of a frame without colours."""
    colors: tuple[PaletteEntry, ...] = ()
    """Colours of the take that were replaced in the picture; without names."""
    keys: str = ""
    """Of a drawn in-between, between which key sketches it lies (`flow.keys`)."""

    def color_of(self, original: Rgba) -> Rgba:
        """What a colour of the take looks like in the picture."""
        shown = (entry.color for entry in self.colors if entry.original == original)
        return next(shown, original)


@dataclass(frozen=True)
class FrameRecord:
    """One frame of one of our layers."""

    time: int
    locked: bool = False
    accepted: str = ""
    """Digest of the picture that the artist has accepted."""
    error: str = ""
    """Why the latest try brought nothing; empty if it did."""
    takes: tuple[Take, ...] = ()
    """Oldest first."""
    written: tuple[Written, ...] = ()
    """Oldest first; undo may bring any of them back."""

    def find_written(self, shown: str, drawing: str = "") -> Written | None:
        """What was written with the digest `shown`: for `drawing` if it ever was, else the latest."""
        entries = [entry for entry in reversed(self.written) if entry.digest == shown]
        fitting = [entry for entry in entries if entry.drawing == drawing]
        return next(iter(fitting or entries), None)

    def find_take(self, digest: str) -> Take | None:
        return next((take for take in self.takes if take.digest == digest), None)

    def state_given(self, shown: str, drawing: str, keys: str = "") -> FrameState:
        """The frame's state.

        `shown`: digest of what the layer has at this frame (empty: no keyframe, or no visible pixel);
        `drawing`: digest of the drawing there; `keys`: of an in-between, the key sketches around it (empty:
        not known). What the artist has painted stays theirs: it is never stale, also if it was a take in
        between.
        """
        entry = self.find_written(shown, drawing)
        if entry is None:
            return FrameState.EDITED if shown or self.written else self._without_colors()
        if not entry.take:
            return self._without_colors()
        fits = entry.drawing == drawing and (entry.keys == keys or not entry.keys or not keys)
        if shown == self.accepted and fits:
            return FrameState.ACCEPTED
        take = self.find_take(entry.take)
        if take is not None and take.origin is TakeOrigin.ARTIST:
            return FrameState.EDITED
        return FrameState.PROPOSED if fits else FrameState.STALE

    def follows_palette(self, shown: str) -> bool:
        """True if replacing a colour may change what the layer has here.

        What is locked, accepted or painted by the artist is left alone, also if its drawing has changed
        since.
        """
        entry = self.find_written(shown)
        drawing = entry.drawing if entry is not None else ""
        left = (FrameState.ACCEPTED, FrameState.EDITED)
        return not self.locked and self.state_given(shown, drawing) not in left

    def next_seed(self) -> int:
        """A seed that no take of this frame has had."""
        return max((take.seed for take in self.takes), default=0) + 1

    def with_take(self, take: Take) -> FrameRecord:
        """With one more take. Of a known one only the latest seed is new, so that it is not tried again."""
        known = self.find_take(take.digest)
        if known is None:
            return replace(self, takes=(*self.takes, take))
        renewed = replace(known, seed=max(known.seed, take.seed))
        return replace(self, takes=tuple(renewed if each is known else each for each in self.takes))

    def with_written(self, entry: Written, take: Take | None = None) -> FrameRecord:
        """After writing `entry` (of the take `take`, if it is one).

        Other colours of a known in-between leave it between the same key sketches.
        """
        if not entry.keys:
            same = (known.keys for known in reversed(self.written) if known.drawing == entry.drawing)
            entry = replace(entry, keys=next(same, ""))
        frame = self if take is None else self.with_take(take)
        others = tuple(written for written in self.written if written != entry)
        return replace(frame, written=(*others, entry), error="")

    def _without_colors(self) -> FrameState:
        return FrameState.FAILED if self.error else FrameState.EMPTY


@dataclass(frozen=True)
class LayerRecord:
    """One of our layers and what it was made from."""

    layer: str
    line_layer: str
    color_layer: str
    overlay: str = ""
    """Our layer that marks its unsure regions; empty: none yet."""
    frames: tuple[FrameRecord, ...] = ()
    """Ascending by time."""

    @classmethod
    def of_drawings(cls, layer: str) -> LayerRecord:
        """Of a layer of ours whose pictures are drawings themselves, such as an animation."""
        return cls(layer, layer, layer)

    @property
    def has_drawings(self) -> bool:
        """True if its pictures are no colours of other drawings, but drawings themselves."""
        return self.line_layer == self.layer

    def frame(self, time: int) -> FrameRecord:
        """The record of a frame; a blank one for a frame that was never dealt with."""
        return next((frame for frame in self.frames if frame.time == time), FrameRecord(time))

    def with_frames(self, changed: Iterable[FrameRecord]) -> LayerRecord:
        frames = {frame.time: frame for frame in self.frames} | {frame.time: frame for frame in changed}
        return replace(self, frames=tuple(frames[time] for time in sorted(frames)))


@dataclass(frozen=True)
class AnimationRecord:
    """How one of our layers was made from one drawing."""

    layer: str
    start: int
    """Frame number of the artist's drawing."""
    drawing: str
    """Digest of that drawing; its pixels are kept as a take's are."""
    engine: str
    options: Mapping[str, OptionValue]
    """All of the engine's, with `frames` and `exposure`."""

    def times(self) -> range:
        """Frame numbers of all drawings, the artist's own first."""
        frames, exposure = (int(self.options.get(name) or 1) for name in ("frames", "exposure"))
        return range(self.start, self.start + frames * exposure, exposure)


@dataclass(frozen=True)
class ShotRecord:
    """Everything about one document."""

    choice: Choice = Choice()
    layers: tuple[LayerRecord, ...] = ()
    """Oldest first; records of layers that are gone stay, since undo may bring them back."""
    palette: tuple[PaletteEntry, ...] = ()
    """Only entries that are renamed or replaced."""
    inbetweens: tuple[LayerRecord, ...] = ()
    """Our layers with drawn in-betweens, oldest first: `line_layer` is that of the key sketches,
    `color_layer` ours with their colours (whose record has our lines as its `line_layer`)."""
    animations: tuple[AnimationRecord, ...] = ()
    """Of those among `layers` that have drawings."""

    def animation(self, identity: str) -> AnimationRecord | None:
        return next((record for record in self.animations if record.layer == identity), None)

    def with_animation(self, made: AnimationRecord) -> ShotRecord:
        return replace(self, animations=(*self.animations, made))

    def drawn(self, identity: str) -> LayerRecord | None:
        """The record of a layer of drawn in-betweens."""
        return next((record for record in self.inbetweens if record.layer == identity), None)

    def with_drawn(self, changed: LayerRecord) -> ShotRecord:
        others = (record for record in self.inbetweens if record.layer != changed.layer)
        return replace(self, inbetweens=(*others, changed))

    def layer(self, identity: str) -> LayerRecord | None:
        return next((record for record in self.layers if record.layer == identity), None)

    def with_layer(self, changed: LayerRecord) -> ShotRecord:
        """Replace the record of a layer, or add it as the newest."""
        if self.layer(changed.layer) is None:
            return replace(self, layers=(*self.layers, changed))
        records = (changed if record.layer == changed.layer else record for record in self.layers)
        return replace(self, layers=tuple(records))

    def entry(self, original: Rgba) -> PaletteEntry:
        known = (entry for entry in self.palette if entry.original == original)
        return next(known, PaletteEntry(original, original))

    def with_entry(self, changed: PaletteEntry) -> ShotRecord:
        """With a changed entry; one that says nothing is dropped."""
        others = (entry for entry in self.palette if entry.original != changed.original)
        says = changed.name or changed.color != changed.original
        return replace(self, palette=(*others, changed) if says else tuple(others))

    def palette_given(self, layer: str, shown: Mapping[int, str]) -> tuple[PaletteEntry, ...]:
        """The palette after undo and redo, which bring pictures back but know nothing of this record.

        `shown`: digest of what our layer `layer` has now, by frame number; all its frames, or else one
        that differs from the others would speak for them.

        A colour is what the most frames show it as, if none shows it as recorded any more though their
        takes had it so once. Frames that a replacement leaves alone are not asked. Names stay.
        """
        ours = self.layer(layer)
        kept: set[Rgba] = set()
        others: dict[Rgba, Counter[Rgba]] = {}
        for frame in ours.frames if ours is not None else ():
            entry = frame.find_written(shown.get(frame.time, ""))
            if entry is None or not frame.follows_palette(entry.digest):
                continue
            same_take = [written for written in frame.written if written.take == entry.take]
            for original in {known.original for written in same_take for known in written.colors}:
                recorded, present = self.entry(original).color, entry.color_of(original)
                if present == recorded:
                    kept.add(original)
                elif any(written.color_of(original) == recorded for written in same_take):
                    others.setdefault(original, Counter())[present] += 1
        record = self
        for original in sorted(others.keys() - kept):
            [(color, _)] = others[original].most_common(1)
            record = record.with_entry(replace(self.entry(original), color=color))
        return record.palette


def encode(record: ShotRecord) -> bytes:
    return json.dumps({"format": _FORMAT, "shot": to_json(record)}, sort_keys=True).encode()


def decode(data: bytes) -> ShotRecord:
    """What `encode` wrote; a fresh record for anything else (damage must not keep a shot from opening)."""
    try:
        body = json.loads(data)
        if body["format"] != _FORMAT:
            return ShotRecord()
        return from_json(ShotRecord, body["shot"], "shot")
    except (ValueError, KeyError, TypeError, SchemaError):
        return ShotRecord()
