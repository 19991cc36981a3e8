"""Makes and stores the examples to train on; what is stored already is not made again."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2

from keycel_backend.training.matcher.examples import shot_examples
from keycel_backend.training.matcher.store import save
from keycel_backend.training.shots.shot import ShotSettings, generate_shot

PAIRS = 14
"""Of each shot."""
HELD_OUT_SEED = 900_000_000
"""Shots from this seed on are never trained on."""
_SETTINGS = ShotSettings(heights=(256, 720), drawings=(6, 9))
"""Regions are compared at 480 pixels: larger canvases only cost time."""


def seeds_of(seed: int, shots: int) -> range:
    """Shot seeds of a training: those of different trainings do not meet below a thousand trainings."""
    return range(seed * 100_000, seed * 100_000 + shots)


def make_shots(
    folder: Path, seeds: Sequence[int], workers: int, made: Callable[[int, int], None]
) -> list[Path]:
    """Paths of the stored examples of all shots of `seeds` that have a pair, in their order.

    Each of `workers` processes makes one shot after another; `made` is told how many of all are ready.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [seed for seed in seeds if not _path(folder, seed).exists()]
    # a fresh interpreter: forked OpenCV threads would hang
    with multiprocessing.get_context("spawn").Pool(workers, _begin) as pool:
        for number, _ in enumerate(pool.imap_unordered(partial(_make, folder), missing), start=1):
            made(len(seeds) - len(missing) + number, len(seeds))
    return [path for seed in seeds if (path := _path(folder, seed)).stat().st_size > 0]


def _begin() -> None:
    os.nice(10)
    cv2.setNumThreads(1)


def _make(folder: Path, seed: int) -> None:
    shot = generate_shot(seed, _SETTINGS)
    drawings = [(drawing.line, drawing.identity) for drawing in shot.drawings]
    examples = shot_examples(drawings, seed, PAIRS)
    path = _path(folder, seed)
    if examples.pairs:
        save(examples, path)
    else:
        path.touch()  # remembers that this seed gives nothing to compare


def _path(folder: Path, seed: int) -> Path:
    return folder / f"{seed:09d}.npz"
