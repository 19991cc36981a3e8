"""Whole pictures dealt with in slices, so that no event takes long: 2 MB are about 2 ms of hashing."""

from __future__ import annotations

import hashlib
import zlib

from keycel_plugin.tasks import pause
from keycel_shared.pixels import BYTES_PER_PIXEL

SLICE_BYTES = 2 * 1024 * 1024
_PACK_BYTES = 512 * 1024
"""Compressing is slower: about 3 ms."""


async def digest_in_slices(pixels: bytes) -> str:
    """What `keycel_shared.pixels.digest_of` gives."""
    return (await _look(pixels))[0]


async def shown_digest(pixels: bytes) -> str:
    """Digest of a picture; empty if there is none, or none of its pixels is visible."""
    digest, visible = await _look(pixels)
    return digest if visible else ""


async def packed(pixels: bytes) -> bytes:
    """Compressed; `zlib.decompress` undoes it. Flats shrink to about 1/150."""
    packer = zlib.compressobj(1)
    parts: list[bytes] = []
    for start in range(0, len(pixels), _PACK_BYTES):
        parts.append(packer.compress(pixels[start : start + _PACK_BYTES]))
        await pause()
    return b"".join((*parts, packer.flush()))


async def _look(pixels: bytes) -> tuple[str, bool]:
    hashing = hashlib.sha256()
    visible = False
    for start in range(0, len(pixels), SLICE_BYTES):
        part = pixels[start : start + SLICE_BYTES]
        hashing.update(part)
        if not visible:
            alpha = part[BYTES_PER_PIXEL - 1 :: BYTES_PER_PIXEL]
            visible = alpha.count(0) != len(alpha)
        await pause()
    return hashing.hexdigest(), visible
