"""Reading a shot out of the document: which drawings and painted keyframes there are."""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable

from keycel_plugin.flow.slices import shown_digest
from keycel_plugin.host.ports import LayerReader, ShotDocument
from keycel_plugin.state.progress import Progress
from keycel_plugin.state.records import Choice
from keycel_plugin.tasks import pause
from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import PictureAt
from keycel_shared.pixels import LARGEST_SIDE


class Shot:
    """The pictures of a shot by digest. Only digests are kept; pixels are read again when asked for."""

    def __init__(
        self,
        document: ShotDocument,
        line_layer: str,
        color_layer: str,
        readers: tuple[LayerReader, LayerReader],
    ) -> None:
        """Use `open` instead. `readers` are those of the two layers."""
        self.document = document
        self.line_layer = line_layer
        self.color_layer = color_layer
        self.size = document.size
        self.exposures: list[PictureAt] = []
        """Every keyframe of the line layer, ascending; the digest of one without a visible pixel is empty."""
        self.keyframes: list[PictureAt] = []
        """What is painted on drawings, ascending."""
        self._pictures: dict[str, Callable[[], bytes]] = {}
        self._lines, self._colors = readers

    @classmethod
    async def open(cls, document: ShotDocument, line_layer: str, color_layer: str) -> Shot:
        """Open the two layers for reading; `close` afterwards.

        Raises:
            KeycelError: DOC_* if the choice of layers cannot work.
        """
        _check(document, line_layer, color_layer)
        lines = await document.open_reader(line_layer, color_layer)
        try:
            colors = await document.open_reader(color_layer, color_layer)
        except BaseException:
            lines.close()
            raise
        return cls(document, line_layer, color_layer, (lines, colors))

    async def read(self, progress: Progress) -> None:
        """Look at every picture once, in slices.

        Raises:
            KeycelError: DOC_NO_LINES.
        """
        total = len(self._lines.times) + len(self._colors.times)
        for number, time in enumerate(self._lines.times):
            progress.show(_("Reading the timeline"), number, total)
            self.exposures.append(PictureAt(time, await self._digest(self._lines, time)))
        if not self.drawings:
            raise _no_lines()
        for number, time in enumerate(self._colors.times, len(self._lines.times)):
            progress.show(_("Reading the timeline"), number, total)
            digest = await self._digest(self._colors, time)
            if digest and self.drawing_at(time) is not None:
                # Paint on a frame without lines says nothing about any drawing.
                self.keyframes.append(PictureAt(time, digest))

    @property
    def drawings(self) -> list[PictureAt]:
        """Ascending; without those that have no visible pixel."""
        return [exposure for exposure in self.exposures if exposure.digest]

    def drawing_at(self, time: int) -> PictureAt | None:
        """The drawing shown at a frame number, holds resolved; None if nothing is drawn there."""
        index = bisect_right(self.exposures, time, key=_time_of)
        exposure = self.exposures[index - 1] if index else None
        return exposure if exposure is not None and exposure.digest else None

    def drawings_at(self, times: Collection[int]) -> list[PictureAt]:
        """The drawings shown at any of some frame numbers, ascending.

        Raises:
            KeycelError: DOC_NO_SUCH_FRAME if nothing is drawn at any of them.
        """
        found = {drawing.time: drawing for time in times if (drawing := self.drawing_at(time))}
        if not found:
            raise _no_such_frame(min(times, default=0))
        return [found[time] for time in sorted(found)]

    def digests_at(self, times: Iterable[int]) -> dict[int, str]:
        """Digest of the drawing shown at each frame number; empty where nothing is drawn."""
        shown = ((time, self.drawing_at(time)) for time in times)
        return {time: drawing.digest if drawing else "" for time, drawing in shown}

    def first_time(self, digest: str) -> int:
        """The engine knows a drawing by its first frame number, also when it comes back later."""
        return next(drawing.time for drawing in self.drawings if drawing.digest == digest)

    def picture(self, digest: str) -> bytes:
        """The pixels of one picture, read from the document.

        Raises:
            KeycelError: DOC_CHANGED if it is not what it was.
        """
        return self._pictures[digest]()

    def add_picture(self, digest: str, read: Callable[[], bytes]) -> None:
        """Offer one more picture that a job may ask for."""
        self._pictures.setdefault(digest, read)

    def close(self) -> None:
        self._lines.close()
        self._colors.close()

    async def _digest(self, reader: LayerReader, time: int) -> str:
        await pause()
        pixels = reader.picture(time)
        checksum = zlib.crc32(pixels)
        digest = await shown_digest(pixels)
        if digest:
            self.add_picture(digest, lambda: _read_again(reader, time, checksum))
        return digest


def check_references(keyframes: Collection[PictureAt], choice: Choice) -> None:
    """Raises DOC_NO_KEYFRAME if nothing says which colours are wanted.

    Whether a reference picture is enough, the engine says.
    """
    if not keyframes and not choice.reference_layer:
        raise KeycelError(
            ErrorCode.DOC_NO_KEYFRAME,
            _("The colour layer has no painted keyframe on any drawing."),
            _("Paint at least one frame of the shot on the colour layer, or choose another colour layer."),
        )


def _time_of(picture: PictureAt) -> int:
    return picture.time


def _read_again(reader: LayerReader, time: int, checksum: int) -> bytes:
    """The artist may draw while a long shot is being sent."""
    pixels = reader.picture(time)
    if zlib.crc32(pixels) != checksum:
        raise KeycelError(
            ErrorCode.DOC_CHANGED,
            _("Frame {time} was changed while the shot was being sent.").format(time=time),
            _("Press the button again; what was sent is not sent again."),
            retryable=True,
        )
    return pixels


def _check(document: ShotDocument, line_layer: str, color_layer: str) -> None:
    if not document.is_open():
        raise KeycelError(
            ErrorCode.DOC_NO_SHOT,
            _("There is no open document."),
            _("Open the animation with its line layer and painted keyframes."),
        )
    names = {layer.id: layer.name for layer in document.layers()}
    if line_layer not in names:
        raise KeycelError(
            ErrorCode.DOC_NO_SUCH_LAYER,
            _("No line layer is chosen."),
            _("Choose the line layer in the Keycel docker."),
        )
    if color_layer not in names:
        raise KeycelError(
            ErrorCode.DOC_NO_SUCH_LAYER,
            _("No colour layer is chosen."),
            _("Choose the colour layer in the Keycel docker."),
        )
    if line_layer == color_layer:
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION,
            _("The line layer and the colour layer are the same layer."),
            _("Paint the keyframes on a layer of their own and choose it as the colour layer."),
            names[line_layer],
        )
    if max(document.size) > LARGEST_SIDE:
        raise KeycelError(
            ErrorCode.DOC_TOO_LARGE,
            _("The canvas is larger than {side} pixels.").format(side=LARGEST_SIDE),
            _("Scale the image down, or crop it to the part that is animated."),
        )


def _no_lines() -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_NO_LINES,
        _("The line layer has no drawings."),
        _("Choose the layer with the line art, or draw on it first."),
    )


def _no_such_frame(time: int) -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_NO_SUCH_FRAME,
        _("There is no drawing at frame {time}.").format(time=time),
        _("Move the playhead to a frame on which the line layer has a drawing."),
    )
