"""The known colours of a sequence, read from folders of numbered PNG files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from keycel_backend.evaluate.color import Rgb, pack
from keycel_backend.evaluate.regions import Mask, TrueRegions, regions_between_lines, regions_of_paint
from keycel_backend.io.compose import WHITE, over_color
from keycel_backend.io.folder import read_pictures
from keycel_backend.io.source import PictureSource
from keycel_backend.regions.compositing import flatten
from keycel_shared.errors import ErrorCode, KeycelError

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels

_INK_BELOW = 200
_NEAR_INK_BELOW = 250
_SMALLEST_REGION = 10
_SAME_PAINT, _SAME_MEDIAN = 2.0, 8.0
_BACKGROUND_BORDER_SHARE = 0.3


@dataclass(frozen=True)
class TruthSettings:
    """What a `meta.json` beside the truth says about it."""

    ink_below: int = _INK_BELOW
    """A pixel is line where its darkest channel is below this."""
    smallest_region: int = _SMALLEST_REGION
    tolerance: float | None = None
    """Largest dE76 that counts as the right colour."""
    palette: tuple[tuple[int, int, int], ...] = ()
    kinds: tuple[str, ...] = ()
    """Ways of drawing by which results are told apart."""


@dataclass(frozen=True)
class TrueFrame:
    """One frame of the truth; all pictures of one size."""

    color: Rgb
    """With the lines."""
    paint: Rgb | None
    """Without the lines, where known."""
    lines: Rgb
    ink_below: int

    @property
    def ink(self) -> Mask:
        return np.min(self.lines, axis=2) < self.ink_below

    @property
    def near_ink(self) -> Mask:
        return np.min(self.lines, axis=2) < _NEAR_INK_BELOW


@dataclass(frozen=True)
class Truth:
    """Lazily read sequence of true frames."""

    colors: Mapping[int, PictureSource]
    paints: Mapping[int, PictureSource]
    """Paint without the lines; empty where unknown."""
    lines: Mapping[int, PictureSource]
    settings: TruthSettings

    @property
    def times(self) -> tuple[int, ...]:
        return tuple(self.colors)

    @property
    def has_paint(self) -> bool:
        return bool(self.paints)

    @property
    def tolerance(self) -> float:
        if self.has_paint:
            return self.settings.tolerance if self.settings.tolerance is not None else _SAME_PAINT
        return _SAME_MEDIAN

    def frame(self, time: int) -> TrueFrame:
        lines = self.lines[time].load()
        color = self.colors[time].load()
        paint = over_color(self.paints[time].load(), WHITE) if self.has_paint else None
        return TrueFrame(
            color=with_lines(color, lines),
            paint=paint,
            lines=over_color(lines, WHITE),
            ink_below=self.settings.ink_below,
        )

    def regions(self, frame: TrueFrame) -> TrueRegions:
        if frame.paint is None:
            return regions_between_lines(frame.color, frame.ink)
        return regions_of_paint(frame.paint, frame.ink, self.settings.smallest_region)

    def background(self) -> int | None:
        """Packed colour that is most frequent on the left, right and top border of the first frame."""
        frame = self.frame(self.times[0])
        codes = pack(frame.color if frame.paint is None else frame.paint)
        border = np.concatenate([codes[0], codes[:, 0], codes[:, -1]])
        distinct, counts = np.unique(border, return_counts=True)
        if frame.paint is None and counts.max() <= _BACKGROUND_BORDER_SHARE * len(border):
            return None
        return int(distinct[np.argmax(counts)])


def open_truth(folder: Path, line_folder: Path) -> Truth:
    """Open the truth in `folder`, whose drawings are in `line_folder`.

    `folder` holds numbered PNG files with the lines in them, or flats with transparent parts. A
    folder `fill` beside it gives the paint without the lines; a `meta.json` beside it the palette
    and thresholds. The folder around `color/` may be given instead of `color/` itself.

    Raises:
        KeycelError: DOC_NO_SHOT, DOC_NO_SUCH_FRAME, DOC_SIZE_MISMATCH, DOC_UNREADABLE_PICTURE,
            DOC_BAD_OPTION.
    """
    colors_folder = folder / "color" if (folder / "color").is_dir() else folder
    colors = read_pictures(colors_folder)
    lines = read_pictures(line_folder)
    if not colors:
        raise KeycelError(
            ErrorCode.DOC_NO_SHOT,
            f"There are no true colours in {colors_folder}.",
            "Give a folder with one numbered PNG per frame.",
        )
    missing = [time for time in colors if time not in lines]
    if missing:
        raise KeycelError(
            ErrorCode.DOC_NO_SUCH_FRAME,
            f"{line_folder} has no drawing for frame {missing[0]} of {colors_folder}.",
            "Give the drawings of the same frames with --line.",
        )
    paints = _paints(colors_folder, colors)
    require_same_sizes([*colors.values(), *(lines[time] for time in colors), *paints.values()])
    return Truth(colors, paints, lines, _read_settings(colors_folder.parent / "meta.json"))


def with_lines(picture: Pixels, lines: Pixels) -> Rgb:
    """A frame as it is seen: flats with transparent parts get paper and lines, others stay."""
    if np.all(picture[..., 3] == 255):
        return np.ascontiguousarray(picture[..., :3])
    return np.ascontiguousarray(flatten(picture, lines)[..., :3])


def require_same_sizes(pictures: list[PictureSource]) -> None:
    """Raises DOC_SIZE_MISMATCH, naming the first picture that differs from the first of all."""
    for picture in pictures[1:]:
        if picture.size != pictures[0].size:
            raise KeycelError(
                ErrorCode.DOC_SIZE_MISMATCH,
                f"{picture.describe()} is {picture.size[0]} x {picture.size[1]} pixels, but "
                f"{pictures[0].describe()} is {pictures[0].size[0]} x {pictures[0].size[1]}.",
                "Compare pictures of one size.",
            )


def _paints(folder: Path, colors: dict[int, PictureSource]) -> dict[int, PictureSource]:
    beside = read_pictures(folder.parent / "fill") if folder.name == "color" else {}
    if all(time in beside for time in colors):
        return {time: beside[time] for time in colors}
    first = next(iter(colors.values()))
    # Flats on transparent ground are themselves the paint without the lines.
    return colors if bool(np.any(first.load()[..., 3] == 0)) else {}


def _read_settings(path: Path) -> TruthSettings:
    try:
        parsed: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return TruthSettings()
    except (OSError, ValueError, RecursionError) as error:
        raise _bad_meta(path, str(error)) from error
    if not isinstance(parsed, dict):
        raise _bad_meta(path, "not an object")
    body = cast("dict[str, object]", parsed)
    tolerance = body.get("tol")
    return TruthSettings(
        ink_below=int(_number(body.get("region_thr", _INK_BELOW), path)),
        smallest_region=int(_number(body.get("min_region", _SMALLEST_REGION), path)),
        tolerance=None if tolerance is None else _number(tolerance, path),
        palette=_palette(body.get("palette", []), path),
        kinds=_kinds(body.get("kinds", []), path),
    )


def _palette(value: object, path: Path) -> tuple[tuple[int, int, int], ...]:
    if not isinstance(value, list):
        raise _bad_meta(path, "palette is no list")
    colors: list[tuple[int, int, int]] = []
    for entry in cast("list[object]", value):
        channels = cast("list[object]", entry) if isinstance(entry, list) else []
        numbers = [channel for channel in channels if type(channel) is int and 0 <= channel <= 255]
        if len(numbers) != 3 or len(channels) != 3:
            raise _bad_meta(path, f"{entry!r} is no colour")
        colors.append((numbers[0], numbers[1], numbers[2]))
    return tuple(colors)


def _kinds(value: object, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _bad_meta(path, "kinds is no list")
    return tuple(str(kind) for kind in cast("list[object]", value))


def _number(value: object, path: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _bad_meta(path, f"{value!r} is no number")
    return float(value)


def _bad_meta(path: Path, detail: str) -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_BAD_OPTION,
        f"{path} cannot be used: {detail}.",
        "Correct the file, or remove it to use the defaults.",
    )
