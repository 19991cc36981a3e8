"""Animate: from the drawing under the playhead to a new layer of drawings, in one undo step."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

from keycel_plugin.error_words import error_words
from keycel_plugin.flow.context import Context
from keycel_plugin.flow.job import Job
from keycel_plugin.flow.place import free_name
from keycel_plugin.flow.read_back import read_back
from keycel_plugin.flow.slices import shown_digest
from keycel_plugin.flow.summary import numbers
from keycel_plugin.host.ports import Place, ShotDocument, StagedLayer
from keycel_plugin.state.animation import TASK
from keycel_plugin.state.progress import Progress
from keycel_plugin.state.records import Choice
from keycel_plugin.words import _, plural
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import JobRequest, OptionValue, PictureAt

FRAMES, EXPOSURE, PROMPT = "frames", "exposure", "prompt"
"""Options that every engine has which animates."""


async def animate(
    document: ShotDocument,
    choice: Choice,
    engine: str,
    options: Mapping[str, OptionValue],
    take: int,
    context: Context,
) -> str:
    """Animate the drawing that is shown at the playhead. Returns what to tell the artist.

    The new drawings come on a layer of their own above the line layer, from the frame of the drawing on;
    the artist's layers stay as they are, and the document is changed at the very end or not at all.

    Args:
        options: of the engine; complete as to `frames` and `exposure`.
        take: 0 for the first answer; each other number gives another animation.
    Raises:
        KeycelError: nothing was delivered, or (OUT_READ_BACK) not unchanged.
    """
    if not str(options.get(PROMPT) or "").strip():
        raise _no_sentence()
    space = _color_space(document, choice)
    drawing, pixels = await _drawing(document, choice.line_layer, space, context.progress)
    step = int(options.get(EXPOSURE) or 1)
    times = [drawing.time + place * step for place in range(int(options.get(FRAMES) or 1))]
    width, height = document.size
    request = JobRequest(
        engine=engine,
        task=TASK,
        width=width,
        height=height,
        drawings=(drawing,),
        keyframes=(),
        targets=tuple(times),
        options=dict(options),
        seed=take,
        redraw=take != 0,
        name=document.name,
    )
    staged = document.stage([(time,) for time in times], space)
    job = Job(context.backend, context.progress, None, _("Drawing"))
    try:
        await _fill(job, request, pixels, staged)
        layer = await _deliver(document, choice.line_layer, staged, context.progress)
        job.acknowledge()
    finally:
        staged.close()
        job.close()
    return _told(document, choice, layer, job)


async def _fill(job: Job, request: JobRequest, pixels: bytes, staged: StagedLayer) -> None:
    async for delivery in job.frames(request, lambda _: pixels):
        await staged.put(delivery.event.time, bytes(delivery.pixels))
    if not job.ready:
        raise KeycelError.from_value(job.failures[0].error)


async def _deliver(document: ShotDocument, line_layer: str, staged: StagedLayer, progress: Progress) -> str:
    """The id of the new layer, checked."""
    progress.deliver(_("Adding the new layer"))
    wanted = dict(staged.digests)
    name = free_name(document.layers(), _("Keycel animation"))
    layer = await document.add_layer(staged, name, line_layer, Place.ABOVE)
    visible = {time: await shown_digest(document.picture_at(layer, time)) and wanted[time] for time in wanted}
    await read_back(document, layer, visible, progress)
    return layer


def _color_space(document: ShotDocument, choice: Choice) -> str:
    """The layer whose colour space the new layer gets.

    Raises:
        KeycelError: DOC_NO_SHOT, or DOC_NO_SUCH_LAYER without a line layer.
    """
    if not document.is_open():
        raise KeycelError(
            ErrorCode.DOC_NO_SHOT,
            _("There is no open document."),
            _("Open the drawing that is to be animated."),
        )
    present = {layer.id for layer in document.layers()}
    if choice.line_layer not in present:
        raise KeycelError(
            ErrorCode.DOC_NO_SUCH_LAYER,
            _("No line layer is chosen."),
            _("Choose the line layer in the Keycel docker."),
        )
    return choice.color_layer if choice.color_layer in present else choice.line_layer


async def _drawing(
    document: ShotDocument, line_layer: str, space: str, progress: Progress
) -> tuple[PictureAt, bytes]:
    """The drawing under the playhead, holds resolved, and its pixels."""
    progress.show(_("Reading the timeline"))
    playhead = document.playhead()
    reader = document.open_reader(line_layer, space)
    try:
        index = bisect_right(reader.times, playhead)
        time = reader.times[index - 1] if index else playhead
        pixels = reader.picture(time) if index else b""
    finally:
        reader.close()
    digest = await shown_digest(pixels)
    if not digest:
        raise KeycelError(
            ErrorCode.DOC_NO_SUCH_FRAME,
            _("There is no drawing at frame {time}.").format(time=playhead),
            _("Move the playhead to a frame on which the line layer has a drawing."),
        )
    return PictureAt(time, digest), pixels


def _no_sentence() -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_BAD_OPTION,
        _("There is no sentence about what happens."),
        _("Say in English what the drawing does, such as “a cat walks to the left”."),
    )


def _told(document: ShotDocument, choice: Choice, layer: str, job: Job) -> str:
    names = {info.id: info.name for info in document.layers()}
    drawings = plural("{count} drawing", "{count} drawings", job.ready)
    sentences = [
        _("{drawings} on the new layer “{layer}”.").format(drawings=drawings, layer=names.get(layer, ""))
    ]
    reasons = {failure.time: error_words(failure.error)[0] for failure in job.failures}
    for why in dict.fromkeys(reasons.values()):
        missing = [time for time, reason in reasons.items() if reason == why]
        sentences.append(_("No drawing at {frames}: {why}").format(frames=numbers(missing), why=why))
    # the artist's drawing is held beneath it
    sentences.append(
        _("Hide “{layer}” to see the new layer alone.").format(layer=names.get(choice.line_layer, ""))
    )
    sentences.append(_("To colour it, choose it as the line layer."))
    return " ".join((*sentences, *document.notes))
