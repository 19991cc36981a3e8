"""In-betweens: every frame between key sketches, drawn and coloured, as proposals on layers of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from keycel_plugin.error_words import error_words
from keycel_plugin.flow.collect import Shot, check_references
from keycel_plugin.flow.context import Context
from keycel_plugin.flow.job import Job
from keycel_plugin.flow.keys import keys_around
from keycel_plugin.flow.memory import ShotMemory
from keycel_plugin.flow.pair_writing import PairWriting, line_is_untouched
from keycel_plugin.flow.pending import Kind, Pending
from keycel_plugin.flow.place import check_can_begin
from keycel_plugin.flow.slices import digest_in_slices, shown_digest
from keycel_plugin.flow.stock import Stock, take_stock
from keycel_plugin.flow.summary import numbers, protection_told
from keycel_plugin.host.ports import ShotDocument
from keycel_plugin.state.progress import Progress
from keycel_plugin.state.records import Choice, LayerRecord, ShotRecord, Spacing, Take, TakeOrigin
from keycel_plugin.words import _, plural
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import JobRequest, PictureAt
from keycel_shared.pixels import byte_count

ENGINE = "morph"
TASK = "inbetween"
_SPACING = "easing"
"""The engine's option."""


@dataclass(frozen=True)
class Plan:
    """What In-betweens would draw."""

    choice: Choice
    """With the layer of the key sketches as line layer."""
    keys: tuple[int, ...]
    times: tuple[int, ...]
    drawn: LayerRecord
    """Our layer with lines, or a record without an id where it is yet to be made."""
    ours: LayerRecord
    """The same with their colours."""


def planned_inbetweens(
    document: ShotDocument, choice: Choice, times: tuple[int, ...] | None, keys: Sequence[int] | None = None
) -> Plan:
    """Reads no picture. `keys`: key sketches that are not blank; None: all keyframes of the layer."""
    choice = _of_sketches(document, choice)
    known = tuple(document.keyframe_times(choice.line_layer) if keys is None else keys)
    every = range(known[0], known[-1] + 1) if known else range(0)
    drawn, ours = _layers(document, ShotMemory(document).record(), choice)
    wanted = tuple(time for time in every if times is None or time in times or not drawn.layer)
    return Plan(choice, known, wanted, drawn, ours)


def inbetween_request(
    document: ShotDocument,
    choice: Choice,
    sketches: Sequence[PictureAt],
    keyframes: Sequence[PictureAt],
    times: Sequence[int],
    seed: int = 0,
) -> JobRequest:
    width, height = document.size
    return JobRequest(
        engine=ENGINE,
        task=TASK,
        width=width,
        height=height,
        drawings=(),
        keyframes=tuple(keyframes),
        sketches=tuple(sketches),
        targets=tuple(times),
        options={} if choice.spacing is Spacing.EVEN else {_SPACING: choice.spacing.value},
        palette=choice.palette,
        seed=seed,
        redraw=seed != 0,
        name=document.name,
    )


async def inbetween(
    document: ShotDocument, choice: Choice, times: tuple[int, ...] | None, context: Context
) -> str:
    """Draw the frames between the key sketches of the line layer, and colour them and the keys.

    `times`: None for all of them. Chosen frames of layers that are there already are drawn in another way (a
    new take). Frames whose lines or colours the artist has edited, accepted or locked are left alone. Returns
    what to tell. The document is changed at the very end or not at all.

    Raises:
        KeycelError: nothing was delivered, or (OUT_READ_BACK) not unchanged.
    """
    choice = _of_sketches(document, choice)
    shot = await Shot.open(document, choice.line_layer, choice.color_layer)
    try:
        await shot.read(context.progress)
        check_references(shot.keyframes, replace(choice, reference_layer=""))  # a picture is no painted key
        plan = planned_inbetweens(document, choice, times, [drawing.time for drawing in shot.drawings])
        wanted, drawn, ours = plan.times, plan.drawn, plan.ours
        if len(plan.keys) < 2:
            raise _too_few()
        if not wanted:
            raise _outside(plan.keys)
        if drawn.layer:
            check_can_begin(document, drawn.layer)
            check_can_begin(document, ours.layer)
        present = await _lines_now(document, drawn, wanted, context.progress)
        stock = await take_stock(document, ours, present, context.progress)
        sketches = {drawing.time: drawing.digest for drawing in shot.drawings}
        stock = replace(stock, keys=keys_around(sketches, wanted))
        left = [time for time in wanted if stock.protected(time) or _line_edited(drawn, time, present[time])]
        todo = [time for time in wanted if time not in left]
        seed = max((ours.frame(time).next_seed() for time in todo), default=0) if times and drawn.layer else 0
        order = _Order(shot, stock, drawn, todo, seed, () if times is None else tuple(wanted))
        made = await _make(order, choice, context) if todo else None
        _stay_with_sketches(document, choice)
        return _told(order, made, left, choice)
    finally:
        shot.close()


@dataclass(frozen=True)
class _Order:
    shot: Shot
    stock: Stock
    drawn: LayerRecord
    times: Sequence[int]
    seed: int
    meant: tuple[int, ...]


@dataclass(frozen=True)
class _Made:
    written: Sequence[int]
    left_out: Sequence[int]
    failures: Mapping[int, str]
    unsure: int
    """Frames with regions whose colour is a guess."""


async def _make(order: _Order, choice: Choice, context: Context) -> _Made:
    document, ours = order.shot.document, order.stock.ours
    writing = PairWriting(document, order.stock, order.drawn, order.times)
    pending = Pending(Kind.INBETWEEN, order.shot.line_layer, order.shot.color_layer, ours.layer, order.meant)
    job = Job(context.backend, context.progress, pending)
    request = inbetween_request(
        document, choice, order.shot.drawings, order.shot.keyframes, order.times, order.seed
    )
    try:
        half = byte_count(*order.shot.size)
        async for delivery in job.frames(request, order.shot.picture):
            event = delivery.event
            pixels = bytes(delivery.pixels)
            color, line = pixels[:half], pixels[half:]
            digest = await digest_in_slices(color)
            take = Take(digest, TakeOrigin.ENGINE, order.seed, event.unsure)
            await writing.put_pair(event.time, take, color, line, delivery.report)
        failures = {failure.time: error_words(failure.error)[0] for failure in job.failures}
        if not job.ready:
            raise _nothing_came(job)
        outcome = await writing.finish(context.progress, failures)
        job.acknowledge()
        return _Made((*outcome.written, *outcome.same), outcome.left_out, failures, job.unsure)
    finally:
        job.close()
        writing.close()


def _of_sketches(document: ShotDocument, choice: Choice) -> Choice:
    """The same for the key sketches where the layer with our own lines is chosen."""
    if not document.is_open():
        return choice
    drawn = ShotMemory(document).record().drawn(choice.line_layer)
    return choice if drawn is None else replace(choice, line_layer=drawn.line_layer)


def _stay_with_sketches(document: ShotDocument, choice: Choice) -> None:
    """Else the docker would suggest our own lines as the next line layer."""
    memory = ShotMemory(document)
    record = memory.record()
    chosen = replace(record.choice, line_layer=choice.line_layer, color_layer=choice.color_layer)
    memory.save(replace(record, choice=chosen))


def _too_few() -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_NO_LINES,
        _("The line layer has only one key sketch."),
        _("Draw at least two key sketches, each at its own frame."),
    )


def _layers(document: ShotDocument, record: ShotRecord, choice: Choice) -> tuple[LayerRecord, LayerRecord]:
    """Our layers with lines and with colours for this choice, or records without an id."""
    present = set(document.our_layers())
    for drawn in reversed(record.inbetweens):
        ours = record.layer(drawn.color_layer)
        fits = ours is not None and {drawn.layer, drawn.color_layer} <= present
        if ours is not None and fits and drawn.line_layer == choice.line_layer and not choice.new_layer:
            return drawn, replace(ours, color_layer=choice.color_layer)
    return LayerRecord("", choice.line_layer, ""), LayerRecord("", "", choice.color_layer)


async def _lines_now(
    document: ShotDocument, drawn: LayerRecord, times: Collection[int], progress: Progress
) -> dict[int, str]:
    """Digest of what our layer with lines has at each frame; empty where there is nothing."""
    found: dict[int, str] = {}
    for number, time in enumerate(times):
        progress.show(_("Looking for changes of yours"), number, len(times))
        found[time] = await shown_digest(await document.picture_at(drawn.layer, time)) if drawn.layer else ""
    return found


def _line_edited(drawn: LayerRecord, time: int, shown: str) -> bool:
    return not line_is_untouched(drawn, time, shown)


def _told(order: _Order, made: _Made | None, left: Sequence[int], choice: Choice) -> str:
    sentences: list[str] = []
    if made is None:
        sentences.append(_("Nothing was changed."))
    else:
        count = len(made.written)
        sentences.append(
            plural("{count} frame drawn and coloured.", "{count} frames drawn and coloured.", count)
        )
        if made.unsure:
            sentences.append(
                plural(
                    "{count} of them has unsure regions.", "{count} of them have unsure regions.", made.unsure
                )
            )
        for why in dict.fromkeys(made.failures.values()):
            failed = [time for time, reason in made.failures.items() if reason == why]
            sentences.append(_("No new colours at {frames}: {why}").format(frames=numbers(failed), why=why))
    edited = [time for time in left if not order.stock.protected(time)]
    if edited:
        sentences.append(_("You have drawn on {frames}, so left as they are.").format(frames=numbers(edited)))
    sentences += protection_told(order.stock, [time for time in left if time not in edited])
    if made is not None and made.left_out:
        sentences.append(
            _("Changed by you meanwhile, so left as they are: {frames}.").format(
                frames=numbers(made.left_out)
            )
        )
    if not order.drawn.layer:
        names = {layer.id: layer.name for layer in order.shot.document.layers()}
        sentences.append(
            _("Hide “{lines}” and “{colors}” to see the new layers alone.").format(
                lines=names.get(choice.line_layer, ""), colors=names.get(choice.color_layer, "")
            )
        )
    return " ".join((*sentences, *order.shot.document.notes))


def _outside(keys: Sequence[int]) -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_NO_SUCH_FRAME,
        _("The chosen frames do not lie between key sketches."),
        _("Choose frames from {first} to {last}.").format(first=keys[0], last=keys[-1]),
    )


def _nothing_came(job: Job) -> KeycelError:
    if job.failures:
        return KeycelError.from_value(job.failures[0].error)
    return KeycelError(
        ErrorCode.RUN_FAILED,
        _("The engine brought no frames."),
        _("Press the button again; if nothing comes again, look at the backend's log with `keycel doctor`."),
    )
