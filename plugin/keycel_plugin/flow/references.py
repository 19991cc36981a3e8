"""Which frames show the engine the right colours: painted keyframes, and what the artist stands by."""

from __future__ import annotations

import zlib
from collections.abc import Collection
from functools import partial

from keycel_plugin.flow.collect import Shot
from keycel_plugin.flow.drawings import picture_held
from keycel_plugin.flow.memory import ShotMemory
from keycel_plugin.flow.recolor import in_original_colors
from keycel_plugin.flow.slices import digest_in_slices, packed, shown_digest
from keycel_plugin.flow.stock import Stock
from keycel_plugin.state.progress import Progress
from keycel_plugin.state.records import PaletteEntry, Rgba, TakeOrigin
from keycel_plugin.tasks import pause
from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import PictureAt
from keycel_shared.states import FrameState


def corrected_times(stock: Stock, without: Collection[int] = ()) -> list[int]:
    """Frames of our layer that count as references, ascending: edited and accepted ones."""
    return [
        time
        for time in sorted(stock.drawings)
        if time not in without
        and stock.drawings[time]
        and stock.shown_at(time)
        and stock.state(time) in (FrameState.EDITED, FrameState.ACCEPTED)
    ]


async def add_references(
    shot: Shot, stock: Stock, memory: ShotMemory, times: Collection[int], progress: Progress
) -> list[PictureAt]:
    """All references of the shot, ascending: ours at `times`, and painted keyframes of other drawings.

    Their pictures can be had from `shot` afterwards; they are kept compressed until then.
    """
    ours: list[PictureAt] = []
    for number, time in enumerate(times):
        progress.show(_("Reading corrected frames"), number, len(times))
        pixels = await _in_engines_colors(
            stock, memory, time, await shot.document.picture_at(stock.ours.layer, time)
        )
        digest = await digest_in_slices(pixels)
        shot.add_picture(digest, partial(zlib.decompress, await packed(pixels)))
        ours.append(PictureAt(time, digest))
    corrected = {stock.drawings[time] for time in times}
    painted = [
        keyframe
        for keyframe in shot.keyframes
        if (drawing := shot.drawing_at(keyframe.time)) is not None and drawing.digest not in corrected
    ]
    return sorted((*painted, *ours), key=lambda picture: picture.time)


async def read_reference(shot: Shot, layer: str) -> str:
    """Digest of the reference layer's first picture, to be had from `shot` afterwards; empty for none.

    Raises:
        KeycelError: DOC_NO_SUCH_LAYER; DOC_NO_KEYFRAME if there is nothing on the layer.
    """
    if not layer:
        return ""
    reader = await shot.document.open_reader(layer, shot.color_layer)
    try:
        for time in reader.times:
            await pause()
            pixels = reader.picture(time)
            digest = await shown_digest(pixels)
            if digest:
                shot.add_picture(digest, partial(zlib.decompress, await packed(pixels)))
                return digest
    finally:
        reader.close()
    raise KeycelError(
        ErrorCode.DOC_NO_KEYFRAME,
        _("The reference layer is empty."),
        _("Put a picture of the character on it, or choose no reference layer."),
    )


async def read_masks(shot: Shot, layer: str, times: Collection[int]) -> tuple[PictureAt, ...]:
    """What is painted on the mask layer at `times`, holds resolved; to be had from `shot` afterwards.

    Where nothing is painted there is no mask: the engine tells the figure itself.

    Raises:
        KeycelError: DOC_NO_SUCH_LAYER.
    """
    if not layer:
        return ()
    found: list[PictureAt] = []
    reader = await shot.document.open_reader(layer, shot.color_layer)
    try:
        for time in sorted(times):
            await pause()
            pixels = picture_held(reader, time)
            digest = await shown_digest(pixels)
            if digest:
                shot.add_picture(digest, partial(zlib.decompress, await packed(pixels)))
                found.append(PictureAt(time, digest))
    finally:
        reader.close()
    return tuple(found)


async def _in_engines_colors(stock: Stock, memory: ShotMemory, time: int, shown: bytes) -> bytes:
    """A frame as if no colour had been replaced, since painted keyframes have the original ones, too."""
    palette = memory.record().palette
    frame = stock.ours.frame(time)
    entry = frame.find_written(stock.shown_at(time), stock.drawings[time])
    take = frame.find_take(entry.take) if entry is not None else None
    if take is not None and take.origin is TakeOrigin.ENGINE:
        pixels = await memory.take_pixels(take.digest)
        if pixels:
            return pixels
    latest = next((known for known in reversed(frame.takes) if known.origin is TakeOrigin.ENGINE), None)
    regions = memory.regions(latest.digest) if latest is not None else ()
    used = {region.color for region in regions}
    replaced = {entry.original for entry in palette if entry.color != entry.original}
    return await in_original_colors(
        shown, [entry for entry in palette if _was_replaced(entry, used, replaced)]
    )


def _was_replaced(
    entry: PaletteEntry,
    used: Collection[Rgba],
    replaced: Collection[Rgba],
) -> bool:
    """True if where `entry.color` is seen, `entry.original` is meant.

    Not if the engine has used that very colour in the frame, and it still shows as itself: two colours
    were made one, and this is the one that was there before.
    """
    return entry.color in replaced or entry.color not in used
