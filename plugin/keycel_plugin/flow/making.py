"""From an order to colours in the document: one job of the backend, written in one go."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from keycel_plugin.error_words import error_words
from keycel_plugin.flow.collect import Shot, check_references
from keycel_plugin.flow.context import Context
from keycel_plugin.flow.job import Job
from keycel_plugin.flow.memory import Question, ShotMemory, questions_of
from keycel_plugin.flow.pending import Kind, Pending
from keycel_plugin.flow.references import read_reference
from keycel_plugin.flow.request import request_for
from keycel_plugin.flow.stock import Stock
from keycel_plugin.flow.writing import Outcome, Writing
from keycel_plugin.state.records import Choice, Take, TakeOrigin
from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import PictureAt


@dataclass(frozen=True)
class Order:
    """What is to be coloured, into which layer, after which references."""

    kind: Kind
    shot: Shot
    stock: Stock
    choice: Choice
    keyframes: Sequence[PictureAt]
    times: Sequence[int]
    """Frames that get colours."""
    blanks: Sequence[int] = ()
    """Frames that get a blank picture."""
    permitted: Collection[int] = ()
    """Protected frames among `times` that the artist has agreed to have replaced."""
    seed: int = 0
    """0 for the engine's first answer; each other one gives new takes."""
    meant: Sequence[int] = ()
    """The drawings asked for, by first frame number; empty: all of them."""
    image: str = ""
    """Path of the image to colour after instead of `keyframes`; empty for none, or for a layer's picture."""
    reference: str = ""
    """Digest of the pixels of the image to colour after, which the shot offers; empty for none."""
    masks: Sequence[PictureAt] = ()
    """Where the figure is, of drawings that are coloured after an image; the shot offers them."""

    def groups(self) -> dict[str, tuple[int, ...]]:
        """Frames by the digest of their drawing: each different drawing is coloured once."""
        found: dict[str, list[int]] = {}
        for time in sorted(self.times):
            found.setdefault(self.stock.drawings[time], []).append(time)
        return {digest: tuple(times) for digest, times in found.items()}


@dataclass(frozen=True)
class Made:
    """What has become of an order."""

    outcome: Outcome
    failures: Mapping[int, str] = field(default_factory=dict[int, str])
    """Frame number to why it has no new colours."""
    unsure: Mapping[int, frozenset[Question]] = field(default_factory=dict[int, frozenset[Question]])
    """Frame number to the guesses of the new take."""

    @property
    def colored(self) -> tuple[int, ...]:
        """Frames that now have the colours asked for."""
        return tuple(sorted((*self.outcome.written, *self.outcome.same)))


async def make(order: Order, context: Context) -> Made:
    """Results are acknowledged, and so given up by the backend, only when they are in the document.

    Raises:
        KeycelError: nothing was delivered, or (OUT_READ_BACK) not unchanged.
    """
    groups = order.groups()
    document = order.shot.document
    writing = Writing(document, order.stock, tuple(groups.values()), order.blanks, order.permitted)
    try:
        if not groups:
            return Made(await writing.finish(context.progress))
        if not order.reference:
            check_references(order.keyframes, order.choice)
        return await _run(order, groups, writing, context)
    finally:
        writing.close()


async def _run(
    order: Order, groups: Mapping[str, tuple[int, ...]], writing: Writing, context: Context
) -> Made:
    shot = order.shot
    reference = order.reference or await read_reference(shot, order.choice.reference_layer)
    request = request_for(shot, order.choice, order.keyframes, groups, order.seed, reference)
    if order.reference:
        request = replace(request, task="reference", keyframes=(), sketches=tuple(order.masks))
    times_of = {shot.first_time(digest): times for digest, times in groups.items()}
    unsure: dict[int, frozenset[Question]] = {}
    ours = order.stock.ours
    pending = Pending(
        order.kind, shot.line_layer, shot.color_layer, ours.layer, tuple(order.meant), order.image
    )
    job = Job(context.backend, context.progress, pending)
    try:
        async for delivery in job.frames(request, shot.picture):
            event = delivery.event
            take = Take(event.digest, TakeOrigin.ENGINE, order.seed, event.unsure)
            await writing.put(times_of[event.time], take, bytes(delivery.pixels), delivery.report)
            unsure.update(dict.fromkeys(times_of[event.time], questions_of(delivery.report, event.digest)))
        failures = {
            time: error_words(failure.error)[0] for failure in job.failures for time in times_of[failure.time]
        }
        if not unsure:
            _note_failures(order, failures)
            raise _nothing_came(job)
        outcome = await writing.finish(context.progress, failures)
        job.acknowledge()
        return Made(outcome, failures, unsure)
    finally:
        job.close()


def _note_failures(order: Order, failures: Mapping[int, str]) -> None:
    memory = ShotMemory(order.shot.document)
    record = memory.record()
    ours = record.layer(order.stock.ours.layer)
    if ours is not None and failures:
        frames = (replace(ours.frame(time), error=why) for time, why in failures.items())
        memory.save(record.with_layer(ours.with_frames(frames)))


def _nothing_came(job: Job) -> KeycelError:
    if job.failures:
        return KeycelError.from_value(job.failures[0].error)
    return KeycelError(
        ErrorCode.RUN_FAILED,
        _("The engine brought no frames."),
        _("Press the button again; if nothing comes again, look at the backend's log with `keycel doctor`."),
    )
