"""PNG files as RGBA pictures.

Sizes come from the header alone. Decoding checks every chunk's checksum first, because decoders
differ in how much damage they silently accept. Pixel values are taken as they are stored: an
embedded colour profile or gamma is not applied, so that palette colours stay exact.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from keycel_backend.io.limits import MAX_PIXELS, check_size
from keycel_shared.errors import ErrorCode, KeycelError

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_BYTES = 33
_COLOR_TYPES_WITH_ALPHA = (4, 6)
_BIT_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_MAX_FILE_BYTES = MAX_PIXELS * 8 + (1 << 24)
_OTHER_FORMATS = (
    (b"\xff\xd8", "JPEG"),
    (b"RIFF", "WebP"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"8BPS", "PSD"),
)
_OTHER_FORMATS_LONG = ((b"II*\0", "TIFF"), (b"MM\0*", "TIFF"))


@dataclass(frozen=True)
class PngHeader:
    width: int
    height: int
    bit_depth: int
    color_type: int


@dataclass(frozen=True)
class PngFile:
    """A picture on disk (a `PictureSource`)."""

    path: Path

    @cached_property
    def header(self) -> PngHeader:
        return read_header(self.path)

    @property
    def size(self) -> tuple[int, int]:
        return self.header.width, self.header.height

    def load(self) -> Pixels:
        return load_png(self.path)

    def is_blank(self) -> bool:
        # A palette (type 3) may carry transparency too.
        if self.header.color_type not in (*_COLOR_TYPES_WITH_ALPHA, 3):
            return False
        return is_blank(self.load())

    def describe(self) -> str:
        return str(self.path)


def is_blank(pixels: Pixels) -> bool:
    """True where every pixel of an RGBA picture is fully transparent."""
    return not pixels[..., 3].any()


def read_header(path: Path) -> PngHeader:
    """Size and kind of a PNG file from its first bytes.

    Raises:
        KeycelError: DOC_UNREADABLE_PICTURE (missing, not PNG, damaged header), DOC_TOO_LARGE.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_HEADER_BYTES)
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from error
    return _parse_header(start, path)


def load_png(path: Path) -> Pixels:
    """Decode a PNG file of any kind to RGBA uint8, shape (height, width, 4).

    Grey becomes equal red, green and blue; 16-bit values are rounded to 8 bits; pictures without
    alpha are opaque.

    Raises:
        KeycelError: DOC_UNREADABLE_PICTURE, DOC_TOO_LARGE.
    """
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise unreadable(path, "the file is larger than any picture it could hold")
        data = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from error
    return decode_png(data, path)


def decode_png(data: bytes, path: Path) -> Pixels:
    """`load_png` for bytes at hand; `path` only names the picture in errors."""
    header = _parse_header(data[:_HEADER_BYTES], path)
    _check_chunks(data, path)
    try:
        decoded = cast("NDArray[np.uint8] | NDArray[np.uint16]", imagecodecs.png_decode(data))
    except (imagecodecs.PngError, ValueError, MemoryError) as error:
        raise unreadable(path, str(error)) from error
    if decoded.shape[:2] != (header.height, header.width):
        raise unreadable(path, f"decoded to shape {decoded.shape}")
    return to_rgba8(decoded)


def to_rgba8(picture: NDArray[np.uint8] | NDArray[np.uint16]) -> Pixels:
    """Grey, grey with alpha, RGB or RGBA of 8 or 16 bits per channel to RGBA of 8 bits.

    A plain change of number format: no colour management takes place.
    """
    narrow = _to_8_bits(picture) if picture.dtype == np.uint16 else cast("NDArray[np.uint8]", picture)
    if narrow.ndim == 2:
        narrow = narrow[..., None]
    channels = narrow.shape[2]
    if channels == 4:
        return np.ascontiguousarray(narrow)
    rgba = np.full((*narrow.shape[:2], 4), 255, np.uint8)
    rgba[..., :3] = narrow[..., :3] if channels == 3 else narrow[..., :1]
    if channels == 2:
        rgba[..., 3] = narrow[..., 1]
    return rgba


def _to_8_bits(picture: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
    return _rounded_bytes()[picture]


@lru_cache(maxsize=1)
def _rounded_bytes() -> NDArray[np.uint8]:
    """Table from 16-bit to 8-bit values, rounded: 65535 becomes 255."""
    values = np.arange(65536, dtype=np.uint32)
    return ((values * 255 + 32767) // 65535).astype(np.uint8)


def _parse_header(start: bytes, path: Path) -> PngHeader:
    if not start.startswith(SIGNATURE):
        raise _not_png(start, path)
    if len(start) < _HEADER_BYTES or start[8:16] != b"\0\0\0\rIHDR":
        raise unreadable(path, "the file ends inside its header")
    if zlib.crc32(start[12:29]) != struct.unpack(">I", start[29:33])[0]:
        raise unreadable(path, "the header's checksum is wrong")
    width, height, bit_depth, color_type = struct.unpack(">IIBB", start[16:26])
    if width == 0 or height == 0 or bit_depth not in _BIT_DEPTHS.get(color_type, ()):
        raise unreadable(path, f"impossible header: {width} x {height}, type {color_type}, depth {bit_depth}")
    check_size(width, height, str(path))
    return PngHeader(width, height, bit_depth, color_type)


def _check_chunks(data: bytes, path: Path) -> None:
    """Walk all chunks up to the end mark and compare their checksums."""
    position = len(SIGNATURE)
    view = memoryview(data)
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        name = data[position + 4 : position + 8]
        checksum_at = position + 8 + length
        if checksum_at + 4 > len(data):
            break
        (checksum,) = struct.unpack_from(">I", data, checksum_at)
        if zlib.crc32(view[position + 4 : checksum_at]) != checksum:
            raise unreadable(path, f"the checksum of part {name!r} is wrong")
        if name == b"IEND":
            return
        position = checksum_at + 4
    raise unreadable(path, "the file is cut off")


def _not_png(start: bytes, path: Path) -> KeycelError:
    for magic, name in (*_OTHER_FORMATS, *_OTHER_FORMATS_LONG):
        if start.startswith(magic):
            return KeycelError(
                ErrorCode.DOC_UNREADABLE_PICTURE,
                f"{path} is a {name} picture; drawings and keyframes must be PNG.",
                "Export it again as PNG (RGB or grey, 8 or 16 bits), which keeps colours exact.",
                detail=str(path),
            )
    return unreadable(path, "the file is empty" if not start else "not a PNG file")


def unreadable(path: Path, detail: str) -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_UNREADABLE_PICTURE,
        f"{path} cannot be read as a picture.",
        "Export this picture again as PNG and start once more.",
        detail=f"{path}: {detail}",
    )
