"""Examples on disk: one file of arrays for each shot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from keycel_backend.regions.learned_cues import PairCues
from keycel_backend.regions.learned_views import DrawingView
from keycel_backend.training.matcher.examples import Pair, ShotExamples, Truth

_Record = TypeVar("_Record", DrawingView, PairCues, Truth)


def save(examples: ShotExamples, path: Path) -> None:
    """Numbers are kept with half precision; a file is either whole or not there."""
    arrays: dict[str, NDArray[Any]] = {
        "pairs": np.array([(pair.target, pair.source) for pair in examples.pairs], np.int64).reshape(-1, 2),
        "views": np.array(len(examples.views)),
    }
    for number, one in enumerate(examples.views):
        arrays |= _fields_of(one, f"view{number}")
    for number, pair in enumerate(examples.pairs):
        arrays |= _fields_of(pair.cues, f"cues{number}")
        arrays |= _fields_of(pair.truth, f"truth{number}")
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    unfinished.replace(path)


def load(path: Path, some: Callable[[int], Iterable[int]] = range) -> ShotExamples:
    """`some`: which of so many pairs to load, all of them unless told. Only their drawings are loaded."""
    with np.load(path) as stored:
        places = stored["pairs"]
        chosen = [int(number) for number in some(len(places))]
        views = sorted({int(view) for number in chosen for view in places[number]})
        pairs = tuple(
            Pair(
                views.index(int(places[number, 0])),
                views.index(int(places[number, 1])),
                _record(PairCues, stored, f"cues{number}"),
                _record(Truth, stored, f"truth{number}"),
            )
            for number in chosen
        )
        return ShotExamples(tuple(_record(DrawingView, stored, f"view{view}") for view in views), pairs)


def _fields_of(record: DrawingView | PairCues | Truth, name: str) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        found[f"{name}.{field.name}"] = value.astype(np.float16) if value.dtype.kind == "f" else value
    return found


def _record(kind: type[_Record], stored: Mapping[str, NDArray[Any]], name: str) -> _Record:
    return kind(**{field.name: _restored(stored[f"{name}.{field.name}"]) for field in fields(kind)})


def _restored(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(np.float32) if array.dtype == np.float16 else array
