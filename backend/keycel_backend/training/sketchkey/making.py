"""Makes the examples that are missing, in processes beside the training."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType

import cv2

from keycel_backend.training.matcher.making import HELD_OUT_SEED, seeds_of
from keycel_backend.training.sketchkey.examples import make_example, save

__all__ = ["HELD_OUT_SEED", "ExampleMaker", "example_path", "seeds_of"]


def example_path(folder: Path, seed: int) -> Path:
    return folder / f"{seed:09d}.npz"


class ExampleMaker:
    """Makes the missing examples of all shots of `seeds`, in their order; none with 0 `workers`."""

    def __init__(self, folder: Path, seeds: Sequence[int], side: int, multiple: int, workers: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        missing = [seed for seed in seeds if not example_path(folder, seed).exists()]
        # a fresh interpreter: forked OpenCV threads would hang
        self._pool = multiprocessing.get_context("spawn").Pool(max(1, workers), _begin)
        made = partial(_make, folder, side, multiple)
        self._made = self._pool.map_async(made, missing, chunksize=1)

    def __enter__(self) -> ExampleMaker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.terminate()
        self._pool.join()

    def wait(self, seeds: Sequence[int]) -> None:
        """Until all of `seeds` are stored. Raises what went wrong while making one."""
        while not all(example_path(self._folder, seed).exists() for seed in seeds):
            if self._made.ready():
                self._made.get()
            time.sleep(0.2)


def _begin() -> None:
    os.nice(10)
    cv2.setNumThreads(1)


def _make(folder: Path, side: int, multiple: int, seed: int) -> None:
    save(make_example(seed, side, multiple), example_path(folder, seed))
