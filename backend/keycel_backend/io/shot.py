"""Opening a shot, from a folder or a `.kra` document, with every check that needs no engine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from keycel_backend.io.folder import read_pictures, read_reference
from keycel_backend.io.kra.reader import read_kra
from keycel_backend.io.raw import RawShot
from keycel_backend.io.settings import read_settings
from keycel_backend.io.source import PictureSource, ShotSource, shown_at
from keycel_shared.errors import ErrorCode, KeycelError

__all__ = ["PictureSource", "ShotSource", "open_shot"]


def open_shot(
    path: str | os.PathLike[str],
    line_layer: str | None = None,
    color_layer: str | None = None,
    sketch_layer: str | None = None,
) -> ShotSource:
    """Open a shot folder or a `.kra` document saved by Krita 5.1 to 6.0.

    Pictures are decoded lazily; all sizes are compared from headers. Only pictures that could be
    fully transparent are looked into, as those are no drawings (see `ShotSource`).

    Args:
        path: A folder with `line/` and `color/`, or a `.kra` file.
        line_layer: Name of the drawings' layer in a `.kra`; `None` chooses by the usual names.
        color_layer: The same for the painted keyframes.
        sketch_layer: The same for key sketches; without one there are none.

    Raises:
        KeycelError: DOC_NO_SHOT, DOC_NO_LINES, DOC_NO_KEYFRAME, DOC_SIZE_MISMATCH, DOC_FRAME_NAME,
            DOC_UNREADABLE_PICTURE, DOC_UNREADABLE_KRA, DOC_UNSUPPORTED_COLOR, DOC_TOO_LARGE,
            DOC_NO_SUCH_LAYER, DOC_BAD_OPTION.
    """
    shot = Path(path)
    if shot.is_dir():
        refuse_layer_names(line_layer, color_layer, sketch_layer)
        return _checked(_read_folder(shot))
    if not shot.exists():
        raise KeycelError(
            ErrorCode.DOC_NO_SHOT,
            f"There is no shot at {shot}.",
            "Give the path of a shot folder (with line/ and color/ inside) or of a .kra document.",
        )
    if shot.suffix.lower() != ".kra":
        raise KeycelError(
            ErrorCode.DOC_NO_SHOT,
            f"{shot} is neither a shot folder nor a .kra document.",
            "Give the path of a folder with line/ and color/ inside, or save the document as .kra.",
        )
    return _checked(read_kra(shot, line_layer, color_layer, sketch_layer))


def refuse_layer_names(*names: str | None) -> None:
    """Raises KeycelError (DOC_BAD_OPTION) if any name is given."""
    if any(names):
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION,
            "Layers can only be chosen for .kra documents, and this shot is a folder.",
            "Leave the layer options out; a shot folder's layers are its folders line, color and sketch.",
        )


def _read_folder(folder: Path) -> RawShot:
    settings = read_settings(folder / "shot.json")
    return RawShot(
        name=folder.resolve().name,
        fps=settings.fps,
        lines=read_pictures(folder / "line"),
        colors=read_pictures(folder / "color"),
        lines_from=str(folder / "line"),
        colors_from=str(folder / "color"),
        end=settings.end,
        sketches=read_pictures(folder / "sketch"),
        reference=read_reference(folder),
        palette=settings.palette,
        options=settings.options,
        notes=settings.notes,
    )


def _checked(raw: RawShot) -> ShotSource:
    require_one_size(raw)
    drawings, gaps = split_blank(raw.lines)
    if not drawings:
        raise KeycelError(
            ErrorCode.DOC_NO_LINES,
            f"There are no drawings in {raw.lines_from}.",
            "Choose the layer or folder that holds the line art.",
            detail=f"{len(raw.lines)} pictures, all fully transparent" if raw.lines else "it is empty",
        )
    first = next(iter(drawings))
    painted, _ = split_blank({first: next(iter(raw.colors.values()))} if _is_still(raw) else raw.colors)
    starts = tuple(drawings)
    keyframes = {
        time: picture for time, picture in painted.items() if shown_at(time, starts, gaps) is not None
    }
    if not keyframes:
        raise _no_keyframe(raw, painted, first)
    width, height = drawings[first].size
    return ShotSource(
        name=raw.name,
        width=width,
        height=height,
        fps=raw.fps,
        end=max(raw.end, max(*drawings, *keyframes, *gaps) + 1),
        drawings=drawings,
        keyframes=keyframes,
        gaps=gaps,
        sketches=split_blank(raw.sketches)[0],
        reference=raw.reference,
        palette=raw.palette,
        options=raw.options,
        notes=(*raw.notes, *_unused_keyframes(painted, keyframes)),
    )


def _is_still(raw: RawShot) -> bool:
    return raw.colors_are_still and bool(raw.colors)


def require_one_size(raw: RawShot) -> None:
    """Raises KeycelError (DOC_SIZE_MISMATCH)."""
    pictures = [*raw.lines.values(), *raw.sketches.values(), *raw.colors.values()]
    if not pictures:
        return
    expected = pictures[0].size
    for picture in pictures[1:]:
        if picture.size != expected:
            width, height = picture.size
            raise KeycelError(
                ErrorCode.DOC_SIZE_MISMATCH,
                f"{picture.describe()} is {width} x {height} pixels, but {pictures[0].describe()} is "
                f"{expected[0]} x {expected[1]}.",
                "Export all drawings and keyframes at one size.",
            )


def split_blank(
    pictures: Mapping[int, PictureSource],
) -> tuple[dict[int, PictureSource], tuple[int, ...]]:
    """Pictures with something in them, and the times of those without."""
    drawn = {time: picture for time, picture in pictures.items() if not picture.is_blank()}
    return drawn, tuple(time for time in pictures if time not in drawn)


def _no_keyframe(raw: RawShot, painted: Mapping[int, PictureSource], first: int) -> KeycelError:
    if painted:
        title = f"No drawing is shown at any painted keyframe of {raw.colors_from}."
        detail = f"painted at {_listed(painted)}; the first drawing is at {first}"
    else:
        title = f"There is no painted keyframe in {raw.colors_from}."
        detail = f"{len(raw.colors)} pictures, all fully transparent" if raw.colors else "it is empty"
    remedy = "Paint at least one drawing of the shot, at the frame number of that drawing."
    return KeycelError(ErrorCode.DOC_NO_KEYFRAME, title, remedy, detail=detail)


def _unused_keyframes(
    painted: Mapping[int, PictureSource], keyframes: Mapping[int, PictureSource]
) -> tuple[str, ...]:
    unused = [time for time in painted if time not in keyframes]
    if not unused:
        return ()
    return (f"Painted at times when no drawing is shown, so not used: {_listed(unused)}.",)


def _listed(times: Mapping[int, PictureSource] | list[int]) -> str:
    return ", ".join(str(time) for time in times)
