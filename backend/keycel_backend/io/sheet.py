"""Contact sheet: many frames at a glance, before above after."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from keycel_backend.io.compose import WHITE, over_color
from keycel_backend.io.results import write_whole

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels

_CELL_WIDTH = 256
_MARGIN = 24
_GAP = 8
_CAPTION_HEIGHT = 20
_TITLE_HEIGHT = 44
_GROUND = (38, 40, 46)
_TITLE_COLOR = (240, 240, 240)
_CAPTION_COLOR = (170, 174, 184)
_MARK_COLOR = (255, 176, 32)


@dataclass(frozen=True)
class SheetCell:
    pixels: Pixels
    """RGBA; transparent parts are shown as white paper."""
    caption: str
    marked: bool = False
    """Drawn with a coloured frame, e.g. for painted keyframes."""


@dataclass(frozen=True)
class SheetPart:
    title: str
    cells: Sequence[SheetCell]


def write_contact_sheet(path: Path, parts: Sequence[SheetPart], columns: int = 6) -> None:
    """Write a PNG with one titled grid per part, in the order given.

    Raises:
        KeycelError: OUT_NOT_WRITABLE, RES_DISK_FULL.
    """
    cell_height = max(_cell_height(cell) for part in parts for cell in part.cells)
    row_height = cell_height + _CAPTION_HEIGHT + _GAP
    heights = [_TITLE_HEIGHT + row_height * math.ceil(len(part.cells) / columns) for part in parts]
    width = 2 * _MARGIN + columns * (_CELL_WIDTH + _GAP) - _GAP
    sheet = Image.new("RGB", (width, 2 * _MARGIN + sum(heights)), _GROUND)
    draw = ImageDraw.Draw(sheet)
    top = _MARGIN
    for part, height in zip(parts, heights, strict=True):
        draw.text((_MARGIN, top), part.title, fill=_TITLE_COLOR, font=ImageFont.load_default(24))
        for index, cell in enumerate(part.cells):
            left = _MARGIN + index % columns * (_CELL_WIDTH + _GAP)
            _draw_cell(sheet, draw, cell, left, top + _TITLE_HEIGHT + index // columns * row_height)
        top += height
    stream = io.BytesIO()
    sheet.save(stream, format="PNG")
    write_whole(path, stream.getvalue())


def _cell_height(cell: SheetCell) -> int:
    height, width = cell.pixels.shape[:2]
    return max(1, round(_CELL_WIDTH * height / width))


def _draw_cell(sheet: Image.Image, draw: ImageDraw.ImageDraw, cell: SheetCell, left: int, top: int) -> None:
    height = _cell_height(cell)
    picture = Image.fromarray(over_color(cell.pixels, WHITE))
    sheet.paste(picture.resize((_CELL_WIDTH, height), Image.Resampling.BOX), (left, top))
    if cell.marked:
        draw.rectangle((left, top, left + _CELL_WIDTH - 1, top + height - 1), outline=_MARK_COLOR, width=3)
    color = _MARK_COLOR if cell.marked else _CAPTION_COLOR
    draw.text((left, top + height + 2), cell.caption, fill=color, font=ImageFont.load_default(14))
