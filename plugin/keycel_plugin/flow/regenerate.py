"""Regenerate: one drawing anew, into our own layer, in one undo step; no other frame changes."""

from __future__ import annotations

from dataclasses import replace

from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.collect import Shot, Source
from keycel_plugin.flow.colorize import nothing_came, request_for
from keycel_plugin.flow.delivery import check_fits, read_back
from keycel_plugin.flow.job import Job
from keycel_plugin.host.ports import OurLayer, ShotDocument
from keycel_plugin.state.progress import Progress
from keycel_shared.errors import ErrorCode, KeycelError


async def regenerate(document: ShotDocument, backend: Backend, progress: Progress) -> str:
    """Colour the drawing under the playhead once more, with another seed. Returns what to tell.

    Raises:
        KeycelError: nothing was delivered, or (OUT_READ_BACK) not unchanged.
    """
    ours = chosen_layer(document)
    document.check_writable(ours.layer)
    shot = Shot(Source(document, ours.line_layer, ours.color_layer))
    try:
        playhead = document.playhead()
        await shot.read(progress)
        drawing = shot.drawing_at(playhead)
        job = Job(backend, progress)
        try:
            await _run(shot, ours, drawing.time, drawing.digest, job, progress)
        finally:
            job.close()
    finally:
        shot.close()
    return f"Frame {drawing.time} coloured anew. Undo brings the previous colours back."


def chosen_layer(document: ShotDocument) -> OurLayer:
    """Our layer that is active, else our newest.

    Raises:
        KeycelError: DOC_NO_SHOT, or DOC_NOT_OURS if there is no layer of ours.
    """
    if not document.is_open():
        raise KeycelError(
            ErrorCode.DOC_NO_SHOT,
            "There is no open document.",
            "Open the animation and press Colorize first.",
        )
    layers = document.our_layers()
    active = document.active_layer()
    for ours in (*(layer for layer in layers if layer.layer == active), *reversed(layers)):
        return ours
    raise KeycelError(
        ErrorCode.DOC_NOT_OURS,
        "This document has no layer made by Keycel.",
        "Press Colorize first; then regenerate frames of the new layer.",
    )


async def _run(shot: Shot, ours: OurLayer, time: int, digest: str, job: Job, progress: Progress) -> None:
    document = shot.source.document
    take = ours.next_take(time)
    # The engine knows a drawing by its first frame number, also when it comes back later.
    target = shot.starts()[digest][0]
    request = replace(request_for(shot), targets=(target,), redraw=True, seed=take)
    staged = document.stage([(time,)], ours.color_layer)
    try:
        async for delivery in job.frames(request, shot.picture):
            check_fits(shot, len(delivery.pixels))
            await staged.put(time, bytes(delivery.pixels))
        if not staged.digests:
            raise nothing_came(job)
        progress.deliver("Replacing the frame")
        await document.replace_frames(staged, ours.layer, [time])
        document.remember(ours.with_take(time, take))
        await read_back(document, staged, ours.layer, [time], progress)
        job.acknowledge()
    finally:
        staged.close()
