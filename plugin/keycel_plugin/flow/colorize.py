"""Colorize: every drawing of the shot, into a new layer, in one undo step."""

from __future__ import annotations

from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.collect import Shot, Source
from keycel_plugin.flow.delivery import check_fits, free_name, read_back
from keycel_plugin.flow.job import Job
from keycel_plugin.host.ports import OurLayer, StagedLayer
from keycel_plugin.state.progress import Progress
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import JobRequest

ENGINE = "flat"


async def colorize(source: Source, backend: Backend, progress: Progress) -> str:
    """Returns what to tell the artist.

    The document is changed at the very end or not at all.

    Raises:
        KeycelError: nothing was delivered, or (OUT_READ_BACK) not unchanged.
    """
    shot = Shot(source)
    try:
        await shot.read(progress)
        job = Job(backend, progress)
        try:
            return await _run(shot, job, progress)
        finally:
            job.close()
    finally:
        shot.close()


async def _run(shot: Shot, job: Job, progress: Progress) -> str:
    staged: StagedLayer | None = None
    try:
        async for delivery in job.frames(request_for(shot), shot.picture):
            check_fits(shot, len(delivery.pixels))
            if staged is None:
                staged = shot.source.document.stage(shot.cels(), shot.source.color_layer)
            await staged.put(delivery.event.time, bytes(delivery.pixels))
        if staged is None:
            raise nothing_came(job)
        await _deliver(shot, staged, progress)
        job.acknowledge()
    finally:
        if staged is not None:
            staged.close()
    return _summary(shot, job)


def request_for(shot: Shot) -> JobRequest:
    width, height = shot.size
    return JobRequest(
        engine=ENGINE,
        task="colorize",
        width=width,
        height=height,
        drawings=tuple(shot.drawings),
        keyframes=tuple(shot.keyframes),
        targets=tuple(times[0] for times in shot.starts().values()),
        name=shot.source.document.name,
    )


async def _deliver(shot: Shot, staged: StagedLayer, progress: Progress) -> None:
    progress.deliver("Adding the new layer")
    source = shot.source
    check_fits(shot, shot.size[0] * shot.size[1] * 4)
    layer = await source.document.add_layer(staged, free_name(source.document.layers()), source.line_layer)
    source.document.remember(OurLayer(layer, source.line_layer, source.color_layer))
    await read_back(source.document, staged, layer, sorted(staged.digests), progress)


def nothing_came(job: Job) -> KeycelError:
    if job.failures:
        return KeycelError.from_value(job.failures[0].error)
    return KeycelError(
        ErrorCode.RUN_FAILED,
        "The engine brought no frames.",
        "Press Colorize again; if nothing comes again, look at the backend's log with `keycel doctor`.",
    )


def _summary(shot: Shot, job: Job) -> str:
    words = f"{_count(job.ready, 'drawing')} coloured."
    if job.failures:
        times = ", ".join(str(failure.time) for failure in job.failures)
        words += f" Left empty: frame {times} ({job.failures[0].error.title})"
    if job.unsure:
        words += f" {_count(job.unsure, 'frame')} with unsure colours: please look."
    # Painted keyframes are held until the next one, so they show through where nothing is coloured.
    return f"{words} Hide “{shot.color_layer_name}” to see the new layer alone."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
