"""What the docker shows of a review, derived from what is recorded and what was seen.

Nothing is read here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from keycel_plugin.flow.keys import keys_around
from keycel_plugin.flow.looks import Looks
from keycel_plugin.flow.memory import Question, Region, question_about
from keycel_plugin.flow.sheet import Sheet
from keycel_plugin.state.records import FrameRecord, PaletteEntry, Rgba, ShotRecord, TakeOrigin
from keycel_plugin.state.review import Cell, Swatch, TakeCard, UnsureRegion
from keycel_shared.states import FrameState

_SMALLEST_SHARE = 1 / 2000
"""Of a painted keyframe: colours on less of it are blends at edges."""


@dataclass(frozen=True)
class TakeFacts:
    """What the engine has reported about a take."""

    guesses: tuple[Region, ...]
    """Its unsure regions, in the engine's order."""
    areas: Mapping[Rgba, int]
    """Pixels of each colour; unpainted regions are left out."""

    @classmethod
    def of(cls, regions: Iterable[Region]) -> TakeFacts:
        found = tuple(regions)
        areas: Counter[Rgba] = Counter()
        for region in found:
            if region.color[3]:
                areas[region.color] += region.area
        return cls(tuple(region for region in found if region.unsure), areas)


_NOTHING = TakeFacts((), {})

Takes = Mapping[str, TakeFacts]
"""By digest; only those that were read already."""


@dataclass(frozen=True)
class Frame:
    """One drawing, as far as it has been seen."""

    start: int
    end: int
    record: FrameRecord
    state: FrameState
    shown: str
    """Digest of what our layer has there."""
    take: str
    """The take shown; of an edited frame, the one that was written last."""
    repainted: frozenset[int] = field(default_factory=frozenset[int])
    """Numbers, from 1, of the guesses that the artist has painted over."""
    painted: bool = False
    """There is a painted keyframe on it."""


def frames_of(sheet: Sheet, looks: Looks) -> list[Frame]:
    """Every drawing that is not known to be blank, ascending.

    What was not looked at yet is taken to be as it was left.
    """
    records = {frame.time: frame for frame in sheet.ours.frames} if sheet.ours is not None else {}
    painted = [time for time in sheet.painted if looks.digest(sheet.color_layer, time)]
    found: list[Frame] = []
    keys = _keys_around(sheet, looks)
    for start, end in sheet.exposures():
        drawing = looks.digest(sheet.line_layer, start)
        if drawing == "":
            continue
        record = records.get(start, FrameRecord(start))
        here = any(start <= time < end for time in painted)
        found.append(_frame(sheet, looks, record, end, (drawing, keys.get(start, "")), here))
    return found


def _keys_around(sheet: Sheet, looks: Looks) -> Mapping[int, str]:
    """Between which key sketches in-betweens lie; nothing until all sketches have been looked at."""
    seen = {time: looks.digest(sheet.sketch_layer, time) for time in sheet.sketches}
    known = {time: digest for time, digest in seen.items() if digest is not None}
    return keys_around(known, sheet.starts) if known and len(known) == len(seen) else {}


def _frame(
    sheet: Sheet, looks: Looks, record: FrameRecord, end: int, of: tuple[str | None, str], painted: bool
) -> Frame:
    """`of`: digest of its drawing, if known, and the key sketches around it."""
    drawing, keys = of
    latest = record.written[-1] if record.written else None
    look = looks.get(sheet.our_layer, record.time)
    shown = look.digest if look is not None else latest.digest if latest is not None else ""
    entry = record.find_written(shown, drawing or "")
    assumed = drawing if drawing is not None else entry.drawing if entry is not None else ""
    take = entry or latest
    return Frame(
        record.time,
        end,
        record,
        record.state_given(shown, assumed, keys),
        shown,
        take.take if take is not None else "",
        look.repainted if look is not None and is_artists(record, shown) else frozenset(),
        painted,
    )


def cells_of(frames: Sequence[Frame], takes: Takes) -> list[Cell]:
    return [
        Cell(
            frame.start,
            frame.end,
            frame.state,
            frame.record.locked,
            _unsure_count(frame, takes),
            len(frame.record.takes),
            frame.record.error,
            frame.painted,
        )
        for frame in frames
    ]


def take_cards(frame: Frame | None) -> list[TakeCard]:
    if frame is None:
        return []
    entry = frame.record.find_written(frame.shown)
    chosen = entry.take if entry is not None else ""
    return [
        TakeCard(take.digest, take.origin, number, take.seed, take.unsure, take.digest == chosen)
        for number, take in enumerate(frame.record.takes, 1)
    ]


class UnsureList:
    """Lists unsure regions; those of frames that have not changed are kept, since there may be thousands."""

    def __init__(self) -> None:
        self._palette: tuple[PaletteEntry, ...] = ()
        self._known: dict[int, tuple[object, list[tuple[Question, UnsureRegion]]]] = {}

    def of(self, frames: Iterable[Frame], takes: Takes, record: ShotRecord) -> list[UnsureRegion]:
        """By frame, each guess once. A region keeps its number while others of its frame are repainted."""
        if record.palette != self._palette:
            self._palette = record.palette
            self._known.clear()
        shown = {entry.original: entry.color for entry in record.palette}
        asked: dict[Question, UnsureRegion] = {}
        also: dict[Question, list[int]] = {}
        for frame in frames:
            state = (frame.take, frame.take in takes, frame.state, frame.repainted)
            if frame.start not in self._known or self._known[frame.start][0] != state:
                self._known[frame.start] = (state, _unsure_regions(frame, takes, shown))
            for question, region in self._known[frame.start][1]:
                if asked.setdefault(question, region).time != frame.start:
                    also.setdefault(question, []).append(frame.start)
        return [
            replace(region, also=tuple(dict.fromkeys(also[question]))) if question in also else region
            for question, region in asked.items()
        ]


def _unsure_regions(
    frame: Frame, takes: Takes, shown: Mapping[Rgba, Rgba]
) -> list[tuple[Question, UnsureRegion]]:
    return [
        (
            question_about(region, frame.take, number),
            UnsureRegion(
                frame.start,
                number,
                region.box,
                shown.get(region.color, region.color),
                region.confidence,
                region.reason,
            ),
        )
        for number, region in _guesses(frame, takes)
    ]


def swatches(sheet: Sheet, frames: Sequence[Frame], takes: Takes, looks: Looks, current: int) -> list[Swatch]:
    """Colours of painted keyframes and of coloured frames, the ones on most frames first."""
    record = sheet.record
    originals = _keyframe_colors(sheet, looks)
    originals.update(color for facts in takes.values() for color in facts.areas)
    originals.update(entry.original for entry in record.palette)
    on_frames: Counter[Rgba] = Counter()
    in_all: Counter[Rgba] = Counter()
    here: Mapping[Rgba, int] = {}
    for frame in frames:
        counts = _counts(frame, sheet, takes, looks)
        on_frames.update(color for color, count in counts.items() if count)
        in_all.update(counts)
        if frame.start == current:
            here = counts
    ordered = sorted(originals, key=lambda color: (-on_frames[color], -in_all[color], color))
    entries = ((color, record.entry(color)) for color in ordered)
    return [
        Swatch(color, entry.color, entry.name, on_frames[color], here.get(color, 0))
        for color, entry in entries
    ]


def _guesses(frame: Frame, takes: Takes) -> list[tuple[int, Region]]:
    """What is still to be looked at, numbered from 1; nothing once the artist has accepted the frame."""
    if frame.state not in (FrameState.PROPOSED, FrameState.STALE, FrameState.EDITED):
        return []
    numbered = enumerate(takes.get(frame.take, _NOTHING).guesses, 1)
    return [(number, region) for number, region in numbered if number not in frame.repainted]


def _unsure_count(frame: Frame, takes: Takes) -> int:
    if frame.take in takes:
        return len(_guesses(frame, takes))
    take = frame.record.find_take(frame.take)
    return take.unsure if take is not None and frame.state in (FrameState.PROPOSED, FrameState.STALE) else 0


def _counts(frame: Frame, sheet: Sheet, takes: Takes, looks: Looks) -> Mapping[Rgba, int]:
    """Pixels of each original colour on a frame; what the artist has painted counts as it looks."""
    if frame.state in (FrameState.EMPTY, FrameState.FAILED):
        return {}
    look = looks.get(sheet.our_layer, frame.start)
    if look is None or not is_artists(frame.record, frame.shown):
        return takes.get(frame.take, _NOTHING).areas
    originals = {entry.color: entry.original for entry in sheet.record.palette}
    counts: Counter[Rgba] = Counter()
    for color, count in look.colors.items():
        counts[originals.get(color, color)] += count
    return counts


def _keyframe_colors(sheet: Sheet, looks: Looks) -> set[Rgba]:
    found: set[Rgba] = set()
    for time in sheet.painted:
        look = looks.get(sheet.color_layer, time)
        if look is not None:
            least = sum(look.colors.values()) * _SMALLEST_SHARE
            found.update(color for color, count in look.colors.items() if count >= least and color[3] == 255)
    return found


def is_artists(record: FrameRecord, shown: str) -> bool:
    """True if what a frame shows is no take of the engine."""
    entry = record.find_written(shown)
    take = record.find_take(entry.take) if entry is not None else None
    return take is None or take.origin is TakeOrigin.ARTIST
