"""Colorize and Spread: every frame that is not protected, in one undo step."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from keycel_plugin.flow.collect import Shot, check_references
from keycel_plugin.flow.context import Context
from keycel_plugin.flow.making import Order, make
from keycel_plugin.flow.memory import ShotMemory
from keycel_plugin.flow.pending import Kind
from keycel_plugin.flow.place import check_can_begin, layer_at_hand
from keycel_plugin.flow.references import add_references, corrected_times
from keycel_plugin.flow.stock import Stock, take_stock
from keycel_plugin.flow.summary import colors_told, protection_told
from keycel_plugin.flow.target import layer_to_fill
from keycel_plugin.host.ports import ShotDocument
from keycel_plugin.state.records import Choice, LayerRecord
from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import PictureAt


async def colorize(
    document: ShotDocument, choice: Choice, times: tuple[int, ...] | None, context: Context
) -> str:
    """Colour the drawings shown at the frame numbers `times` (None: all). Returns what to tell the artist.

    The document is changed at the very end or not at all.

    Raises:
        KeycelError: nothing was delivered, or (OUT_READ_BACK) not unchanged.
    """
    shot = await Shot.open(document, choice.line_layer, choice.color_layer)
    try:
        ours = layer_to_fill(document, ShotMemory(document).record(), choice)
        if ours is None:
            ours = LayerRecord("", choice.line_layer, choice.color_layer)
        else:
            check_can_begin(document, ours.layer)
        await shot.read(context.progress)
        check_references(shot.keyframes, choice)
        meant = () if times is None else tuple(drawing.time for drawing in shot.drawings_at(times))
        frames = frames_of(shot, ours)
        wanted = [time for time in frames if not meant or _drawing_time(shot, time) in meant]
        stock = await take_stock(document, ours, frames, context.progress, wanted)
        if not meant:
            ShotMemory(document).follow_undo(ours.layer, stock.shown)
        order = order_of(Kind.COLORIZE, shot, stock, choice, shot.keyframes, wanted, meant)
        return await fill_order(order, wanted, context)
    finally:
        shot.close()


async def spread(document: ShotDocument, choice: Choice, context: Context) -> str:
    """Colour all frames that are not protected, with edited and accepted ones as references, too.

    Raises:
        KeycelError: as `colorize`; DOC_NOT_OURS if nothing has been coloured yet.
    """
    ours = layer_at_hand(document)
    if ours.has_drawings:
        raise KeycelError(
            ErrorCode.DOC_NOT_OURS,
            _("The layer under review has drawings, no colours."),
            _("Choose it as the line layer and press Colorize first."),
        )
    check_can_begin(document, ours.layer)
    shot = await Shot.open(document, ours.line_layer, ours.color_layer)
    try:
        await shot.read(context.progress)
        stock = await take_stock(document, ours, frames_of(shot, ours), context.progress)
        corrected = corrected_times(stock)
        if not corrected:
            return _("No frame is corrected or accepted yet. Correct or accept one, then press Spread.")
        memory = ShotMemory(document)
        memory.follow_undo(ours.layer, stock.shown)
        keyframes = await add_references(shot, stock, memory, corrected, context.progress)
        wanted = list(stock.drawings)
        return await fill_order(
            order_of(Kind.SPREAD, shot, stock, choice, keyframes, wanted), wanted, context
        )
    finally:
        shot.close()


def frames_of(shot: Shot, ours: LayerRecord) -> dict[int, str]:
    """Digest of the drawing at every frame that needs a keyframe of ours, or has one.

    After retiming the shot a keyframe of ours may lie in the middle of a hold.
    """
    times = {exposure.time for exposure in shot.exposures}
    if ours.layer:
        times.update(shot.document.keyframe_times(ours.layer))
    return shot.digests_at(sorted(times))


def _drawing_time(shot: Shot, time: int) -> int | None:
    drawing = shot.drawing_at(time)
    return drawing.time if drawing is not None else None


def order_of(
    kind: Kind,
    shot: Shot,
    stock: Stock,
    choice: Choice,
    keyframes: Sequence[PictureAt],
    wanted: Collection[int],
    meant: Sequence[int] = (),
) -> Order:
    """What is to be done about the frames `wanted` that are not protected, and about holds beside them."""
    times = [time for time in wanted if stock.drawings[time] and not stock.protected(time)]
    blanks = _blanks(shot, stock, wanted, times)
    return Order(kind, shot, stock, choice, keyframes, times, blanks, meant=meant)


def _blanks(shot: Shot, stock: Stock, wanted: Collection[int], times: Collection[int]) -> list[int]:
    """Frames that need an empty keyframe, since Krita would hold the colours of an earlier drawing there."""
    ours = stock.ours
    if not ours.layer:
        return [time for time in stock.drawings if time not in times]
    present = shot.document.keyframe_times(ours.layer)
    missing = {time for time in stock.drawings if time not in present and not ours.frame(time).written}
    erased = {
        time
        for time in wanted
        if not stock.drawings[time] and stock.shown_at(time) and not stock.protected(time)
    }
    return sorted((missing | erased).difference(times))


async def fill_order(order: Order, wanted: Collection[int], context: Context) -> str:
    """Carries an order out and returns what to tell; raises as `colorize`."""
    left = [time for time in wanted if order.stock.protected(time)]
    if not order.times and not order.blanks:
        return " ".join((_("Nothing to colour."), *protection_told(order.stock, left)))
    return colors_told(order, await make(order, context), left)
