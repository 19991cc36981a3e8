"""Replacing and renaming colours of the shot. Nothing is inferred anew: a region stays the same region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from keycel_plugin.flow.context import Context
from keycel_plugin.flow.memory import ShotMemory
from keycel_plugin.flow.place import check_can_begin, is_locked
from keycel_plugin.flow.recolor import count_pixels
from keycel_plugin.flow.stock import Stock, take_stock
from keycel_plugin.flow.summary import numbers, protection_told
from keycel_plugin.flow.target import layer_under_review
from keycel_plugin.flow.writing import Writing
from keycel_plugin.host.ports import ShotDocument
from keycel_plugin.state.progress import Progress
from keycel_plugin.state.records import (
    FrameRecord,
    LayerRecord,
    PaletteEntry,
    Rgba,
    ShotRecord,
    Take,
    TakeOrigin,
)
from keycel_plugin.tasks import pause
from keycel_plugin.words import _, plural


def rename_color(document: ShotDocument, original: Rgba, name: str) -> None:
    """Give the colour that the engine knows as `original` a name; an empty one takes it away."""
    memory = ShotMemory(document)
    record = memory.record()
    memory.save(record.with_entry(replace(record.entry(original), name=name)), by_artist=True)


async def replace_color(document: ShotDocument, original: Rgba, color: Rgba, context: Context) -> str:
    """From now on show `color` wherever the engine has put `original`. Returns what to tell.

    Every frame that is not protected is rewritten from its take, in one undo step per layer of ours.
    Accepted, edited and locked frames keep their colours.

    Raises:
        KeycelError: nothing was changed, or (OUT_READ_BACK) it did not arrive unchanged.
    """
    memory = ShotMemory(document)
    layers = _layers_to_change(document, memory.record())
    sentences: list[str] = []
    changed = 0
    for ours in layers:
        plan = await _plan(document, ours, original, context.progress)
        if ours is layers[0]:
            memory.follow_undo(ours.layer, plan.stock.shown)
        palette = _with_color(memory.record(), original, color).palette
        count, lost = await _rewrite(document, plan, palette, context.progress)
        changed += count
        sentences += protection_told(plan.stock, plan.left)
        if lost:
            told = _("No take is left of {frames}: press Regenerate there.")
            sentences.append(told.format(frames=numbers(lost)))
    memory.save(_with_color(memory.record(), original, color), by_artist=True)
    told = plural("{count} frame has the new colour.", "{count} frames have the new colour.", changed)
    return " ".join((told, *sentences))


@dataclass(frozen=True)
class _Plan:
    stock: Stock
    takes: Mapping[str, tuple[int, ...]]
    """Takes with the colour, and the frames to rewrite from each."""
    left: tuple[int, ...]
    """Protected frames with the colour."""


def _with_color(record: ShotRecord, original: Rgba, color: Rgba) -> ShotRecord:
    return record.with_entry(replace(record.entry(original), color=color))


def _layers_to_change(document: ShotDocument, record: ShotRecord) -> list[LayerRecord]:
    """Our layers with colours, the one under review first. An older locked one is left as it is.

    Raises:
        KeycelError: DOC_LAYER_LOCKED if the layer under review is.
    """
    first = layer_under_review(document, record)
    if first is None:
        return []
    present = set(document.our_layers())
    colored = [ours for ours in record.layers if ours.layer in present and not ours.has_drawings]
    others = [ours for ours in colored if ours.layer != first.layer and not is_locked(document, ours.layer)]
    if first.has_drawings:
        return others
    check_can_begin(document, first.layer)
    return [first, *others]


async def _plan(document: ShotDocument, ours: LayerRecord, original: Rgba, progress: Progress) -> _Plan:
    stock = await _stock_as_recorded(document, ours, progress)
    memory = ShotMemory(document)
    has_color: dict[str, bool] = {}
    takes: dict[str, list[int]] = {}
    left: list[int] = []
    for time, shown in stock.shown.items():
        take = _take_shown(ours.frame(time), shown)
        if take is None:
            continue
        if take.digest not in has_color:
            has_color[take.digest] = await _has_color(memory, take.digest, original)
        if not has_color[take.digest]:
            continue
        if stock.protected(time):
            left.append(time)
        else:
            takes.setdefault(take.digest, []).append(time)
    return _Plan(stock, {take: tuple(times) for take, times in takes.items()}, tuple(left))


async def _stock_as_recorded(document: ShotDocument, ours: LayerRecord, progress: Progress) -> Stock:
    """What the layer has, each picture with the drawing that it was made for.

    So a stale frame stays stale, and one accepted before its lines changed is left as accepted.
    """
    times = {frame.time: "" for frame in ours.frames if frame.written}
    stock = await take_stock(document, ours, times, progress)
    drawings: dict[int, str] = {}
    for time, shown in stock.shown.items():
        entry = ours.frame(time).find_written(shown)
        drawings[time] = entry.drawing if entry is not None else ""
    return replace(stock, drawings=drawings)


def _take_shown(frame: FrameRecord, shown: str) -> Take | None:
    """The engine's take that the layer has there; None for anything of the artist's."""
    entry = frame.find_written(shown)
    take = frame.find_take(entry.take) if entry is not None else None
    return take if take is not None and take.origin is TakeOrigin.ENGINE else None


async def _has_color(memory: ShotMemory, take: str, color: Rgba) -> bool:
    await pause()
    regions = memory.regions(take)
    if regions:
        return any(region.color == color for region in regions)
    return count_pixels(await memory.take_pixels(take), color) > 0


async def _rewrite(
    document: ShotDocument, plan: _Plan, palette: tuple[PaletteEntry, ...], progress: Progress
) -> tuple[int, list[int]]:
    """Returns how many frames have changed, and those whose take the document has lost."""
    if not plan.takes:
        return 0, []
    memory = ShotMemory(document)
    lost: list[int] = []
    writing = Writing(document, plan.stock, list(plan.takes.values()), palette=palette)
    try:
        for number, (digest, times) in enumerate(plan.takes.items()):
            progress.show(_("Replacing the colour"), number, len(plan.takes))
            take = plan.stock.ours.frame(times[0]).find_take(digest)
            pixels = await memory.take_pixels(digest)
            if take is not None and pixels:
                await writing.put(times, take, pixels, {})
            else:
                lost += times
        outcome = await writing.finish(progress)
    finally:
        writing.close()
    return len(outcome.written), lost
