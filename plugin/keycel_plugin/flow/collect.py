"""Reading a shot out of the document: which drawings and painted keyframes there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from keycel_plugin.host.ports import LayerReader, ShotDocument
from keycel_plugin.state.progress import Progress
from keycel_plugin.tasks import pause
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.messages import PictureAt
from keycel_shared.pixels import BYTES_PER_PIXEL, LARGEST_SIDE, digest_of


@dataclass(frozen=True)
class Source:
    """Where a shot comes from."""

    document: ShotDocument
    line_layer: str
    color_layer: str


class Shot:
    """The pictures of a shot by digest. Only digests are kept; pixels are read again when asked for."""

    def __init__(self, source: Source) -> None:
        """Open the two layers for reading; `close` afterwards.

        Raises:
            KeycelError: DOC_* if the choice of layers cannot work.
        """
        _check(source)
        self.source = source
        self.size = source.document.size
        self.drawings: list[PictureAt] = []
        """Ascending; drawings without a single visible pixel are left out."""
        self.blanks: list[int] = []
        """Frame numbers of drawings without a visible pixel."""
        self.keyframes: list[PictureAt] = []
        self._places: dict[str, tuple[LayerReader, int]] = {}
        self._lines = source.document.open_reader(source.line_layer, source.color_layer)
        try:
            self._colors = source.document.open_reader(source.color_layer, source.color_layer)
        except BaseException:
            self._lines.close()
            raise

    async def read(self, progress: Progress) -> None:
        """Look at every picture once, one per event.

        Raises:
            KeycelError: DOC_NO_LINES, DOC_NO_KEYFRAME.
        """
        total = len(self._lines.times) + len(self._colors.times)
        for number, time in enumerate(self._lines.times):
            progress.show("Reading the timeline", number, total)
            digest = await self._digest(self._lines, time)
            if digest is None:
                self.blanks.append(time)
            else:
                self.drawings.append(PictureAt(time, digest))
        for number, time in enumerate(self._colors.times, len(self._lines.times)):
            progress.show("Reading the timeline", number, total)
            digest = await self._digest(self._colors, time)
            if digest is not None and self._shows_a_drawing(time):
                self.keyframes.append(PictureAt(time, digest))
        if not self.drawings:
            raise _no_lines()
        if not self.keyframes:
            raise _no_keyframe()

    def picture(self, digest: str) -> bytes:
        """The pixels of one picture, read from the document."""
        reader, time = self._places[digest]
        return reader.picture(time)

    def drawing_at(self, time: int) -> PictureAt:
        """The drawing shown at a frame number, holds resolved.

        Raises:
            KeycelError: DOC_NO_SUCH_FRAME if nothing is drawn there.
        """
        shown = [drawing for drawing in self.drawings if drawing.time <= time]
        if not shown or any(shown[-1].time < blank <= time for blank in self.blanks):
            raise KeycelError(
                ErrorCode.DOC_NO_SUCH_FRAME,
                f"There is no drawing at frame {time}.",
                "Move the playhead to a frame on which the line layer has a drawing.",
            )
        return shown[-1]

    def starts(self) -> dict[str, tuple[int, ...]]:
        """Ascending frame numbers at which each different drawing starts, by its digest."""
        found: dict[str, list[int]] = {}
        for drawing in self.drawings:
            found.setdefault(drawing.digest, []).append(drawing.time)
        return {digest: tuple(times) for digest, times in found.items()}

    def cels(self) -> list[tuple[int, ...]]:
        """Frame numbers of each different drawing, and the blank ones by themselves."""
        return [*self.starts().values(), *((time,) for time in self.blanks)]

    @property
    def color_layer_name(self) -> str:
        layers = self.source.document.layers()
        return next((layer.name for layer in layers if layer.id == self.source.color_layer), "")

    def close(self) -> None:
        self._lines.close()
        self._colors.close()

    async def _digest(self, reader: LayerReader, time: int) -> str | None:
        await pause()
        pixels = reader.picture(time)
        if is_blank(pixels):
            return None
        digest = digest_of(pixels)
        self._places.setdefault(digest, (reader, time))
        return digest

    def _shows_a_drawing(self, time: int) -> bool:
        """Paint on a frame without lines says nothing about any drawing."""
        latest = max((drawing.time for drawing in self.drawings if drawing.time <= time), default=None)
        return latest is not None and not any(latest < blank <= time for blank in self.blanks)


def is_blank(pixels: bytes) -> bool:
    """True if every pixel is fully transparent, whatever colour it hides."""
    alpha = pixels[BYTES_PER_PIXEL - 1 :: BYTES_PER_PIXEL]
    return alpha.count(0) == len(alpha)


def _check(source: Source) -> None:
    document = source.document
    if not document.is_open():
        raise KeycelError(
            ErrorCode.DOC_NO_SHOT,
            "There is no open document.",
            "Open the animation with its line layer and painted keyframes.",
        )
    names = {layer.id: layer.name for layer in document.layers()}
    for layer, role in ((source.line_layer, "line layer"), (source.color_layer, "colour layer")):
        if layer not in names:
            raise KeycelError(
                ErrorCode.DOC_NO_SUCH_LAYER,
                f"No {role} is chosen.",
                f"Choose the {role} in the Keycel docker.",
            )
    if source.line_layer == source.color_layer:
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION,
            "The line layer and the colour layer are the same layer.",
            "Paint the keyframes on a layer of their own and choose it as the colour layer.",
            names[source.line_layer],
        )
    _check_size(document.size)


def _check_size(sides: Iterable[int]) -> None:
    if max(sides) > LARGEST_SIDE:
        raise KeycelError(
            ErrorCode.DOC_TOO_LARGE,
            f"The canvas is larger than {LARGEST_SIDE} pixels.",
            "Scale the image down, or crop it to the part that is animated.",
        )


def _no_lines() -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_NO_LINES,
        "The line layer has no drawings.",
        "Choose the layer with the line art, or draw on it first.",
    )


def _no_keyframe() -> KeycelError:
    return KeycelError(
        ErrorCode.DOC_NO_KEYFRAME,
        "The colour layer has no painted keyframe on any drawing.",
        "Paint at least one frame of the shot on the colour layer, or choose another colour layer.",
    )
