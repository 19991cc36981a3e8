"""The bundled demo shot as a Krita document."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from support.kra_writer import Layer, Pixels, write_kra
from support.walking_figure import REPEATED

from keycel_backend.demo.shot import write_demo_shot

SIZE = (1280, 720)


def write_demo_document(folder: Path) -> Path:
    """24 drawings on irregular exposures, one used twice (a clone keyframe); first and last painted."""
    write_demo_shot(folder / "shot", folder / "truth")
    lines = {(time,): picture for time, picture in read_pictures(folder / "shot" / "line").items()}
    lines[REPEATED] = lines.pop((REPEATED[0],))
    keys = {(time,): picture for time, picture in read_pictures(folder / "shot" / "color").items()}
    paper = np.full((SIZE[1], SIZE[0], 4), 255, np.uint8)
    path = folder / "demo.kra"
    write_kra(path, *SIZE, [Layer("Lines", lines), Layer("Colour keys", keys), Layer("Paper", still=paper)])
    return path


def read_pictures(folder: Path) -> dict[int, Pixels]:
    return {int(path.stem): np.asarray(Image.open(path).convert("RGBA")) for path in folder.glob("*.png")}
