"""A shot's pictures as the protocol wants them: raw BGRA bytes under their digest."""

from __future__ import annotations

from collections.abc import Mapping

from keycel_backend.io.bgra import to_bgra
from keycel_backend.io.source import PictureSource
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import PictureAt
from keycel_shared.pixels import digest_of

KEEP_BYTES = 512 * 1024 * 1024
"""Decoded pictures kept between naming and sending them; longer shots are decoded twice."""


class ShotUpload:
    """Names every picture of a shot by its digest and gives its bytes again when they are wanted."""

    def __init__(self) -> None:
        self._sources: dict[str, PictureSource] = {}
        self._kept: dict[str, memoryview] = {}
        self._kept_bytes = 0

    def name(self, pictures: Mapping[int, PictureSource]) -> tuple[PictureAt, ...]:
        """Digests of `pictures`. Raises what `PictureSource.load` raises."""
        return tuple(PictureAt(time, self.name_one(source)) for time, source in pictures.items())

    def name_one(self, source: PictureSource) -> str:
        data = to_bgra(source.load())
        digest = digest_of(data)
        self._sources[digest] = source
        if digest not in self._kept and self._kept_bytes + len(data) <= KEEP_BYTES:
            self._kept[digest] = data
            self._kept_bytes += len(data)
        return digest

    def read(self, digest: str) -> memoryview:
        """The bytes named `digest`.

        Raises:
            KeycelError: DOC_UNREADABLE_PICTURE if the file was changed in the meantime.
        """
        kept = self._kept.pop(digest, None)
        if kept is not None:
            self._kept_bytes -= len(kept)
            return kept
        source = self._sources[digest]
        data = to_bgra(source.load())
        if digest_of(data) != digest:
            raise KeycelError(
                ErrorCode.DOC_UNREADABLE_PICTURE,
                f"{source.describe()} was changed while the shot was being sent.",
                "Start again.",
                retryable=True,
            )
        return data
