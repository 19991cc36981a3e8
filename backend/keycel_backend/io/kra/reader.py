"""From a `.kra` document to a shot's layers of lazily decoded pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keycel_backend.io.kra.archive import KraArchive, damaged
from keycel_backend.io.kra.color_spaces import COLOR_SPACES, ColorSpace
from keycel_backend.io.kra.document import KraDocument, KraKeyframe, KraLayer, read_document
from keycel_backend.io.kra.layer_choice import (
    COLOR_WORDS,
    LINE_WORDS,
    SKETCH_WORDS,
    choose_layer,
    missing_layer,
)
from keycel_backend.io.kra.tiles import TileError, TileFile
from keycel_backend.io.raw import RawShot
from keycel_backend.io.source import PictureSource
from keycel_shared.errors import ErrorCode, KeycelError

if TYPE_CHECKING:
    from keycel_backend.engines.base import Pixels

_MAX_DEFAULT_PIXEL_BYTES = 64


@dataclass(frozen=True)
class KraPicture:
    """One keyframe of a layer, or a layer without keyframes (a `PictureSource`)."""

    document: KraDocument
    layer: KraLayer
    keyframe: KraKeyframe
    color_space: ColorSpace

    @property
    def size(self) -> tuple[int, int]:
        return self.document.width, self.document.height

    def load(self) -> Pixels:
        try:
            raw = self._tiles().decode(
                *self.size, self.keyframe.offset, self._default_pixel(), self.color_space.byte_order
            )
        except TileError as error:
            raise damaged(self.document.path, f"{self.keyframe.filename}: {error}") from error
        return self.color_space.to_rgba8(raw)

    def is_blank(self) -> bool:
        if any(self._default_pixel()[self.color_space.alpha]):
            return False
        try:
            return self._tiles().is_blank(*self.size, self.keyframe.offset, self.color_space.alpha)
        except TileError as error:
            raise damaged(self.document.path, f"{self.keyframe.filename}: {error}") from error

    def describe(self) -> str:
        return f"{self.document.path}, layer “{self.layer.path}”, frame {self.keyframe.time}"

    def _tiles(self) -> TileFile:
        tiles = TileFile.parse(self.document.archive.read(self.document.folder + self.keyframe.filename))
        if tiles.pixel_size != self.color_space.pixel_size:
            raise TileError(f"{tiles.pixel_size} bytes per pixel on a layer of {self.layer.color_space}")
        return tiles

    def _default_pixel(self) -> bytes:
        name = f"{self.document.folder}{self.keyframe.filename}.defaultpixel"
        if name not in self.document.archive:
            return bytes(self.color_space.pixel_size)
        pixel = self.document.archive.read(name, _MAX_DEFAULT_PIXEL_BYTES)
        if len(pixel) != self.color_space.pixel_size:
            raise damaged(self.document.path, f"{name} has {len(pixel)} bytes")
        return pixel


def read_kra(
    path: Path, line_layer: str | None, color_layer: str | None, sketch_layer: str | None
) -> RawShot:
    """Choose the layers and list their keyframes; only the structure is read.

    Raises:
        KeycelError: DOC_UNREADABLE_KRA, DOC_TOO_LARGE, DOC_NO_SUCH_LAYER, DOC_UNSUPPORTED_COLOR.
    """
    document = read_document(KraArchive(path))
    lines = _required(document, line_layer, LINE_WORDS, "the line art", "--line-layer")
    colors = _required(document, color_layer, COLOR_WORDS, "the painted keyframes", "--color-layer")
    sketches = choose_layer(
        document.layers, sketch_layer, SKETCH_WORDS, "the key sketches", "--sketch-layer", path
    )
    if sketches in (lines, colors):
        sketches = None
    if lines == colors:
        raise KeycelError(
            ErrorCode.DOC_BAD_OPTION,
            f"The layer “{lines.path}” was chosen for both the lines and the painted keyframes.",
            "Choose two different layers with --line-layer and --color-layer.",
        )
    chosen = [layer for layer in (lines, colors, sketches) if layer is not None]
    return RawShot(
        name=path.stem,
        fps=document.fps,
        lines=_pictures(document, lines),
        colors=_pictures(document, colors),
        lines_from=f"layer “{lines.path}” of {path}",
        colors_from=f"layer “{colors.path}” of {path}",
        end=document.clip[1] + 1,
        colors_are_still=colors.keyframes_file is None,
        sketches=_pictures(document, sketches) if sketches else {},
        notes=tuple(note for layer in chosen for note in _notes(layer)),
    )


def read_kra_sketches(path: Path, sketch_layer: str | None, color_layer: str | None) -> RawShot:
    """As `read_kra`, for a document with key sketches and perhaps painted frames; it needs no line layer."""
    document = read_document(KraArchive(path))
    sketches = _required(document, sketch_layer, SKETCH_WORDS, "the key sketches", "--sketch-layer")
    colors = choose_layer(
        document.layers, color_layer, COLOR_WORDS, "the painted keyframes", "--color-layer", path
    )
    chosen = [layer for layer in (sketches, colors) if layer is not None]
    return RawShot(
        name=path.stem,
        fps=document.fps,
        lines={},
        colors=_pictures(document, colors) if colors else {},
        lines_from="",
        colors_from=f"layer “{colors.path}” of {path}" if colors else "",
        end=document.clip[1] + 1,
        colors_are_still=colors is not None and colors.keyframes_file is None,
        sketches=_pictures(document, sketches),
        notes=tuple(note for layer in chosen for note in _notes(layer)),
    )


def _required(
    document: KraDocument, wanted: str | None, words: frozenset[str], purpose: str, option: str
) -> KraLayer:
    layer = choose_layer(document.layers, wanted, words, purpose, option, document.path)
    if layer is None:
        raise missing_layer(document.layers, purpose, option, document.path)
    return layer


def _pictures(document: KraDocument, layer: KraLayer) -> dict[int, PictureSource]:
    color_space = COLOR_SPACES.get(layer.color_space)
    if color_space is None:
        raise KeycelError(
            ErrorCode.DOC_UNSUPPORTED_COLOR,
            f"The layer “{layer.path}” of {document.path} stores its colours as "
            f"{layer.color_space or 'an unknown kind'}.",
            "Convert it to RGB or grey with 8 or 16 bits per channel (Layer > Convert > Convert Layer "
            "Color Space).",
            detail=layer.color_space,
        )
    keyframes = document.keyframes(layer)
    if layer.keyframes_file is None:
        keyframes = (KraKeyframe(0, layer.filename, layer.offset),)
    return {keyframe.time: KraPicture(document, layer, keyframe, color_space) for keyframe in keyframes}


def _notes(layer: KraLayer) -> list[str]:
    """What Krita shows differently from the pixels that are read."""
    notes: list[str] = []
    if layer.has_masks:
        notes.append(f"The masks of layer “{layer.path}” are not applied when reading a file.")
    if layer.opacity < 255:
        notes.append(f"The opacity of layer “{layer.path}” is not applied; its pixels are read in full.")
    if layer.color_space != "RGBA":
        notes.append(f"Layer “{layer.path}” was converted from {layer.color_space} to 8-bit RGBA.")
    return notes
