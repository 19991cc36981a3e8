"""Writing the demo as a shot folder, and its true colours beside it."""

from __future__ import annotations

import json
from pathlib import Path

from keycel_backend.demo.fox import draw_fox
from keycel_backend.demo.motion import END, FPS, TIMES
from keycel_backend.demo.palette import COLORS
from keycel_backend.io.results import encode_png, frame_name, prepare_folder, write_whole

KEYFRAMES = (TIMES[0], TIMES[-1])

__all__ = ["KEYFRAMES", "TIMES", "write_demo_shot"]


def write_demo_shot(folder: Path, truth_folder: Path) -> None:
    """Draw the demo shot: 24 drawings of 1280 x 720, the first and the last painted.

    The same files, bit for bit, on every call. `truth_folder` gets the flats of every drawing in
    `color/` and a `meta.json`, ready for `score_folders(..., truth=truth_folder, line=folder / "line")`.

    Raises:
        KeycelError: OUT_NOT_WRITABLE, RES_DISK_FULL.
    """
    for part in (folder / "line", folder / "color", truth_folder / "color"):
        prepare_folder(part)
    for time in TIMES:
        cel = draw_fox(time)
        flats = encode_png(cel.flats())
        write_whole(folder / "line" / frame_name(time), encode_png(cel.lines()))
        write_whole(truth_folder / "color" / frame_name(time), flats)
        if time in KEYFRAMES:
            write_whole(folder / "color" / frame_name(time), flats)
    _write_json(folder / "shot.json", {"fps": FPS, "end": END})
    paper = [255, 255, 255]
    distinct = sorted({tuple(color) for color in COLORS.values()})
    _write_json(truth_folder / "meta.json", {"palette": [*(list(color) for color in distinct), paper]})


def _write_json(path: Path, body: dict[str, object]) -> None:
    write_whole(path, (json.dumps(body) + "\n").encode())
