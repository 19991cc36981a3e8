"""Opening key sketches with their references, from a folder or a `.kra` document."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from keycel_backend.engines.base import OptionValue, Rgba
from keycel_backend.io.folder import read_pictures, read_reference
from keycel_backend.io.kra.reader import read_kra_sketches
from keycel_backend.io.raw import RawShot
from keycel_backend.io.settings import read_settings
from keycel_backend.io.shot import refuse_layer_names, require_one_size, split_blank
from keycel_backend.io.source import PictureSource
from keycel_shared.errors import ErrorCode, KeycelError


@dataclass(frozen=True)
class SketchSource:
    """Checked key sketches: at least two, all of one size."""

    name: str
    width: int
    height: int
    sketches: Mapping[int, PictureSource]
    """By frame number, ascending."""
    keyframes: Mapping[int, PictureSource]
    """Painted frames by frame number, ascending; none is needed."""
    reference: PictureSource | None
    """The first key sketch in colour."""
    frames: tuple[int, ...]
    """Frame numbers that the shot states as wanted, ascending; empty: all between first and last key."""
    palette: tuple[Rgba, ...]
    options: Mapping[str, OptionValue]
    notes: tuple[str, ...]


def open_sketches(
    path: str | os.PathLike[str], sketch_layer: str | None = None, color_layer: str | None = None
) -> SketchSource:
    """Open `sketch/`, `color/`, `reference.png` and `shot.json` of a folder, or the layers of a `.kra`.

    Raises:
        KeycelError: as `open_shot`; DOC_NO_LINES where there are fewer than two key sketches.
    """
    shot = Path(path)
    if shot.is_dir():
        refuse_layer_names(sketch_layer, color_layer)
        settings = read_settings(shot / "shot.json")
        raw = RawShot(
            name=shot.resolve().name,
            fps=settings.fps,
            lines={},
            colors=read_pictures(shot / "color"),
            lines_from="",
            colors_from=str(shot / "color"),
            sketches=read_pictures(shot / "sketch"),
            reference=read_reference(shot),
            palette=settings.palette,
            options=settings.options,
            notes=settings.notes,
        )
        return _checked(raw, f"in {shot / 'sketch'}", settings.frames)
    if not shot.exists() or shot.suffix.lower() != ".kra":
        raise KeycelError(
            ErrorCode.DOC_NO_SHOT,
            f"There is no shot at {shot}." if not shot.exists() else f"{shot} is no shot.",
            "Give the path of a shot folder with sketch/ inside, or of a .kra document.",
        )
    return _checked(read_kra_sketches(shot, sketch_layer, color_layer), f"on the sketch layer of {shot}", ())


def _checked(raw: RawShot, where: str, frames: tuple[int, ...]) -> SketchSource:
    require_one_size(raw)
    sketches, empty = split_blank(raw.sketches)
    if len(sketches) < 2:
        raise KeycelError(
            ErrorCode.DOC_NO_LINES,
            f"There is only one key sketch {where}." if sketches else f"There are no key sketches {where}.",
            "In-betweens need at least two key sketches, each at its own frame.",
            detail=f"{len(raw.sketches)} pictures, {len(raw.sketches) - len(sketches)} of them transparent",
        )
    first = min(sketches)
    painted, _ = split_blank({first: raw.colors[min(raw.colors)]} if raw.colors_are_still else raw.colors)
    early = [time for time in painted if time < first]
    width, height = sketches[first].size
    reference = raw.reference
    if reference is not None and reference.size != (width, height):
        raise KeycelError(
            ErrorCode.DOC_SIZE_MISMATCH,
            f"{reference.describe()} is {reference.size[0]} x {reference.size[1]} pixels, but the key "
            f"sketches are {width} x {height}.",
            "The reference must be the first key sketch in colour, at the same size.",
        )
    usable = None if reference is None or reference.is_blank() else reference
    keyframes = {time: picture for time, picture in painted.items() if time >= first}
    return SketchSource(
        name=raw.name,
        width=width,
        height=height,
        sketches=sketches,
        keyframes=keyframes,
        reference=usable,
        frames=frames,
        palette=raw.palette,
        options=raw.options,
        notes=(*raw.notes, *_left_out(empty, early, reference is not usable, bool(keyframes or usable))),
    )


def _left_out(
    empty: Sequence[int], early: Sequence[int], reference_is_blank: bool, colored: bool
) -> tuple[str, ...]:
    notes: list[str] = []
    if empty:
        notes.append(f"Key sketches with nothing drawn on them, so not used: {_listed(empty)}.")
    if early:
        notes.append(f"Painted before the first key sketch, so not used: {_listed(early)}.")
    if reference_is_blank:
        notes.append("Nothing is painted on reference.png, so it is not used.")
    if not colored:
        notes.append("No key sketch is painted and there is no reference.png: only lines are drawn.")
    return tuple(notes)


def _listed(times: Sequence[int]) -> str:
    return ", ".join(map(str, times))
