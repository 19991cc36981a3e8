"""Regenerate: new takes of the selected frames only, in one undo step; no other frame changes."""

from __future__ import annotations

from collections.abc import Sequence

from keycel_plugin.flow.collect import Shot
from keycel_plugin.flow.colorize import frames_of
from keycel_plugin.flow.context import Context
from keycel_plugin.flow.making import Order, make
from keycel_plugin.flow.memory import ShotMemory
from keycel_plugin.flow.pending import Kind
from keycel_plugin.flow.place import check_can_begin, check_unlocked, layer_at_hand
from keycel_plugin.flow.redraw import redraw
from keycel_plugin.flow.references import add_references, corrected_times
from keycel_plugin.flow.stock import Stock, take_stock
from keycel_plugin.flow.summary import numbers, takes_told
from keycel_plugin.host.ports import ShotDocument
from keycel_plugin.state.question import Question
from keycel_plugin.state.records import Choice
from keycel_plugin.words import _


async def regenerate(document: ShotDocument, times: tuple[int, ...], choice: Choice, context: Context) -> str:
    """Colour the drawings shown at `times` (empty: at the playhead) with a seed that none of them had.

    On a layer with an animation of ours the drawings themselves are made anew (`redraw`).

    Painted keyframes and corrected frames are the references. The artist is asked before frames that
    they have edited or accepted are replaced; their version is kept as a take. Returns what to tell.

    Raises:
        KeycelError: DOC_FRAME_LOCKED, DOC_NOT_OURS, DOC_NO_SUCH_FRAME; else as `colorize`.
    """
    ours = layer_at_hand(document)
    if ours.has_drawings:
        return await redraw(document, ours, times, context)
    check_can_begin(document, ours.layer)
    shot = await Shot.open(document, ours.line_layer, ours.color_layer)
    try:
        asked = times or (document.playhead(),)
        await shot.read(context.progress)
        meant = [drawing.time for drawing in shot.drawings_at(asked)]
        check_unlocked(ours, meant)
        stock = await take_stock(document, ours, frames_of(shot, ours), context.progress)
        memory = ShotMemory(document)
        memory.follow_undo(ours.layer, stock.shown)
        refused = await _refused(stock, meant, context.question)
        wanted = [time for time in meant if time not in refused]
        if not wanted:
            return _("Nothing was changed.")
        corrected = corrected_times(stock, without=wanted)
        order = Order(
            Kind.REGENERATE,
            shot,
            stock,
            choice,
            await add_references(shot, stock, memory, corrected, context.progress),
            wanted,
            permitted=[time for time in wanted if stock.protected(time)],
            seed=max(ours.frame(time).next_seed() for time in wanted),
            meant=wanted,
        )
        return takes_told(order, await make(order, context), refused)
    finally:
        shot.close()


async def _refused(stock: Stock, times: Sequence[int], question: Question) -> list[int]:
    """Frames that the artist wants to keep after all."""
    protected = [time for time in times if stock.protected(time)]
    if not protected:
        return []
    agreed = await question.ask(
        _(
            "You have edited or accepted the colours at {frames}. Make new ones? Yours are kept as a take."
        ).format(frames=numbers(protected)),
        _("Regenerate"),
        _("Keep them"),
    )
    return [] if agreed else protected
