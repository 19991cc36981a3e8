"""Animate: from the drawing under the playhead to a new layer of drawings, in one undo step."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from keycel_plugin.error_words import error_words
from keycel_plugin.flow.animation_writing import AnimationWriting
from keycel_plugin.flow.context import Context
from keycel_plugin.flow.job import Job
from keycel_plugin.flow.pending import Kind, Pending
from keycel_plugin.flow.slices import shown_digest
from keycel_plugin.flow.stock import Stock
from keycel_plugin.flow.summary import numbers
from keycel_plugin.host.ports import ShotDocument
from keycel_plugin.state.animation import TASK
from keycel_plugin.state.progress import Progress
from keycel_plugin.state.records import AnimationRecord, Choice, LayerRecord, Take, TakeOrigin
from keycel_plugin.words import _, plural
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import JobRequest, OptionValue, PictureAt

PROMPT = "prompt"
"""An option that every engine has which animates, as `frames` and `exposure`."""


async def animate(
    document: ShotDocument,
    choice: Choice,
    engine: str,
    options: Mapping[str, OptionValue],
    take: int,
    context: Context,
    time: int | None = None,
) -> str:
    """Animate the drawing that is shown at the playhead. Returns what to tell the artist.

    The new drawings come on a layer of their own above the line layer, from the frame of the drawing on;
    the artist's layers stay as they are, and the document is changed at the very end or not at all. Each
    drawing is a proposal that can be reviewed.

    Args:
        options: of the engine; complete as to `frames` and `exposure`.
        take: 0 for the first answer; each other number gives another animation.
        time: frame number to take the drawing from instead of the playhead's.
    Raises:
        KeycelError: nothing was delivered, or (OUT_READ_BACK) not unchanged.
    """
    if not str(options.get(PROMPT) or "").strip():
        raise _no_sentence()
    space = _color_space(document, choice)
    drawing, pixels = await _drawing(document, choice.line_layer, space, time, context.progress)
    made = AnimationRecord("", drawing.time, drawing.digest, engine, dict(options))
    request = animation_request(document, made, made.times(), take)
    stock = Stock(LayerRecord("", choice.line_layer, space), {})
    writing = AnimationWriting(document, stock, made.times(), made)
    colors = "" if space == choice.line_layer else space
    pending = Pending(
        Kind.ANIMATE,
        choice.line_layer,
        colors,
        times=(drawing.time,),
        engine=engine,
        options=made.options,
        take=take,
    )
    job = Job(context.backend, context.progress, pending, _("Drawing"))
    try:
        await writing.keep_sketch(pixels)
        failures = await put_all(job, request, pixels, writing)
        outcome = await writing.finish(context.progress, failures)
        job.acknowledge()
    finally:
        writing.close()
        job.close()
    return _told(document, choice, outcome.layer, job)


def animation_request(
    document: ShotDocument, made: AnimationRecord, targets: Sequence[int], take: int
) -> JobRequest:
    """Drawings of an animation. `take`: 0 for the first answer; each other number gives another one."""
    width, height = document.size
    return JobRequest(
        engine=made.engine,
        task=TASK,
        width=width,
        height=height,
        drawings=(PictureAt(made.start, made.drawing),),
        keyframes=(),
        targets=tuple(targets),
        options=dict(made.options),
        seed=take,
        redraw=take != 0,
        name=document.name,
    )


async def put_all(job: Job, request: JobRequest, pixels: bytes, writing: AnimationWriting) -> dict[int, str]:
    """Every drawing that comes; frame number to why it has not come. `pixels`: of the one that is animated.

    Raises:
        KeycelError: none has come.
    """
    async for delivery in job.frames(request, lambda _: pixels):
        event = delivery.event
        take = Take(event.digest, TakeOrigin.ENGINE, request.seed)
        await writing.put_drawing(event.time, take, bytes(delivery.pixels), delivery.report)
    if not job.ready:
        raise KeycelError.from_value(job.failures[0].error)
    return {failure.time: error_words(failure.error)[0] for failure in job.failures}


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
    document: ShotDocument, line_layer: str, space: str, time: int | None, progress: Progress
) -> tuple[PictureAt, bytes]:
    """The drawing at a frame number (None: the playhead's), holds resolved, and its pixels."""
    progress.show(_("Reading the timeline"))
    playhead = document.playhead() if time is None else time
    reader = await document.open_reader(line_layer, space)
    try:
        index = bisect_right(reader.times, playhead)
        start = reader.times[index - 1] if index else playhead
        pixels = reader.picture(start) if index else b""
    finally:
        reader.close()
    digest = await shown_digest(pixels)
    if not digest:
        raise KeycelError(
            ErrorCode.DOC_NO_SUCH_FRAME,
            _("There is no drawing at frame {time}.").format(time=playhead),
            _("Move the playhead to a frame on which the line layer has a drawing."),
        )
    return PictureAt(start, digest), pixels


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
    sentences.append(_("Make it the active layer to review its drawings; to colour it, the line layer."))
    return " ".join((*sentences, *document.notes))
