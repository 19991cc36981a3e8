"""Keeps what the docker shows true while it is shown: document, layers, frames, takes, colours.

Two kinds of looking. The sheet (layers, keyframes, records) costs no pixels and is read several times a
second. Pictures are looked at one at a time and in slices: all of them when a document comes to the front
and after each job, then the one under the playhead once a second, with one other by turns. Nothing is ever
changed in the document but the recorded palette, which follows undo and redo; and while a job runs only the
playhead is followed.
"""

from __future__ import annotations

import time
import traceback

from keycel_plugin.flow.observer import Observer, Reading
from keycel_plugin.flow.review_view import (
    Frame,
    UnsureList,
    cells_of,
    frames_of,
    swatches,
    take_cards,
)
from keycel_plugin.flow.sheet import SheetReader
from keycel_plugin.host.ports import Host, ShotDocument
from keycel_plugin.qt import QtCore
from keycel_plugin.slots import guarded
from keycel_plugin.state.model import Model
from keycel_plugin.state.records import Choice, LayerRecord, ShotRecord
from keycel_plugin.tasks import Task, TaskCancelled, pause
from keycel_shared.errors import KeycelError

BEAT_MS = 250
_CALM_BEATS = 4
"""While nothing changes, the sheet is read on every fourth beat only."""
_LOOK_SECONDS = 1.0
_FELT_SECONDS = 0.06
_FELT_SHARE = 0.01
"""Of the time, if a step of reading is felt: a line layer with masks takes that long."""
_MOST_FELT_SECONDS = 0.5
"""Slower steps were waiting: copying a document takes less."""
_ERROR_SECONDS = 5.0
"""After something could not be read."""
_REST_MS = 8
_PUBLISH_SECONDS = 0.2


class Watch(QtCore.QObject):
    """`document` is the one in front (None: none is open), `ours` the layer under review."""

    def __init__(self, host: Host, model: Model, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._host = host
        self._model = model
        self.document: ShotDocument | None = None
        self._reader = SheetReader()
        self._observer: Observer | None = None
        self._frames: list[Frame] = []
        self._unsure = UnsureList()
        self._looking: Task | None = None
        self._all_due = False
        self._follow_due = False
        """Something new was seen since the palette last followed undo and redo."""
        self._look_again_at = 0.0
        self._not_before = 0.0
        self._turn = 0
        self._calm = 0
        self._asked = False
        self._busy = model.progress.news.busy
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(guarded(self._beat))
        model.progress.changed.connect(guarded(self._work_changed))

    @property
    def ours(self) -> LayerRecord | None:
        return self._observer.sheet.ours if self._observer is not None else None

    def start(self) -> None:
        """The docker is shown."""
        self._all_due = True
        self._timer.start()
        self.look_again()

    def stop(self) -> None:
        """The docker is hidden, or Krita is closing."""
        self._timer.stop()
        self._stop_looking()

    def look_again(self) -> None:
        """Something was done: take over at once what can be seen without looking at pictures."""
        self._asked = True
        self._calm = 0
        self._look_again_at = 0.0
        guarded(self._beat)()

    # ---------------------------------------------------------------------------- the beat

    def _beat(self) -> None:
        try:
            self._look_around()
        except KeycelError:
            self._leave()  # the document was closed at this very moment; the next beat sees another

    def _look_around(self) -> None:
        document = self._host.active_document()
        if not document.is_open():
            self._leave()
            return
        entered = self.document is None or not document.is_same(self.document)
        if entered:
            self._leave()
            self.document = document
        calm = self._calm >= _CALM_BEATS and self._calm % _CALM_BEATS
        if entered or self._asked or not (self._busy or calm):
            self._asked = False
            self._read_sheet(document)
        self._calm += 1
        self._follow_playhead(document)
        if self._timer.isActive() and not self._busy and not self._is_looking():
            self._look_if_due()

    def _leave(self) -> None:
        """No document, or another one: nothing of the old one stays."""
        if self.document is None:
            return
        self._stop_looking()
        self.document = self._observer = None
        self._reader = SheetReader()
        self._frames = []
        self._unsure = UnsureList()
        self._calm = 0
        self._model.thumbnails.clear()
        self._model.choice.show((), Choice())
        self._show_frames()
        self._model.review.show_current(-1)

    def _read_sheet(self, document: ShotDocument) -> None:
        sheet = self._reader.read(document)
        observer = self._observer
        if observer is not None and sheet == observer.sheet:
            return
        self._calm = 0
        self._model.choice.show(sheet.layers, sheet.choice)
        if observer is None or sheet.canvas != observer.sheet.canvas:
            self._stop_looking()
            self._model.thumbnails.clear()
            self._observer = Observer(document, sheet, self._model.thumbnails)
        else:
            if sheet.sources != observer.sheet.sources:
                self._stop_looking()
                self._all_due = True
            observer.turn_to(sheet)
        self._look_again_at = 0.0
        self._publish()

    def _follow_playhead(self, document: ShotDocument) -> None:
        cell = self._model.review.cell_at(document.playhead())
        current = cell.time if cell is not None else -1
        if current != self._model.review.current:
            self._model.review.show_current(current)
            self._look_again_at = 0.0
            self._show_current()

    def _work_changed(self) -> None:
        """Hands off while a job runs; afterwards anything may be different."""
        busy = self._model.progress.news.busy
        if busy:
            self._stop_looking()
        elif self._busy:
            self._all_due = True
            self._calm = 0
        self._busy = busy

    # ---------------------------------------------------------------------------- pictures

    def _is_looking(self) -> bool:
        return self._looking is not None and self._looking.running

    def _stop_looking(self) -> None:
        if self._looking is not None:
            self._looking.cancel()

    def _look_if_due(self) -> None:
        observer, now = self._observer, time.monotonic()
        if observer is None or now < self._not_before:
            return
        if self._all_due or observer.unseen():
            self._looking = Task(self._look_at_all(observer), self._looked)
        elif now >= self._look_again_at:
            self._looking = Task(self._look_at_current(observer), self._looked)

    def _looked(self, error: BaseException | None) -> None:
        if error is None or isinstance(error, TaskCancelled):
            return
        self._not_before = time.monotonic() + _ERROR_SECONDS
        if not isinstance(error, KeycelError):
            traceback.print_exception(type(error), error, error.__traceback__)

    async def _look_at_all(self, observer: Observer) -> None:
        """From the playhead onwards, then the frames before it, then painted keyframes and key sketches."""
        self._all_due = False
        published = time.monotonic()
        reading = Reading(observer.document, observer.sheet)
        try:
            left = set(observer.sheet.starts)
            while left:
                start = self._next_of(left)
                left.discard(start)
                new = await observer.look_at_frame(reading, start)
                self._follow_due |= new
                if new and time.monotonic() > published + _PUBLISH_SECONDS:
                    self._publish()
                    published = time.monotonic()
                await self._show_takes(observer)
                await pause(_REST_MS)
            for start in observer.sheet.painted:
                await observer.look_at_keyframe(reading, start)
                await pause(_REST_MS)
            for start in observer.sheet.sketches:
                await observer.look_at_sketch(reading, start)
                await pause(_REST_MS)
        except BaseException:
            self._all_due = True
            raise
        finally:
            reading.close()
        self._publish()
        self._follow_undo(observer)
        await self._show_takes(observer)

    async def _look_at_current(self, observer: Observer) -> None:
        """The frame under the playhead, its key sketch; by turns its painted keyframe and one other frame."""
        reading = Reading(observer.document, observer.sheet)
        current, starts = self._model.review.current, observer.sheet.starts
        new = False
        try:
            if current >= 0:
                new |= await self._look_at_frame(observer, reading, current)
            sketches = [start for start in observer.sheet.sketches if start <= current]
            if sketches:
                new |= await observer.look_at_sketch(reading, sketches[-1])
            self._turn += 1
            painted = [start for start in observer.sheet.painted if start <= current]
            if painted and self._turn % 2:
                new |= await observer.look_at_keyframe(reading, painted[-1])
            elif starts:
                start = starts[self._turn // 2 % len(starts)]
                new |= await self._look_at_frame(observer, reading, start)
        finally:
            reading.close()
            felt = min(reading.longest, _MOST_FELT_SECONDS) if reading.longest > _FELT_SECONDS else 0.0
            self._look_again_at = time.monotonic() + max(_LOOK_SECONDS, felt / _FELT_SHARE)
        if new:
            self._publish()
        self._follow_undo(observer)
        await self._show_takes(observer)

    async def _look_at_frame(self, observer: Observer, reading: Reading, start: int) -> bool:
        """True if something is new; if the frame's picture came back, all others are due."""
        new = await observer.look_at_frame(reading, start)
        self._all_due |= new and self._came_back(observer, start)
        self._follow_due |= new
        return new

    def _follow_undo(self, observer: Observer) -> None:
        if self._follow_due and observer.follow_undo():
            self._asked = True  # the sheet has another palette now
        self._follow_due = False

    def _came_back(self, observer: Observer, start: int) -> bool:
        """True if the frame has another picture of ours now: by undo or redo, so others may have, too."""
        ours = observer.sheet.ours
        shown = observer.looks.digest(ours.layer, start) if ours is not None else None
        known = next((frame for frame in self._frames if frame.start == start), None)
        if ours is None or shown is None or known is None or known.shown == shown:
            return False
        return ours.frame(start).find_written(shown) is not None

    def _next_of(self, left: set[int]) -> int:
        current = self._model.review.current
        return min(left, key=lambda start: (start < current, start))

    async def _show_takes(self, observer: Observer) -> None:
        frame = self._current_frame()
        if frame is not None:
            await observer.show_takes(frame)

    # ---------------------------------------------------------------------------- to the model

    def _publish(self) -> None:
        """Derive everything anew from what was seen."""
        if self._observer is not None:
            self._frames = frames_of(self._observer.sheet, self._observer.looks)
        self._show_frames()

    def _show_frames(self) -> None:
        review, observer = self._model.review, self._observer
        takes = observer.takes if observer is not None else {}
        record = observer.sheet.record if observer is not None else ShotRecord()
        review.show_cells(cells_of(self._frames, takes))
        review.show_unsure(self._unsure.of(self._frames, takes, record))
        self._show_current()

    def _show_current(self) -> None:
        """What depends on where the playhead is."""
        review, observer = self._model.review, self._observer
        review.show_takes(take_cards(self._current_frame()))
        if observer is None or observer.sheet.has_drawings:
            review.show_palette([])
        else:
            here = review.current
            review.show_palette(swatches(observer.sheet, self._frames, observer.takes, observer.looks, here))

    def _current_frame(self) -> Frame | None:
        current = self._model.review.current
        return next((frame for frame in self._frames if frame.start == current), None)
