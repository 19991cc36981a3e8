"""A shot in memory that Keycel has coloured: drawings, painted keyframe, our layer, takes with regions."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from support.memory_host import SIZE, MemoryDocument, MemoryLayer, blank_picture, flat_picture

from keycel_plugin.flow.backend import Backend
from keycel_plugin.flow.context import Context
from keycel_plugin.flow.memory import ShotMemory
from keycel_plugin.host.ports import Place
from keycel_plugin.state.progress import Progress
from keycel_plugin.state.question import Question
from keycel_plugin.state.records import Choice, LayerRecord, Rgba, ShotRecord, Take, TakeOrigin, Written
from keycel_plugin.tasks import Task
from keycel_shared.pixels import digest_of

T = TypeVar("T")
RunUntil = Callable[..., None]

SKIN, ROBE, HAIR = (250, 210, 180, 255), (20, 40, 160, 255), (90, 50, 20, 255)
TIMES = (0, 3, 4, 9)
"""Drawings; the one at 9 repeats the first. There is a blank one at 7."""


def finished(run_until: RunUntil, work: Coroutine[Any, Any, T], seconds: float = 10) -> T:
    """Run a coroutine to its end in Qt's event loop."""
    outcome: list[T] = []
    ended: list[BaseException | None] = []

    async def keep() -> None:
        outcome.append(await work)

    Task(keep(), ended.append)
    run_until(lambda: bool(ended), seconds)
    if ended[0] is not None:
        raise ended[0]
    return outcome[0]


def bgra(color: Rgba) -> bytes:
    red, green, blue, alpha = color
    return bytes((blue, green, red, alpha))


def two_halves(left: Rgba, right: Rgba, size: tuple[int, int] = SIZE) -> bytes:
    """A picture of two regions side by side."""
    width, height = size
    return (bgra(left) * (width // 2) + bgra(right) * (width - width // 2)) * height


def report(left: Rgba, right: Rgba, confidence: float = 0.2, size: tuple[int, int] = SIZE) -> dict[str, Any]:
    """The engine's report on `two_halves`: sure of the left, `confidence` for the right."""
    width, height = size
    middle = width // 2
    sure = {
        "box": [0, 0, middle, height],
        "area": middle * height,
        "color": list(left),
        "confidence": 0.96,
        "reason": "",
    }
    guess = {
        "box": [middle, 0, width, height],
        "area": (width - middle) * height,
        "color": list(right),
        "confidence": confidence,
        "reason": "No reference shows this part." if confidence < 0.5 else "",
        "runs": [[row, middle, width] for row in range(height)],
    }
    return {"regions": [sure, guess]}


class ColoredShot:
    """`document` has the layers “lines”, “keys” and, above the keys, ours (`layer`).

    Frame 0 has SKIN and ROBE, every other drawing SKIN and HAIR; the right half is a guess everywhere but
    on frame 4.
    """

    def __init__(self, run_until: RunUntil) -> None:
        self._run_until = run_until
        first = flat_picture(10)
        lines = {0: first, 3: flat_picture(30), 4: flat_picture(40), 7: blank_picture(), 9: first}
        self.document = MemoryDocument(
            MemoryLayer("keys", "Colour keys", {0: two_halves(SKIN, ROBE), 5: blank_picture()}),
            MemoryLayer("lines", "Lines", lines),
        )
        self.document.clip_length = 12
        self.memory = ShotMemory(self.document)
        self.layer = ""
        self.progress = Progress()
        self.question = Question()
        self.context = Context(Backend(), self.progress, self.question)
        self._color()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return finished(self._run_until, work)

    @property
    def record(self) -> ShotRecord:
        return self.memory.record()

    @property
    def ours(self) -> LayerRecord:
        ours = self.record.layer(self.layer)
        assert ours is not None
        return ours

    def shown(self, time: int) -> bytes:
        return self.document.picture_now(self.layer, time)

    def drawing(self, time: int) -> str:
        return digest_of(self.document.picture_now("lines", time))

    def change(self, **values: Any) -> None:
        """Change fields of our layer's record."""
        self.memory.save(self.record.with_layer(replace(self.ours, **values)))

    def change_frame(self, time: int, **values: Any) -> None:
        frame = replace(self.ours.frame(time), **values)
        self.memory.save(self.record.with_layer(self.ours.with_frames([frame])))

    def accept(self, *times: int) -> None:
        for time in times:
            self.change_frame(time, accepted=digest_of(self.shown(time)))

    def write(self, pictures: Mapping[int, bytes], reports: Mapping[int, dict[str, Any]], seed: int) -> None:
        """Put new takes into our layer and the record, without an undo step."""
        for time, pixels in pictures.items():
            self.document.layer(self.layer).keyframes[time] = pixels
            self._remember(time, pixels, reports[time], seed)

    def _color(self) -> None:
        pictures = {time: two_halves(SKIN, ROBE if time == 0 else HAIR) for time in TIMES}
        staged = self.document.stage([(time,) for time in (*TIMES, 7)], "keys")
        for time, pixels in pictures.items():
            self.run(staged.put(time, pixels))
        self.layer = self.run(self.document.add_layer(staged, "Keycel colour", "lines", Place.BENEATH))
        staged.close()
        self.document.undo_stack.clear()
        record = self.record.with_layer(LayerRecord(self.layer, "lines", "keys"))
        self.memory.save(replace(record, choice=Choice("lines", "keys", self.layer)))
        for time, pixels in pictures.items():
            confidence = 0.8 if time == 4 else 0.2
            right = ROBE if time == 0 else HAIR
            # Takes are known by their pixels; so a twin with another report needs pixels of its own.
            marked = pixels if time != 4 else two_halves(HAIR, SKIN)
            self.document.layer(self.layer).keyframes[time] = marked
            words = report(SKIN, right, confidence) if time != 4 else report(HAIR, SKIN, confidence)
            self._remember(time, marked, words, 0)
        self.change_frame(7, written=(Written("", ""),))
        self.document.modified = False

    def _remember(self, time: int, pixels: bytes, words: dict[str, Any], seed: int) -> None:
        digest = digest_of(pixels)
        self.run(self.memory.keep_take(digest, pixels, words))
        unsure = sum(bool(region["reason"]) for region in words["regions"])
        take = Take(digest, TakeOrigin.ENGINE, seed, unsure)
        frame = self.ours.frame(time).with_written(Written(digest, self.drawing(time), digest), take)
        self.memory.save(self.record.with_layer(self.ours.with_frames([frame])))


def colors_of(pixels: bytes) -> set[Rgba]:
    """The different colours of a BGRA picture."""
    return {
        (pixels[start + 2], pixels[start + 1], pixels[start], pixels[start + 3])
        for start in range(0, len(pixels), 4)
    }


def visible(pictures: Iterable[bytes]) -> list[bool]:
    """Which pictures have any visible pixel."""
    return [any(pixels[3::4]) for pixels in pictures]
