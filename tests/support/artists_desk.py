"""An artist's desk: a document and a backend in memory, and the use cases run on them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from support.memory_backend import MemoryBackend
from support.memory_host import MemoryDocument, MemoryLayer, blank_picture, flat_picture

from keycel_plugin.flow.after_image import color_after_image
from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.collect import Shot
from keycel_plugin.flow.colorize import colorize, frames_of, spread
from keycel_plugin.flow.context import Context
from keycel_plugin.flow.inbetween import inbetween
from keycel_plugin.flow.memory import ShotMemory
from keycel_plugin.flow.regenerate import regenerate
from keycel_plugin.flow.stock import Stock, take_stock
from keycel_plugin.flow.takes import choose_take
from keycel_plugin.state.progress import Progress
from keycel_plugin.state.question import Question
from keycel_plugin.state.records import Choice, FrameRecord, LayerRecord, ShotRecord
from keycel_plugin.tasks import Task
from keycel_shared.errors import ErrorValue, KeycelError
from keycel_shared.states import FrameState

RunUntil = Callable[..., None]
Pixels = dict[int, bytes]

CHOICE = Choice(line_layer="lines", color_layer="keys")


def shot_document() -> MemoryDocument:
    """Drawings at 0, 3, 4, 9 (the one at 9 repeats the first), blank at 7; one painted keyframe."""
    first = flat_picture(10)
    drawings = {0: first, 3: flat_picture(30), 4: flat_picture(40), 7: blank_picture(), 9: first}
    return MemoryDocument(
        MemoryLayer("background", "Background", {0: flat_picture(255)}),
        MemoryLayer("keys", "Colour keys", {0: flat_picture(200), 5: blank_picture()}),
        MemoryLayer("lines", "Lines", drawings),
    )


class Desk:
    """Runs one use case at a time; `message` or `error` tells how the latest one has ended.

    `context`: to work with another backend than the one in memory.
    """

    def __init__(
        self,
        run_until: RunUntil,
        document: MemoryDocument | None = None,
        backend: MemoryBackend | None = None,
        context: Context | None = None,
    ) -> None:
        self.document = document or shot_document()
        self.backend = backend or MemoryBackend()
        self.progress = context.progress if context else Progress()
        self.question = context.question if context else Question()
        self.context = context or Context(cast("Backend", self.backend), self.progress, self.question)
        self.choice = CHOICE
        self.message = ""
        self.error: ErrorValue | None = None
        self.ended: BaseException | None = None
        self.run_until = run_until
        self._task: Task | None = None

    # ---------------------------------------------------------------------------- what the artist does

    def colorize(self, *times: int) -> None:
        """All drawings, or those at `times`."""
        self.finish(colorize(self.document, self.choice, times or None, self.context))

    def inbetween(self, *times: int) -> None:
        """All frames between keys, or those of `times`."""
        self.finish(inbetween(self.document, self.choice, times or None, self.context))

    def spread(self) -> None:
        self.finish(spread(self.document, self.choice, self.context))

    def regenerate(self, *times: int) -> None:
        self.finish(regenerate(self.document, times, self.choice, self.context))

    def color_after_image(self, path: Path | None, *times: int) -> None:
        """The drawings at `times`, or the one under the playhead; `path` None: after the reference layer."""
        choice = replace(self.choice, engine="images")
        self.finish(color_after_image(self.document, times, path, choice, self.context))

    def choose_take(self, time: int, digest: str) -> None:
        self.finish(choose_take(self.document, time, digest, self.context))

    def paint(self, time: int, value: int) -> bytes:
        """Paint over a frame of our layer."""
        pixels = flat_picture(value, self.document.size)
        self.document.paint(self.layer, time, pixels)
        return pixels

    def accept(self, time: int) -> None:
        shown = self.stock().shown_at(time)
        self.change_frame(replace(self.frame(time), accepted=shown))

    def lock(self, time: int) -> None:
        self.change_frame(replace(self.frame(time), locked=True))

    def unlock(self, time: int) -> None:
        self.change_frame(replace(self.frame(time), locked=False))

    def change_frame(self, frame: FrameRecord) -> None:
        self.memory.save(self.record.with_layer(self.ours.with_frames([frame])))

    # ---------------------------------------------------------------------------- running

    def start(self, work: Coroutine[Any, Any, str]) -> Task:
        self.message, self.error, self.ended = "", None, None

        async def told() -> None:
            self.message = await work

        def over(error: BaseException | None) -> None:
            self.ended = error
            if isinstance(error, KeycelError):
                self.error = error.value

        self._task = Task(told(), over)
        return self._task

    def finish(self, work: Coroutine[Any, Any, str]) -> None:
        task = self.start(work)
        self.run_until(lambda: not task.running, 60)
        if self.ended is not None and self.error is None:
            raise self.ended

    # ---------------------------------------------------------------------------- looking

    @property
    def memory(self) -> ShotMemory:
        return ShotMemory(self.document)

    @property
    def record(self) -> ShotRecord:
        return self.memory.record()

    @property
    def layer(self) -> str:
        """Id of our newest layer with colours."""
        marks = {ours.overlay for ours in self.record.layers}
        return [layer for layer in self.document.our_layers() if layer not in marks][-1]

    @property
    def ours(self) -> LayerRecord:
        found = self.record.layer(self.layer)
        assert found is not None
        return found

    def frame(self, time: int) -> FrameRecord:
        return self.ours.frame(time)

    @property
    def pixels(self) -> Pixels:
        """What our newest layer has."""
        return dict(self.document.layer(self.layer).keyframes)

    def states(self) -> dict[int, FrameState]:
        """Of every drawing, by the frame number at which it starts."""
        stock = self.stock()
        return {time: stock.state(time) for time, drawing in sorted(stock.drawings.items()) if drawing}

    def stock(self) -> Stock:
        taken: list[Stock] = []

        async def look() -> None:
            shot = await Shot.open(self.document, "lines", "keys")
            try:
                await shot.read(self.progress)
                frames = frames_of(shot, self.ours)
                taken.append(await take_stock(self.document, self.ours, frames, self.progress))
            finally:
                shot.close()

        task = Task(look(), lambda _: None)
        self.run_until(lambda: not task.running)
        return taken[0]

    @property
    def undo_steps(self) -> int:
        return len(self.document.undo_stack)

    def snapshot(self) -> tuple[object, ...]:
        """Everything of the document that a cancelled or failed work must leave alone."""
        layers = [(layer.id, layer.name, dict(layer.keyframes)) for layer in self.document.stack]
        return layers, dict(self.document.memos), self.undo_steps
