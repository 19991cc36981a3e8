"""How fast an engine colours a shot, inside this process: no supervisor, no files."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import psutil

from keycel_backend.engines.base import Drawing, Keyframe, Request, Shot
from keycel_backend.engines.registry import load_engine
from keycel_backend.io.source import ShotSource

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels

SAMPLE_SECONDS = 0.02


@dataclass(frozen=True)
class EngineSpeed:
    width: int
    height: int
    drawings: int
    first_frame_seconds: float
    """Until the first frame that is not a keyframe's own."""
    seconds_per_drawing: float
    processor_seconds_per_drawing: float
    """Of all cores together: unlike the time that passes, hardly changed by what else the machine does."""
    peak_memory_bytes: int
    """Resident memory of the process at its highest, libraries included."""


def measure_engine(name: str, shot: ShotSource, width: int, height: int) -> EngineSpeed:
    """Colour all drawings of `shot`, scaled to `width` x `height`, and time it.

    Decoding and scaling are done beforehand and are not counted.
    """
    pictures: dict[str, Pixels] = {}
    for number, source in shot.drawings.items():
        pictures[f"line {number}"] = scaled(source.load(), width, height)
    for number, source in shot.keyframes.items():
        # Nearest neighbour: a mixed colour would be a new palette entry.
        pictures[f"color {number}"] = scaled(source.load(), width, height, cv2.INTER_NEAREST)
    drawings = tuple(Drawing((number,), f"line {number}") for number in shot.drawings)
    keyframes = tuple(Keyframe(number, f"color {number}") for number in shot.keyframes)
    request = Request(Shot(width, height, drawings, keyframes, pictures.__getitem__), tuple(shot.drawings))
    engine = load_engine(name, "colorize")
    engine.load("cpu", "float32")
    first = 0.0
    with MemoryWatch() as memory:
        began, begun = time.perf_counter(), time.process_time()
        for result in engine.run(request, lambda _share, _phase: None, lambda: False):
            if not first and result.time not in shot.keyframes:
                first = time.perf_counter() - began
        seconds, busy = time.perf_counter() - began, time.process_time() - begun
    count = len(drawings)
    return EngineSpeed(width, height, count, first, seconds / count, busy / count, memory.peak)


def scaled(picture: Pixels, width: int, height: int, interpolation: int = cv2.INTER_LINEAR) -> Pixels:
    """`picture` at another size; itself where the size is right already."""
    if picture.shape[:2] == (height, width):
        return picture
    return cv2.resize(picture, (width, height), interpolation=interpolation).astype(picture.dtype)


class MemoryWatch:
    """Highest resident memory of this process while the block runs."""

    def __init__(self) -> None:
        self.peak = 0
        self._process = psutil.Process()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory watch")

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, self._process.memory_info().rss)
