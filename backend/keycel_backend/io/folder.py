"""Shot folders: `line/`, `color/`, `sketch/`, `reference.png` and `shot.json`."""

from __future__ import annotations

import re
from pathlib import Path

from keycel_backend.io.limits import MAX_TIME
from keycel_backend.io.pictures import PngFile
from keycel_backend.io.source import PictureSource
from keycel_shared.errors import ErrorCode, KeycelError

_NUMBER_AT_END = re.compile(r"(\d+)$")
_PICTURE_SUFFIXES = frozenset(
    (
        ".png",
        ".jpg",
        ".jpeg",
        ".webp",
        ".gif",
        ".bmp",
        ".tif",
        ".tiff",
        ".tga",
        ".exr",
        ".psd",
        ".kra",
        ".avif",
    )
)


def read_pictures(folder: Path) -> dict[int, PictureSource]:
    """The numbered PNG files of a folder by frame number, ascending; headers are not read yet.

    The number is the digits at the end of the name (`0012.png`, `walk_12.png`). Files that are no
    pictures are ignored; pictures of other kinds are refused, because leaving a frame out silently
    would put a hold in its place. A missing folder gives an empty result.

    Raises:
        KeycelError: DOC_UNREADABLE_PICTURE, DOC_FRAME_NAME.
    """
    found: dict[int, PictureSource] = {}
    for path in _pictures_in(folder):
        if path.suffix.lower() != ".png":
            raise _not_png(path)
        time = _frame_number(path)
        if time in found:
            raise KeycelError(
                ErrorCode.DOC_FRAME_NAME,
                f"{path} and {found[time].describe()} have the same frame number {time}.",
                "Give each picture a number of its own.",
            )
        found[time] = PngFile(path)
    return dict(sorted(found.items()))


def read_reference(folder: Path) -> PictureSource | None:
    """`reference.png` of a shot folder, if there is one.

    Raises:
        KeycelError: DOC_UNREADABLE_PICTURE where the reference is not a PNG file.
    """
    for path in _pictures_in(folder):
        if path.stem.lower() == "reference":
            if path.suffix.lower() != ".png":
                raise _not_png(path)
            return PngFile(path)
    return None


def _pictures_in(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise KeycelError(
            ErrorCode.DOC_NO_SHOT,
            f"The folder {folder} cannot be read.",
            "Check its name and your permission to read it.",
            detail=error.strerror or str(error),
        ) from error
    # Hidden files are the leftovers of file managers and archivers, e.g. "._0001.png".
    return [
        path
        for path in entries
        if not path.name.startswith(".") and path.suffix.lower() in _PICTURE_SUFFIXES and path.is_file()
    ]


def _frame_number(path: Path) -> int:
    matched = _NUMBER_AT_END.search(path.stem)
    if matched and len(matched[1].lstrip("0")) <= len(str(MAX_TIME)):
        return int(matched[1])
    raise KeycelError(
        ErrorCode.DOC_FRAME_NAME,
        f"{path} has no frame number that Keycel can use.",
        f"Name drawings and keyframes by their frame number, as in 0012.png (0 to {MAX_TIME}).",
    )


def _not_png(path: Path) -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_UNREADABLE_PICTURE,
        f"{path} is not a PNG file; drawings, keyframes and references must be PNG.",
        "Export it again as PNG (RGB or grey, 8 or 16 bits), which keeps colours exact.",
        detail=str(path),
    )
