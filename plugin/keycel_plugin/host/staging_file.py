"""Writes the skeleton of an animated layer as a .kra file: empty keyframes at exact times.

Krita's Python API cannot create keyframes; opening a file that has them can. The format is described
in Krita's source (`plugins/impex/libkra`); only what a layer without pixels needs is written here.
"""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

_DOCTYPE = "<!DOCTYPE DOC PUBLIC '-//KDE//DTD krita 2.0//EN' 'http://www.calligra.org/DTD/krita-2.0.dtd'>"
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAME = "staging"
_LAYER = "layer2"
_PIXEL_SIZE = 4
_NO_TILES = b"VERSION 2\nTILEWIDTH 64\nTILEHEIGHT 64\nPIXELSIZE 4\nDATA 0\n"
"""A frame's pixel file with no tiles: everything is the default pixel, transparent."""


@dataclass(frozen=True)
class Skeleton:
    """An 8-bit RGBA animated layer without pixels."""

    width: int
    height: int
    profile: str
    icc: bytes
    cels: Sequence[Sequence[int]]
    """Frame numbers of each picture. Those of one picture become clone keyframes, which share it."""


def write_skeleton(path: Path, skeleton: Skeleton) -> None:
    """Write the file (under a millisecond for usual shots)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("mimetype", "application/x-krita")  # must be the first entry
        archive.writestr("maindoc.xml", _main_document(skeleton))
        archive.writestr("documentinfo.xml", _document_info())
        layers = f"{_NAME}/layers/{_LAYER}"
        archive.writestr(f"{layers}.keyframes.xml", _keyframes(skeleton))
        archive.writestr(f"{layers}.icc", skeleton.icc)
        for number in range(len(_cels(skeleton))):
            archive.writestr(f"{_NAME}/layers/{_frame_file(number)}", _NO_TILES)
            archive.writestr(f"{_NAME}/layers/{_frame_file(number)}.defaultpixel", bytes(_PIXEL_SIZE))
        archive.writestr(f"{_NAME}/annotations/icc", skeleton.icc)


def _cels(skeleton: Skeleton) -> list[Sequence[int]]:
    """With a blank keyframe at 0 where there is none: Krita always has one, and misses its pixels."""
    starts_later = all(0 not in times for times in skeleton.cels)
    return [*([(0,)] if starts_later else []), *skeleton.cels]


def _frame_file(number: int) -> str:
    return _LAYER if number == 0 else f"{_LAYER}.f{number}"


def _keyframes(skeleton: Skeleton) -> str:
    entries = sorted((time, number) for number, times in enumerate(_cels(skeleton)) for time in times)
    keyframes = "".join(
        f'<keyframe time="{time}" frame="{_frame_file(number)}" color-label="0">'
        '<offset type="point" x="0" y="0"/></keyframe>'
        for time, number in entries
    )
    return (
        f'{_XML}<keyframes xmlns="http://www.calligra.org/DTD/krita-keyframes">'
        f'<channel name="content">{keyframes}</channel></keyframes>'
    )


def _main_document(skeleton: Skeleton) -> str:
    last = max((time for times in skeleton.cels for time in times), default=0)
    # Invisible: Krita then has no picture of the whole document to compute while frames are filled in.
    layer = (
        f'<layer name="colours" filename="{_LAYER}" keyframes="{_LAYER}.keyframes.xml" '
        f'nodetype="paintlayer" uuid="{{{uuid.uuid4()}}}" colorspacename="RGBA" compositeop="normal" '
        'opacity="255" visible="0" locked="0" collapsed="0" x="0" y="0" colorlabel="0" onionskin="0" '
        'intimeline="1" channelflags="" channellockflags=""/>'
    )
    image = (
        f'<IMAGE name="{_NAME}" mime="application/x-kra" width="{skeleton.width}" '
        f'height="{skeleton.height}" colorspacename="RGBA" profile={quoteattr(skeleton.profile)} '
        'x-res="120" y-res="120" description="">'
        f"<layers>{layer}</layers><animation>"
        '<framerate type="value" value="24"/>'
        f'<range type="timerange" from="0" to="{last}"/>'
        '<currentTime type="value" value="0"/></animation></IMAGE>'
    )
    return (
        f'{_XML}{_DOCTYPE}\n<DOC xmlns="http://www.calligra.org/DTD/krita" editor="Krita" '
        f'syntaxVersion="2.0" kritaVersion="5.1.5">{image}</DOC>'
    )


def _document_info() -> str:
    return (
        '<?xml version="1.0"?><document-info xmlns="http://www.calligra.org/DTD/document-info">'
        "<about/></document-info>"
    )
