"""Goes on with what an earlier Krita was waiting for when it was killed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from keycel_plugin.flow.after_image import color_after_image
from keycel_plugin.flow.animate import animate
from keycel_plugin.flow.colorize import colorize, spread
from keycel_plugin.flow.context import Context
from keycel_plugin.flow.inbetween import inbetween
from keycel_plugin.flow.memory import ShotMemory
from keycel_plugin.flow.pending import Kind, Pending
from keycel_plugin.flow.redraw import redraw
from keycel_plugin.flow.regenerate import regenerate
from keycel_plugin.flow.runner import Work
from keycel_plugin.host.ports import Host, ShotDocument
from keycel_plugin.qt import QtCore
from keycel_plugin.slots import guarded
from keycel_plugin.state.choice import ShotChoice
from keycel_plugin.state.records import Choice, LayerRecord


class Resume(QtCore.QObject):
    """Asks, once for each document that comes to the front, whether its colouring was interrupted.

    The job itself has gone on without us. The same use case is run again: it recognises the job by what it
    asks for, receives the finished frames at once and the others when they are ready. If the shot has
    changed since, it is a new job, of which the unchanged frames cost nothing.
    """

    def __init__(
        self,
        host: Host,
        choice: ShotChoice,
        context: Context,
        start: Callable[[Work], None],
        parent: QtCore.QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._host = host
        self._choice = choice
        self._context = context
        self._start = start
        self._asked: ShotDocument | None = None
        choice.changed.connect(guarded(self._look))

    def _look(self) -> None:
        document = self._host.active_document()
        if self._context.progress.news.busy or not self._choice.layers or not document.is_open():
            return
        if self._asked is not None and document.is_same(self._asked):
            return
        self._asked = document
        work = self._context.backend.pending.for_layers([layer.id for layer in self._choice.layers])
        if work is not None:
            self._start(lambda: self._again(document, work))

    async def _again(self, document: ShotDocument, work: Pending) -> str:
        choice = replace(
            self._choice.choice,
            line_layer=work.line_layer,
            color_layer=work.color_layer,
            result_layer=work.result_layer,
            new_layer=not work.result_layer,
        )
        times = work.times or None
        if work.kind is Kind.REGENERATE:
            return await regenerate(document, work.times, choice, self._context)
        if work.kind is Kind.SPREAD:
            return await spread(document, choice, self._context)
        if work.kind is Kind.INBETWEEN:
            return await inbetween(document, choice, times, self._context)
        if work.kind is Kind.ANIMATE:
            return await self._animation_again(document, work, choice)
        if work.kind is Kind.AFTER_IMAGE:
            image = Path(work.image) if work.image else None
            choice = self._choice.for_images(choice)
            return await color_after_image(document, work.times, image, choice, self._context)
        return await colorize(document, choice, times, self._context)

    async def _animation_again(self, document: ShotDocument, work: Pending, choice: Choice) -> str:
        if work.result_layer:
            ours = ShotMemory(document).record().layer(work.result_layer)
            return await redraw(
                document, ours or LayerRecord.of_drawings(work.result_layer), work.times, self._context
            )
        (time,) = work.times
        return await animate(document, choice, work.engine, work.options, work.take, self._context, time)
