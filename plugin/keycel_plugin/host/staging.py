"""The staging document: a hidden document whose one layer has keyframes at the wanted times.

Frames are filled in as they arrive; the finished layer then goes to the artist's document in one
undo step. Cost at 1280x720 on two old cores: 130 to 300 ms to open (one call, it cannot be divided),
6 ms per frame, 50 ms to close.
"""

from __future__ import annotations

import hashlib
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from keycel_plugin.tasks import pause
from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.pixels import BYTES_PER_PIXEL

from . import api
from .color_space import ColorSpace, icc_bytes
from .hidden import close_hidden, open_hidden
from .idle import until_idle
from .staging_file import Skeleton, write_skeleton

BAND_BYTES = 2 * 1024 * 1024
"""Pixels written per event: 3 to 8 ms, hashing included."""


class Staging:
    """Fill it with `put`, hand `node` over, `close` it."""

    def __init__(self, width: int, height: int, space: ColorSpace, cels: Sequence[Sequence[int]]) -> None:
        """`cels` lists the frame numbers of each picture; those of one picture share it.

        Raises:
            KeycelError: OUT_NOT_WRITABLE if the temporary folder cannot be written.
        """
        self.space = space
        self._size = (width, height)
        self._cels = {min(times): tuple(times) for times in cels}
        self._digests: dict[int, str] = {}
        path = Path(tempfile.gettempdir()) / f"keycel-{uuid.uuid4().hex}.kra"
        try:
            write_skeleton(path, Skeleton(width, height, space.profile, icc_bytes(space), cels))
            self.document = open_hidden(path)
        except OSError as error:
            raise KeycelError(
                ErrorCode.OUT_NOT_WRITABLE,
                _("The temporary folder cannot be written."),
                _("Free some disk space, then press the button again; finished colours are kept."),
                str(error),
            ) from error
        finally:
            path.unlink(missing_ok=True)

    @property
    def node(self) -> api.Node:
        return self.document.rootNode().childNodes()[0]

    @property
    def digests(self) -> Mapping[int, str]:
        """Frame number to digest of what was put there, for reading back."""
        return self._digests

    async def put(self, time: int, pixels: bytes) -> None:
        """Fill the picture whose first frame number is `time` with BGRA bytes of canvas size."""
        width, height = self._size
        self.document.setCurrentTime(time)
        await until_idle(self.document)  # other threads carry it out; pixels set before that land elsewhere
        node, hashing = self.node, hashlib.sha256()
        rows = max(1, BAND_BYTES // (width * BYTES_PER_PIXEL))
        for top in range(0, height, rows):
            count = min(rows, height - top)
            start = top * width * BYTES_PER_PIXEL
            band = pixels[start : start + count * width * BYTES_PER_PIXEL]
            node.setPixelData(band, 0, top, width, count)
            hashing.update(band)
            await pause()
        self.document.setModified(False)  # else Krita would autosave it during long jobs
        self._digests.update(dict.fromkeys(self._cels[time], hashing.hexdigest()))

    async def settle(self) -> None:
        """Wait until Krita has finished with the document."""
        await until_idle(self.document)

    async def adopt(self, other: Staging) -> api.Node:
        """The layer of `other`, or a twin of it in this document."""
        if other is self:
            return self.node
        twin = other.node.clone()
        self.document.rootNode().addChildNode(twin, self.node)
        await until_idle(self.document)
        return twin

    def close(self) -> None:
        close_hidden(self.document)
