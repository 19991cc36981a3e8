"""Choosing among the takes of a frame: no backend is needed, the document remembers their pixels."""

from __future__ import annotations

from keycel_plugin.flow.context import Context
from keycel_plugin.flow.memory import ShotMemory
from keycel_plugin.flow.place import check_can_begin, check_unlocked, layer_at_hand
from keycel_plugin.flow.stock import take_stock
from keycel_plugin.flow.writing import Writing
from keycel_plugin.host.ports import ShotDocument
from keycel_plugin.state.records import FrameRecord, TakeOrigin
from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, KeycelError


async def choose_take(document: ShotDocument, time: int, digest: str, context: Context) -> str:
    """Put a take of the frame at `time` into our layer, in one undo step. Returns what to tell.

    If the artist has edited the frame since, their version becomes a take first.

    Raises:
        KeycelError: DOC_FRAME_LOCKED, DOC_TAKE_LOST; DOC_* if the layer cannot be written.
    """
    ours = layer_at_hand(document)
    check_can_begin(document, ours.layer)
    check_unlocked(ours, [time])
    frame = ours.frame(time)
    take = frame.find_take(digest)
    memory = ShotMemory(document)
    pixels = await memory.take_pixels(digest)
    if take is None or not pixels:
        raise KeycelError(
            ErrorCode.DOC_TAKE_LOST,
            _("This take is not in the document any more."),
            _("Press Regenerate for a new one."),
            digest,
        )
    stock = await take_stock(document, ours, {time: _drawing_of(frame, digest)}, context.progress)
    writing = Writing(document, stock, [(time,)], permitted=[time], palette=() if ours.has_drawings else None)
    try:
        await writing.put((time,), take, pixels, {})
        outcome = await writing.finish(context.progress)
    finally:
        writing.close()
    if outcome.left_out:
        return _("Frame {time} was changed meanwhile, so it was left as it is.").format(time=time)
    if outcome.same:
        return _("Frame {time} has this take already.").format(time=time)
    if take.origin is TakeOrigin.ARTIST:
        return _("Frame {time} has your version again.").format(time=time)
    number = frame.takes.index(take) + 1
    return _("Frame {time} has take {number} now.").format(time=time, number=number)


def _drawing_of(frame: FrameRecord, take: str) -> str:
    """The drawing that the take was made for; if the lines have changed since, the frame is stale."""
    return next((entry.drawing for entry in reversed(frame.written) if entry.take == take), "")
