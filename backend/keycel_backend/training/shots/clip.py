"""Writes a procedural shot as a clip: a folder that the project's own commands score and colour."""

from __future__ import annotations

import json
from pathlib import Path

from keycel_backend.io.results import encode_png, frame_name, prepare_folder, write_whole
from keycel_backend.training.shots.shot import ProceduralShot

_FAINTEST_LINE = 12
"""Levels below the paper from which on a pixel counts as line."""


def write_clip(shot: ProceduralShot, folder: Path) -> None:
    """`line/` and `color/` with a picture at the first frame of every drawing, and `meta.json`.

    The colours are flats on transparent, known under the lines too.

    Raises:
        KeycelError: OUT_NOT_WRITABLE, RES_DISK_FULL.
    """
    for part in ("line", "color"):
        prepare_folder(folder / part)
    for drawing in shot.drawings:
        name = frame_name(drawing.times[0])
        write_whole(folder / "line" / name, encode_png(drawing.line))
        write_whole(folder / "color" / name, encode_png(drawing.flats))
    palette = [list(color) for color in sorted({*shot.colors, (255, 255, 255)})]
    body = {
        "name": f"procedural-{shot.seed}",
        "width": shot.width,
        "height": shot.height,
        "palette": palette,
        # soft flanks of lines are line, or the blend with them would count as a region's colour
        "region_thr": min(shot.style.paper or (255,)) - _FAINTEST_LINE,
    }
    write_whole(folder / "meta.json", json.dumps(body, indent=1).encode())
