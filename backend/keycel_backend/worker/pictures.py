"""Pictures between the frame store (raw BGRA8) and engines (RGBA arrays)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keycel_backend.engines.base import FrameResult
from keycel_backend.io.bgra import from_bgra, to_bgra
from keycel_backend.io.region_json import region_with_shape_to_json
from keycel_backend.supervisor.blob_files import BlobFiles, missing_blob
from keycel_shared.pixels import byte_count, digest_of
from keycel_shared.wire import Buffer

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels


def load_picture(files: BlobFiles, digest: str, width: int, height: int) -> Pixels:
    """RGBA, shape (height, width, 4).

    Raises:
        KeycelError: RES_MISSING_BLOB if it is not stored, damaged, or of another size.
    """
    data = files.read(digest)
    if len(data) != byte_count(width, height):
        raise missing_blob(digest, f"{len(data)} bytes")
    return from_bgra(data, width, height)


def store_picture(files: BlobFiles, picture: Pixels) -> str:
    """Write an RGBA picture; its digest. Raises what `BlobFiles.write` raises."""
    return store_bytes(files, to_bgra(picture))


def store_bytes(files: BlobFiles, data: Buffer) -> str:
    digest = digest_of(data)
    if not files.exists(digest):
        files.write(digest, files.pack(data))
    return digest


def report_bytes(result: FrameResult) -> bytes:
    """A frame's report as `docs/protocol.md` states it."""
    report = {
        "palette": [_numbers(color) for color in result.palette],
        "regions": [region_with_shape_to_json(region) for region in result.regions],
    }
    return json.dumps(report, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _numbers(values: tuple[int, ...]) -> list[int]:
    return [int(value) for value in values]  # engines may hand over NumPy integers
