"""Regenerate on a layer with an animation of ours: new drawings at the chosen frames, in one undo step."""

from __future__ import annotations

from collections.abc import Sequence

from keycel_plugin.error_words import error_words
from keycel_plugin.flow.animate import animation_request, put_all
from keycel_plugin.flow.animation_writing import AnimationWriting
from keycel_plugin.flow.context import Context
from keycel_plugin.flow.job import Job
from keycel_plugin.flow.memory import ShotMemory
from keycel_plugin.flow.pending import Kind, Pending
from keycel_plugin.flow.place import check_can_begin, check_unlocked
from keycel_plugin.flow.slices import shown_digest
from keycel_plugin.flow.stock import Stock
from keycel_plugin.flow.summary import numbers, protection_told
from keycel_plugin.flow.writing import Outcome
from keycel_plugin.host.ports import ShotDocument
from keycel_plugin.state.question import Question
from keycel_plugin.state.records import AnimationRecord, LayerRecord
from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, KeycelError


async def redraw(document: ShotDocument, ours: LayerRecord, times: Sequence[int], context: Context) -> str:
    """Other drawings at `times` (empty: at the playhead), from another animation of the same sketch.

    All other drawings stay as they are; the new ones know nothing of them. The artist is asked before
    drawings that they have edited or accepted are replaced; theirs are kept as takes. Returns what to tell.

    Raises:
        KeycelError: DOC_NO_SUCH_FRAME, DOC_FRAME_LOCKED, DOC_TAKE_LOST; DOC_* if the layer cannot be written.
    """
    check_can_begin(document, ours.layer)
    memory = ShotMemory(document)
    made = memory.record().animation(ours.layer)
    if made is None:
        raise _lost()
    meant = _drawings_meant(document, ours, made, times)
    check_unlocked(ours, meant)
    pixels = await memory.take_pixels(made.drawing)
    if not pixels:
        raise _lost()
    shown = {time: await shown_digest(await document.picture_at(ours.layer, time)) for time in meant}
    stock = Stock(ours, shown, shown)
    refused = await _refused(stock, meant, context.question)
    wanted = [time for time in meant if time not in refused]
    if not wanted:
        return _("Nothing was changed.")
    seed = max(ours.frame(time).next_seed() for time in wanted)
    request = animation_request(document, made, wanted, seed)
    permitted = [time for time in wanted if stock.protected(time)]
    writing = AnimationWriting(document, stock, wanted, made, permitted)
    pending = Pending(Kind.ANIMATE, ours.layer, "", ours.layer, tuple(wanted))
    job = Job(context.backend, context.progress, pending, _("Drawing"))
    try:
        failures = await put_all(job, request, pixels, writing)
        outcome = await writing.finish(context.progress, failures)
        job.acknowledge()
    finally:
        writing.close()
        job.close()
    return _told(document, stock, outcome, job, refused)


def _drawings_meant(
    document: ShotDocument, ours: LayerRecord, made: AnimationRecord, times: Sequence[int]
) -> list[int]:
    """The drawings of the animation shown at `times`, without the artist's own."""
    present = [time for time in document.keyframe_times(ours.layer) if time in made.times()]
    asked = times or (document.playhead(),)
    held = {max((time for time in present if time <= one), default=made.start) for one in asked}
    found = sorted(held - {made.start})
    if not found:
        raise KeycelError(
            ErrorCode.DOC_NO_SUCH_FRAME,
            _("No new drawing of the animation is at frame {frames}.").format(frames=numbers(asked)),
            _("Choose later frames of the animation; the first one is your own drawing."),
        )
    return found


async def _refused(stock: Stock, times: Sequence[int], question: Question) -> list[int]:
    """Frames whose drawing the artist wants to keep after all."""
    protected = [time for time in times if stock.protected(time)]
    if not protected:
        return []
    agreed = await question.ask(
        _(
            "You have edited or accepted the drawings at {frames}. Make new ones? Yours are kept as a take."
        ).format(frames=numbers(protected)),
        _("Regenerate"),
        _("Keep them"),
    )
    return [] if agreed else protected


def _lost() -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_TAKE_LOST,
        _("The drawing that was animated is not in the document any more."),
        _("Press “Animate” for a new animation."),
    )


def _told(document: ShotDocument, stock: Stock, outcome: Outcome, job: Job, refused: Sequence[int]) -> str:
    sentences: list[str] = []
    for text, times in (
        (_("New drawings at {frames}. Undo brings the previous ones back."), outcome.written),
        (_("The new drawing is the same as the present one, at {frames}."), outcome.same),
        (
            _("Changed by you meanwhile, so left as they are, at {frames}; the new takes can be chosen."),
            outcome.left_out,
        ),
    ):
        if times:
            sentences.append(text.format(frames=numbers(times)))
    for failure in job.failures:
        why = error_words(failure.error)[0]
        sentences.append(_("No drawing at {frames}: {why}").format(frames=failure.time, why=why))
    return " ".join((*sentences, *protection_told(stock, refused), *document.notes))
