"""Writes a procedural shot as a clip: a folder that the project's own commands score and colour."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from keycel_backend.io.results import encode_png, frame_name, prepare_folder, write_whole
from keycel_backend.regions.arrays import Pixels, distance_to
from keycel_backend.regions.lines import read_line_art
from keycel_backend.training.shots.shot import ProceduralShot
from keycel_backend.training.shots.style import Border

_FAINTEST_LINE = 12
"""Levels below the paper from which on a pixel counts as line."""


_MANY_GAPS = 2.0
_ROUGH, _THIN = 0.2, 1.5
_SOLID = 2.0
"""Line widths of depth from which on ink is an area, not a line."""


def kinds(shot: ProceduralShot) -> list[str]:
    """What is drawn in which way, by which results can be told apart."""
    style = shot.style
    shaded = any(base != number for number, base in enumerate(shot.bases, 1))
    gaps = "no gaps" if not style.gaps else "few gaps" if style.gaps <= _MANY_GAPS else "many gaps"
    found = {
        gaps: True,
        "pencil texture": style.grain > _ROUGH,
        "hard pixels": not style.smooth,
        "thin lines": style.width < _THIN,
        "solid black": any(_has_solid(drawing.line) for drawing in shot.drawings[:1]),
        "no separation lines": not shaded,
        "separation lines coloured": shaded and style.border is Border.TRACED,
        "separation lines like others": shaded and style.border is Border.INKED,
        "separations not drawn": shaded and style.border is Border.UNDRAWN,
        "on transparent": style.paper is None,
        "on paper": style.paper is not None,
    }
    return [kind for kind, is_so in found.items() if is_so]


def _has_solid(line: Pixels) -> bool:
    art = read_line_art(line)
    return bool(np.any(distance_to(~art.ink) > _SOLID * art.line_width))


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
        "kinds": kinds(shot),
        # soft flanks of lines are line, or the blend with them would count as a region's colour
        "region_thr": min(shot.style.paper or (255,)) - _FAINTEST_LINE,
    }
    write_whole(folder / "meta.json", json.dumps(body, indent=1).encode())
