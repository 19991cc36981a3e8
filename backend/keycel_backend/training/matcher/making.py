"""Makes and stores the examples to train on; what is stored already is not made again."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from keycel_backend.regions.arrays import Integers
from keycel_backend.training.matcher.examples import shot_examples
from keycel_backend.training.matcher.store import save
from keycel_backend.training.shots.shot import ProceduralShot, ShotSettings, generate_shot

PAIRS = 12
"""Of each shot."""
HELD_OUT_SEED = 900_000_000
"""Shots from this seed on are never trained on."""
_SETTINGS = ShotSettings(heights=(240, 560), drawings=(6, 9))
"""Regions are compared at 480 pixels: larger canvases only cost time."""


def seeds_of(seed: int, shots: int) -> range:
    """Shot seeds of a training: those of different trainings do not meet below a thousand trainings."""
    return range(seed * 100_000, seed * 100_000 + shots)


def shot_path(folder: Path, seed: int) -> Path:
    """Where the examples of a shot are stored; an empty file if it has no pair."""
    return folder / f"{seed:09d}.npz"


class ShotMaker:
    """Makes the missing examples of all shots of `seeds`, in their order, in processes beside this one."""

    def __init__(self, folder: Path, seeds: Sequence[int], workers: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        missing = [seed for seed in seeds if not shot_path(folder, seed).exists()]
        # a fresh interpreter: forked OpenCV threads would hang
        self._pool = multiprocessing.get_context("spawn").Pool(workers, _begin)
        self._made = self._pool.map_async(partial(_make, folder), missing, chunksize=1)

    def __enter__(self) -> ShotMaker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.terminate()
        self._pool.join()

    def wait(self, seeds: Iterable[int]) -> None:
        """Until all of `seeds` are stored. Raises what went wrong while making one."""
        while not all(shot_path(self._folder, seed).exists() for seed in seeds):
            if self._made.ready():
                self._made.get()
            time.sleep(0.2)


def _begin() -> None:
    os.nice(7)
    cv2.setNumThreads(1)


def _make(folder: Path, seed: int) -> None:
    shot = generate_shot(seed, _SETTINGS)
    drawings = [(drawing.line, drawing.identity) for drawing in shot.drawings]
    examples = shot_examples(drawings, _color_numbers(shot), seed, PAIRS)
    path = shot_path(folder, seed)
    if examples.pairs:
        save(examples, path)
    else:
        path.touch()  # remembers that this seed gives nothing to compare


def _color_numbers(shot: ProceduralShot) -> Integers:
    """For each identity, 0 (background) first: a number that is the same for equal colours."""
    return np.array([1 << 24, *(red << 16 | green << 8 | blue for red, green, blue in shot.colors)], np.int64)
