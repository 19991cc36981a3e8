"""Krita's tile files: 64 x 64 tiles of raw pixel bytes, mostly LZF-compressed in planes.

Format ("VERSION 2"): five text lines of header, then per tile a line `x,y,LZF,length` and `length`
bytes. Their first byte is 1 for an LZF stream of the planar tile (all first bytes of the pixels,
all second bytes, ...) and 0 for the plain interleaved tile. A tile that is absent has the default
pixel everywhere. Tiles may lie off the canvas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray

TILE = 64
_TILE_PIXELS = TILE * TILE
_HEADER = re.compile(
    rb"VERSION 2\nTILEWIDTH 64\nTILEHEIGHT 64\nPIXELSIZE (\d{1,2})\nDATA (\d{1,9})\n", re.ASCII
)
_TILE_LINE = re.compile(rb"(-?\d{1,9}),(-?\d{1,9}),LZF,(\d{1,9})\n", re.ASCII)


class TileError(ValueError):
    """The stream is not what Krita writes."""


@dataclass(frozen=True)
class _Tile:
    left: int
    top: int
    data: bytes


@dataclass(frozen=True)
class TileFile:
    """A tile file whose directory has been read; pixels are decoded on demand."""

    pixel_size: int
    """Bytes per pixel."""
    tiles: tuple[_Tile, ...]

    @classmethod
    def parse(cls, data: bytes) -> TileFile:
        """Read the directory of tiles.

        Raises:
            TileError: malformed or cut off.
        """
        header = _HEADER.match(data)
        if header is None:
            raise TileError("unknown header")
        return cls(int(header[1]), tuple(_directory(data, header.end(), int(header[2]))))

    def decode(
        self,
        width: int,
        height: int,
        offset: tuple[int, int],
        default: bytes,
        byte_order: tuple[int, ...],
    ) -> NDArray[np.uint8]:
        """The canvas part of the layer, shape (height, width, bytes per pixel).

        Args:
            width: Canvas width in pixels.
            height: Canvas height in pixels.
            offset: Where the layer's origin lies on the canvas, x and y in pixels.
            default: The default pixel's bytes.
            byte_order: For each byte of an output pixel, the stored byte it comes from.

        Raises:
            TileError: a damaged tile.
        """
        if len(default) != self.pixel_size or len(byte_order) != self.pixel_size:
            raise TileError(f"{self.pixel_size} bytes per pixel do not fit the layer's colour space")
        grid = _Grid.over(width, height, offset)
        planes = np.empty((self.pixel_size, grid.rows * TILE, grid.columns * TILE), np.uint8)
        planes[:] = np.reshape(np.frombuffer(default, np.uint8), (-1, 1, 1))
        for tile in self.tiles:
            if grid.holds(tile):
                row, column = grid.row(tile) * TILE, grid.column(tile) * TILE
                decoded = np.reshape(_planes(tile, self.pixel_size), (-1, TILE, TILE))
                planes[:, row : row + TILE, column : column + TILE] = decoded
        top, left = grid.crop
        canvas = planes[:, top : top + height, left : left + width]
        # Interleaving all planes at once is several times faster than doing it tile by tile.
        return cast("NDArray[np.uint8]", cv2.merge([canvas[stored] for stored in byte_order]))

    def is_blank(self, width: int, height: int, offset: tuple[int, int], alpha: slice) -> bool:
        """True where no tile has a non-zero alpha byte on the canvas; stops at the first that has.

        The default pixel is not looked at. `alpha` are the alpha's bytes within a stored pixel.

        Raises:
            TileError: a damaged tile.
        """
        grid = _Grid.over(width, height, offset)
        for tile in self.tiles:
            if not grid.holds(tile):
                continue
            left, top = tile.left + offset[0], tile.top + offset[1]
            inside = (
                slice(max(0, -top), min(TILE, height - top)),
                slice(max(0, -left), min(TILE, width - left)),
            )
            planes = np.reshape(_planes(tile, self.pixel_size)[alpha], (-1, TILE, TILE))
            if planes[:, inside[0], inside[1]].any():
                return False
        return True


@dataclass(frozen=True)
class _Grid:
    """The tiles that a canvas needs, as rows and columns of the layer's own tile raster."""

    first_left: int
    first_top: int
    columns: int
    rows: int
    crop: tuple[int, int]
    """Row and column of the canvas corner within the raster."""

    @classmethod
    def over(cls, width: int, height: int, offset: tuple[int, int]) -> _Grid:
        left, top = -offset[0], -offset[1]
        first_left, first_top = left // TILE * TILE, top // TILE * TILE
        return cls(
            first_left,
            first_top,
            columns=-(-(left + width - first_left) // TILE),
            rows=-(-(top + height - first_top) // TILE),
            crop=(top - first_top, left - first_left),
        )

    def column(self, tile: _Tile) -> int:
        return (tile.left - self.first_left) // TILE

    def row(self, tile: _Tile) -> int:
        return (tile.top - self.first_top) // TILE

    def holds(self, tile: _Tile) -> bool:
        return 0 <= self.column(tile) < self.columns and 0 <= self.row(tile) < self.rows


def _directory(data: bytes, position: int, count: int) -> Iterator[_Tile]:
    for _ in range(count):
        line = _TILE_LINE.match(data, position)
        if line is None:
            raise TileError("a tile's place cannot be read")
        left, top, length = int(line[1]), int(line[2]), int(line[3])
        position = line.end() + length
        if left % TILE or top % TILE or not length or position > len(data):
            raise TileError(f"the tile at {left}, {top} is cut off or out of place")
        yield _Tile(left, top, data[line.end() : position])


def _planes(tile: _Tile, pixel_size: int) -> NDArray[np.uint8]:
    """The tile's bytes by plane, shape (bytes per pixel, 4096)."""
    size = _TILE_PIXELS * pixel_size
    marker = tile.data[0]
    if marker == 0:
        if len(tile.data) != size + 1:
            raise TileError(f"a plain tile of {len(tile.data) - 1} bytes")
        return np.transpose(np.reshape(np.frombuffer(tile.data[1:], np.uint8), (_TILE_PIXELS, pixel_size)))
    if marker != 1:
        raise TileError(f"unknown tile marker {marker}")
    try:
        plain = cast("bytes", imagecodecs.lzf_decode(tile.data[1:], out=size))
    except (imagecodecs.LzfError, ValueError, MemoryError) as error:
        raise TileError(f"a damaged tile ({error})") from error
    if len(plain) != size:
        raise TileError(f"a tile of {len(plain)} bytes")
    return np.reshape(np.frombuffer(plain, np.uint8), (pixel_size, _TILE_PIXELS))
