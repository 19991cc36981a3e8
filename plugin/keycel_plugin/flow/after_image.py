"""Colour a drawing after an image: the way to the first painted keyframe, as a proposal on our own layer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from keycel_plugin.flow.collect import Shot
from keycel_plugin.flow.colorize import fill_order, frames_of, order_of
from keycel_plugin.flow.context import Context
from keycel_plugin.flow.image_file import read_image
from keycel_plugin.flow.memory import ShotMemory
from keycel_plugin.flow.pending import Kind
from keycel_plugin.flow.place import check_can_begin, check_unlocked
from keycel_plugin.flow.references import read_masks, read_reference
from keycel_plugin.flow.slices import digest_in_slices
from keycel_plugin.flow.stock import take_stock
from keycel_plugin.flow.target import layer_to_fill
from keycel_plugin.host.ports import ShotDocument
from keycel_plugin.state.records import Choice, LayerRecord
from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, KeycelError


async def color_after_image(
    document: ShotDocument, times: tuple[int, ...], path: Path | None, choice: Choice, context: Context
) -> str:
    """Colour the drawings shown at `times` (empty: at the playhead). Returns what to tell the artist.

    No keyframe is needed. Accepted, the result is a reference for Spread. Once more is another take.

    Args:
        path: of the image; None for the picture on the reference layer of `choice`.
        choice: its engine is one that colours after images; empty where the backend has none.
    Raises:
        KeycelError: REG_NO_ENGINE, DOC_UNREADABLE_PICTURE, DOC_NO_SUCH_LAYER, DOC_FRAME_LOCKED; else as
            `colorize`.
    """
    if not choice.engine:
        raise KeycelError(
            ErrorCode.REG_NO_ENGINE,
            _("The backend has no engine that colours after an image."),
            _("Update Keycel's backend."),
        )
    shot = await Shot.open(document, choice.line_layer, choice.color_layer)
    try:
        ours = layer_to_fill(document, ShotMemory(document).record(), choice)
        if ours is None:
            ours = LayerRecord("", choice.line_layer, choice.color_layer)
        else:
            check_can_begin(document, ours.layer)
        await shot.read(context.progress)
        meant = [drawing.time for drawing in shot.drawings_at(times or (document.playhead(),))]
        check_unlocked(ours, meant)
        reference = await (_on_layer(shot, choice) if path is None else _in_file(shot, path))
        masks = await read_masks(shot, choice.mask_layer, meant)
        stock = await take_stock(document, ours, frames_of(shot, ours), context.progress, meant)
        if ours.layer:
            ShotMemory(document).follow_undo(ours.layer, stock.shown)
        order = order_of(Kind.AFTER_IMAGE, shot, stock, choice, (), meant, meant)
        known = [ours.frame(time) for time in meant if ours.frame(time).takes]
        seed = max((frame.next_seed() for frame in known), default=0)
        order = replace(order, image=str(path or ""), reference=reference, masks=masks, seed=seed)
        return await fill_order(order, meant, context)
    finally:
        shot.close()


async def _in_file(shot: Shot, path: Path) -> str:
    """Digest of the image, stretched to the canvas, to be had from `shot` afterwards."""
    pixels = read_image(path, shot.size)
    digest = await digest_in_slices(pixels)
    shot.add_picture(digest, lambda: pixels)
    return digest


async def _on_layer(shot: Shot, choice: Choice) -> str:
    """Digest of the reference layer's picture, to be had from `shot` afterwards."""
    if not choice.reference_layer:
        raise KeycelError(
            ErrorCode.DOC_NO_SUCH_LAYER,
            _("No reference layer is chosen."),
            _("Choose the layer with the image as “Reference”, or colour after an image in a file."),
        )
    return await read_reference(shot, choice.reference_layer)
