"""What the artist decides about frames: accepted, locked, where to look next; and what is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from keycel_plugin.flow.drawings import drawing_digest, open_drawings
from keycel_plugin.flow.keys import keys_now
from keycel_plugin.flow.memory import ShotMemory
from keycel_plugin.flow.place import layer_at_hand
from keycel_plugin.flow.slices import shown_digest
from keycel_plugin.host.ports import ShotDocument
from keycel_plugin.state.records import Choice, FrameRecord, LayerRecord, Take, TakeOrigin, Written
from keycel_plugin.state.review import Review
from keycel_plugin.tasks import pause
from keycel_plugin.words import _, plural
from keycel_shared.states import FrameState

_ACCEPTABLE = (FrameState.PROPOSED, FrameState.EDITED, FrameState.STALE)


async def accept(document: ShotDocument, times: Sequence[int]) -> str:
    """Accept the colours that frames have now; if all are accepted already, take that back.

    Frames without colours are left out. What the artist has painted is kept as a take of theirs. Returns
    what to tell.

    Raises:
        KeycelError: DOC_NO_SHOT, or DOC_NOT_OURS if nothing has been coloured.
    """
    ours = layer_at_hand(document)
    looks = await _look(document, ours, times)
    accepted = [look for look in looks if look.state is FrameState.ACCEPTED]
    acceptable = [look for look in looks if look.state in _ACCEPTABLE and look.shown]
    if accepted and not acceptable:
        present = ShotMemory(document).record().layer(ours.layer) or ours
        _change_frames(document, ours, [replace(present.frame(look.time), accepted="") for look in accepted])
        return plural(
            "{count} frame is a proposal again.", "{count} frames are proposals again.", len(accepted)
        )
    if not acceptable:
        return _("There are no colours to accept there.")
    kept = [look for look in acceptable if await _kept(document, ours, look)]
    present = ShotMemory(document).record().layer(ours.layer) or ours
    _change_frames(document, ours, [_accepted(present.frame(look.time), look) for look in kept])
    return plural("{count} frame accepted.", "{count} frames accepted.", len(kept))


async def lock(document: ShotDocument, times: Sequence[int]) -> str:
    """Lock frames; if all of them are locked already, unlock them. Returns what to tell.

    Raises:
        KeycelError: DOC_NO_SHOT, or DOC_NOT_OURS if nothing has been coloured.
    """
    ours = layer_at_hand(document)
    frames = [ours.frame(time) for time in times]
    locked = not all(frame.locked for frame in frames)
    _change_frames(document, ours, [replace(frame, locked=locked) for frame in frames])
    if locked:
        return plural("{count} frame locked.", "{count} frames locked.", len(frames))
    return plural("{count} frame unlocked.", "{count} frames unlocked.", len(frames))


def next_unsure(review: Review, direction: int) -> int | None:
    """Time of the next (1) or previous (-1) drawing with unsure regions, around the end; None if none has."""
    times = sorted(cell.time for cell in review.cells if cell.unsure)
    if not times:
        return None
    if direction > 0:
        return next((time for time in times if time > review.current), times[0])
    return next((time for time in reversed(times) if time < review.current), times[-1])


def set_choice(document: ShotDocument, choice: Choice) -> None:
    """Remember in the document what the artist has chosen."""
    memory = ShotMemory(document)
    memory.save(replace(memory.record(), choice=choice), by_artist=True)


@dataclass(frozen=True)
class _Look:
    """A frame as it is now."""

    time: int
    shown: str
    drawing: str
    keys: str
    """Of an in-between, the key sketches around it."""
    state: FrameState
    written: Written | None


async def _look(document: ShotDocument, ours: LayerRecord, times: Sequence[int]) -> list[_Look]:
    looks: list[_Look] = []
    around = await keys_now(document, ShotMemory(document).record().drawn(ours.line_layer), times)
    lines = await open_drawings(document, ours)
    try:
        for time in times:
            await pause()
            frame = ours.frame(time)
            shown = await shown_digest(await document.picture_at(ours.layer, time))
            written = frame.find_written(shown)
            if lines is not None:
                drawing = await drawing_digest(lines, time)
                written = frame.find_written(shown, drawing)
            else:
                drawing = written.drawing if written is not None else ""
            keys = around.get(time, "")
            state = frame.state_given(shown, drawing, keys)
            looks.append(_Look(time, shown, drawing, keys, state, written))
    finally:
        if lines is not None:
            lines.close()
    return looks


async def _kept(document: ShotDocument, ours: LayerRecord, look: _Look) -> bool:
    """Keep what the artist has painted; False if they are painting on just now."""
    if look.written is not None:
        return True
    pixels = await document.picture_at(ours.layer, look.time)
    if await shown_digest(pixels) != look.shown:
        return False
    await ShotMemory(document).keep_take(look.shown, pixels, {})
    return True


def _accepted(frame: FrameRecord, look: _Look) -> FrameRecord:
    """Also for a stale frame: the artist says that it suits the changed drawing, or the changed sketches."""
    if look.written is None:
        entry, take = Written(look.shown, look.drawing, look.shown), Take(look.shown, TakeOrigin.ARTIST)
    else:
        entry, take = replace(look.written, drawing=look.drawing, keys=look.keys), None
    return replace(frame.with_written(entry, take), accepted=look.shown)


def _change_frames(document: ShotDocument, ours: LayerRecord, frames: Sequence[FrameRecord]) -> None:
    memory = ShotMemory(document)
    record = memory.record()
    layer = record.layer(ours.layer) or ours
    memory.save(record.with_layer(layer.with_frames(frames)), by_artist=True)
