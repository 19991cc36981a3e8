"""Raw pictures as they travel: BGRA, 8 bits, straight alpha, rows top to bottom, no padding."""

from __future__ import annotations

import hashlib

BYTES_PER_PIXEL = 4
LARGEST_SIDE = 16384


def digest_of(data: bytes | bytearray | memoryview) -> str:
    """Name of a picture or report in the frame store: hex sha256 of its bytes."""
    return hashlib.sha256(data).hexdigest()


def is_digest(text: str) -> bool:
    return len(text) == 64 and all(character in "0123456789abcdef" for character in text)


def byte_count(width: int, height: int) -> int:
    return width * height * BYTES_PER_PIXEL
