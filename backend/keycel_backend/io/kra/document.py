"""`maindoc.xml` and the keyframe files: canvas, layers in order, keyframes with their offsets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from keycel_backend.io.kra.archive import KraArchive, damaged
from keycel_backend.io.kra.xml_tree import UnsafeXmlError, parse_xml
from keycel_backend.io.limits import MAX_TIME, check_size
from keycel_backend.io.settings import DEFAULT_FPS

_MAX_XML_BYTES = 1 << 26
_MAX_COORDINATE = 1 << 24


@dataclass(frozen=True)
class KraLayer:
    name: str
    path: str
    """Names from the outermost group inwards, joined by "/"."""
    kind: str
    """Krita's node type: "paintlayer", "grouplayer", "clonelayer", ..."""
    filename: str
    color_space: str
    offset: tuple[int, int]
    """x, y of a layer without keyframes; those of an animated layer carry their own."""
    keyframes_file: str | None
    opacity: int
    has_masks: bool


@dataclass(frozen=True)
class KraKeyframe:
    time: int
    filename: str
    """Several keyframes of one file are clones of each other."""
    offset: tuple[int, int]


@dataclass(frozen=True)
class KraDocument:
    archive: KraArchive
    width: int
    height: int
    fps: float
    clip: tuple[int, int]
    """First and last frame number of the clip range."""
    layers: tuple[KraLayer, ...]
    """Top-most first, groups before their children."""
    folder: str
    """Zip folder of the pixel files, with the slash at its end."""

    @property
    def path(self) -> Path:
        return self.archive.path

    def keyframes(self, layer: KraLayer) -> tuple[KraKeyframe, ...]:
        """Keyframes of a layer by ascending time; empty where the layer is not animated.

        Raises:
            KeycelError: DOC_UNREADABLE_KRA.
        """
        if layer.keyframes_file is None:
            return ()
        root = _parsed(self.archive, self.folder + layer.keyframes_file)
        keyframes = {
            keyframe.time: keyframe
            for channel in root.iter("channel")
            if channel.get("name") == "content"
            for keyframe in (_keyframe(entry, self.path) for entry in channel.iter("keyframe"))
        }
        return tuple(keyframes[time] for time in sorted(keyframes))


def read_document(archive: KraArchive) -> KraDocument:
    """Parse the document's structure; no pixel is touched.

    Raises:
        KeycelError: DOC_UNREADABLE_KRA, DOC_TOO_LARGE.
    """
    image = _parsed(archive, "maindoc.xml").find("IMAGE")
    if image is None:
        raise damaged(archive.path, "maindoc.xml has no image")
    width = _integer(image, "width", archive.path)
    height = _integer(image, "height", archive.path)
    if width <= 0 or height <= 0:
        raise damaged(archive.path, f"the canvas is {width} x {height}")
    check_size(width, height, str(archive.path))
    layers = tuple(_layers(image, "", archive.path))
    fps, clip = _timing(image, archive.path)
    folder = _layer_folder(archive, image.get("name", ""), layers)
    return KraDocument(archive, width, height, fps, clip, layers, folder)


def _layers(parent: Element, group: str, path: Path) -> Iterator[KraLayer]:
    for container in parent.findall("layers"):
        for element in container.findall("layer"):
            layer = _layer(element, group, path)
            yield layer
            yield from _layers(element, f"{layer.path}/", path)


def _layer(element: Element, group: str, path: Path) -> KraLayer:
    name = element.get("name", "")
    return KraLayer(
        name=name,
        path=group + name,
        kind=element.get("nodetype", ""),
        filename=element.get("filename", ""),
        color_space=element.get("colorspacename", ""),
        offset=(_integer(element, "x", path, 0), _integer(element, "y", path, 0)),
        keyframes_file=element.get("keyframes"),
        opacity=_integer(element, "opacity", path, 255),
        has_masks=element.find("masks") is not None,
    )


def _keyframe(element: Element, path: Path) -> KraKeyframe:
    filename = element.get("frame")
    if not filename:
        raise damaged(path, "a keyframe names no pixel file")
    time = _integer(element, "time", path)
    if not 0 <= time <= MAX_TIME:
        raise damaged(path, f"a keyframe at time {time}")
    offset = element.find("offset")
    if offset is None:
        return KraKeyframe(time, filename, (0, 0))
    return KraKeyframe(time, filename, (_integer(offset, "x", path), _integer(offset, "y", path)))


def _timing(image: Element, path: Path) -> tuple[float, tuple[int, int]]:
    animation = image.find("animation")
    if animation is None:
        return DEFAULT_FPS, (0, 0)
    rate = animation.find("framerate")
    fps = float(_integer(rate, "value", path)) if rate is not None else DEFAULT_FPS
    clip = animation.find("range")
    if clip is None:
        return fps if fps > 0 else DEFAULT_FPS, (0, 0)
    first, last = _integer(clip, "from", path), _integer(clip, "to", path)
    if not 0 <= first <= MAX_TIME or not 0 <= last <= MAX_TIME:
        raise damaged(path, f"the clip range is {first} to {last}")
    return fps if fps > 0 else DEFAULT_FPS, (first, last)


def _layer_folder(archive: KraArchive, image_name: str, layers: tuple[KraLayer, ...]) -> str:
    """`<image name>/layers/`; found by content where the name was written in another spelling."""
    expected = f"{image_name}/layers/"
    wanted = {layer.filename for layer in layers} | {layer.keyframes_file for layer in layers}
    for name in archive.names():
        folder, slash, file = name.rpartition("/")
        if slash and file in wanted and folder.endswith("layers"):
            found = folder + slash
            if found == expected or f"{expected}{file}" not in archive:
                return found
    return expected


def _parsed(archive: KraArchive, name: str) -> Element:
    try:
        return parse_xml(archive.read(name, _MAX_XML_BYTES))
    except UnsafeXmlError as error:
        raise damaged(archive.path, f"{name}: {error}") from error


def _integer(element: Element, attribute: str, path: Path, missing: int | None = None) -> int:
    text = element.get(attribute)
    if text is None and missing is not None:
        return missing
    try:
        value = int(float(text or ""))
    except (ValueError, OverflowError) as error:
        raise damaged(path, f"{element.tag} has {attribute}={text!r}") from error
    if abs(value) > _MAX_COORDINATE:
        raise damaged(path, f"{element.tag} has {attribute}={value}")
    return value
