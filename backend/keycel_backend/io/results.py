"""Writing results: pictures and `report.json`, each complete or not there at all."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import imagecodecs

from keycel_backend.engines.base import RegionReport, Rgba
from keycel_backend.io.region_json import region_to_json
from keycel_shared.errors import ErrorCode, ErrorValue, KeycelError

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels

REPORT_NAME = "report.json"
REPORT_VERSION = 1
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# Level 1 takes a quarter of level 6's time; flats shrink enough at any level.
_COMPRESSION = 1


@dataclass(frozen=True)
class FrameReport:
    """What `report.json` says about one coloured frame."""

    time: int
    engine: str
    seed: int
    """The job seed that gives this frame again: that of its take, 0 for the first answer."""
    seconds: float
    palette: tuple[Rgba, ...]
    regions: tuple[RegionReport, ...]

    def to_json(self) -> dict[str, object]:
        return {
            "time": self.time,
            "file": frame_name(self.time),
            "engine": self.engine,
            "seed": self.seed,
            "seconds": round(self.seconds, 4),
            "palette": [list(color) for color in self.palette],
            "regions": [region_to_json(region) for region in self.regions],
        }


@dataclass(frozen=True)
class RunReport:
    """The whole of `report.json`."""

    shot: str
    keyframes: tuple[int, ...]
    """Frame numbers of the painted keyframes; `keycel score` leaves them out."""
    frames: tuple[FrameReport, ...]
    failed: tuple[tuple[int, ErrorValue], ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        return {
            "version": REPORT_VERSION,
            "shot": self.shot,
            "keyframes": list(self.keyframes),
            "frames": [frame.to_json() for frame in self.frames],
            "failed": [{"time": time, "error": error.to_json()} for time, error in self.failed],
            "notes": list(self.notes),
        }


def frame_name(time: int) -> str:
    """File name of a frame: four digits, more where the number needs them."""
    return f"{time:04d}.png"


def prepare_folder(folder: Path) -> None:
    """Create the result folder and prove that files can be written there, before any work is done.

    Raises:
        KeycelError: OUT_NOT_WRITABLE, RES_DISK_FULL.
    """
    probe = folder / f".keycel-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"keycel")
        probe.unlink()
    except OSError as error:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
        raise write_error(folder, error) from error


def write_frame(folder: Path, time: int, pixels: Pixels) -> Path:
    """Write one result frame (RGBA PNG) and return its path.

    Raises:
        KeycelError: OUT_NOT_WRITABLE, RES_DISK_FULL.
    """
    path = folder / frame_name(time)
    write_png(path, pixels)
    return path


def write_png(path: Path, pixels: Pixels) -> None:
    """Write an RGBA picture losslessly; an interrupted write leaves any older file as it was.

    Raises:
        KeycelError: OUT_NOT_WRITABLE, RES_DISK_FULL.
    """
    write_whole(path, encode_png(pixels))


def encode_png(pixels: Pixels) -> bytes:
    return bytes(cast("bytes | bytearray", imagecodecs.png_encode(pixels, level=_COMPRESSION)))


def write_report(folder: Path, report: RunReport) -> Path:
    """Write `report.json` and return its path.

    Raises:
        KeycelError: OUT_NOT_WRITABLE, RES_DISK_FULL.
    """
    path = folder / REPORT_NAME
    write_whole(path, (json.dumps(report.to_json(), indent=1) + "\n").encode())
    return path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file through a temporary neighbour that takes its name only when complete.

    Raises:
        KeycelError: OUT_NOT_WRITABLE, RES_DISK_FULL.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise write_error(path, error) from error


def write_error(path: Path, error: OSError) -> KeycelError:
    """The user's error for a failed write."""
    reason = error.strerror or str(error)
    if error.errno in _DISK_FULL:
        return KeycelError(
            ErrorCode.RES_DISK_FULL,
            f"There is no space left to write {path}.",
            "Free some space or choose another folder with --out, then start again; finished frames stay.",
            detail=reason,
            retryable=True,
        )
    return KeycelError(
        ErrorCode.OUT_NOT_WRITABLE,
        f"{path} cannot be written.",
        "Choose another folder with --out, or change the permissions of this one.",
        detail=reason,
    )
