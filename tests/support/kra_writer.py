"""Writes animated layers with pixels as a .kra file that Krita opens, for tests."""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
TILE = 64
ICC = Path("/usr/share/color/icc/krita/sRGB-elle-V2-srgbtrc.icc")
DOCTYPE = "<!DOCTYPE DOC PUBLIC '-//KDE//DTD krita 2.0//EN' 'http://www.calligra.org/DTD/krita-2.0.dtd'>"
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True)
class Layer:
    """A paint layer. `cels` maps the frame numbers that share a picture (a clone keyframe) to it."""

    name: str
    cels: Mapping[tuple[int, ...], Pixels] = field(default_factory=dict)
    still: Pixels | None = None
    """Pixels of a layer without animation."""
    offset: tuple[int, int] = (0, 0)
    """Where the pictures' left top corner lies on the canvas; they may reach over its edges."""


def write_kra(
    path: Path, width: int, height: int, layers: Sequence[Layer], profile: Path = ICC, last: int = 0
) -> None:
    """`layers` are listed top-most first; pictures are RGBA, shape (height, width, 4).

    The clip lasts until the last keyframe, or until `last` if that is later.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("mimetype", "application/x-krita")
        entries = [_write_layer(archive, number, layer, profile) for number, layer in enumerate(layers, 2)]
        last = max([last, *(time for layer in layers for times in layer.cels for time in times)])
        timing = (
            f'<animation><framerate type="value" value="24"/><range type="timerange" from="0" to="{last}"/>'
            '<currentTime type="value" value="0"/></animation>'
        )
        image = (
            f'<IMAGE name="shot" mime="application/x-kra" width="{width}" height="{height}" '
            f'colorspacename="RGBA" profile="{profile.name}" x-res="120" y-res="120">'
            f"<layers>{''.join(entries)}</layers>{timing}</IMAGE>"
        )
        archive.writestr(
            "maindoc.xml",
            f'{XML}{DOCTYPE}\n<DOC xmlns="http://www.calligra.org/DTD/krita" editor="Krita" '
            f'syntaxVersion="2.0" kritaVersion="5.1.5">{image}</DOC>',
        )
        archive.writestr("shot/annotations/icc", profile.read_bytes())


def _write_layer(archive: zipfile.ZipFile, number: int, layer: Layer, profile: Path) -> str:
    base = f"layer{number}"
    folder = "shot/layers"
    archive.writestr(f"{folder}/{base}.icc", profile.read_bytes())
    if layer.still is not None:
        _write_pixels(archive, f"{folder}/{base}", layer.still)
        keyframes = ""
    else:
        _write_cels(archive, folder, base, layer)
        keyframes = f'keyframes="{base}.keyframes.xml" '
    return (
        f'<layer name="{layer.name}" filename="{base}" nodetype="paintlayer" uuid="{{{uuid.uuid4()}}}" '
        f'visible="1" locked="0" opacity="255" compositeop="normal" colorspacename="RGBA" '
        f'x="{layer.offset[0]}" y="{layer.offset[1]}" '
        f'{keyframes}intimeline="1"/>'
    )


def _write_cels(archive: zipfile.ZipFile, folder: str, base: str, layer: Layer) -> None:
    entries: list[tuple[int, str]] = []
    cels = dict(layer.cels)
    if all(0 not in times for times in cels):  # Krita always has a keyframe at 0
        cels[(0,)] = np.zeros_like(next(iter(cels.values())))
    for number, (times, pixels) in enumerate(cels.items()):
        name = base if number == 0 else f"{base}.f{number}"
        _write_pixels(archive, f"{folder}/{name}", pixels)
        entries += [(time, name) for time in times]
    keyframes = "".join(
        f'<keyframe time="{time}" frame="{name}" color-label="0">'
        f'<offset type="point" x="{layer.offset[0]}" y="{layer.offset[1]}"/></keyframe>'
        for time, name in sorted(entries)
    )
    archive.writestr(
        f"{folder}/{base}.keyframes.xml",
        f'{XML}<keyframes xmlns="http://www.calligra.org/DTD/krita-keyframes">'
        f'<channel name="content">{keyframes}</channel></keyframes>',
    )


def _write_pixels(archive: zipfile.ZipFile, name: str, pixels: Pixels) -> None:
    height, width = pixels.shape[:2]
    rows, columns = -(-height // TILE), -(-width // TILE)
    padded = np.zeros((rows * TILE, columns * TILE, 4), np.uint8)
    padded[:height, :width] = pixels[:, :, [2, 1, 0, 3]]
    parts: list[bytes] = []
    for row in range(rows):
        for column in range(columns):
            tile = padded[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
            if tile.any():
                head = f"{column * TILE},{row * TILE},LZF,{tile.size + 1}\n"
                parts.append(head.encode() + b"\0" + tile.tobytes())  # 0: stored, not compressed
    head = f"VERSION 2\nTILEWIDTH {TILE}\nTILEHEIGHT {TILE}\nPIXELSIZE 4\nDATA {len(parts)}\n"
    archive.writestr(name, head.encode() + b"".join(parts))
    archive.writestr(f"{name}.defaultpixel", bytes(4))
