"""Reading what a layer shows, as 8-bit RGBA pictures of canvas size, without touching the document.

Three ways, cheapest first: the layer's own pixels; the same after a colour conversion in a hidden
copy; the flattened look of a group, clone or masked layer in a hidden copy.
"""

from __future__ import annotations

from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, KeycelError

from . import api, layers
from .color_space import ColorSpace, color_space_of
from .hidden import close_hidden
from .idle import copy_of, until_idle
from .refusals import no_such_layer
from .timeline import is_derived, keyframe_times, times_shown


class PixelReader:
    """Reads a paint layer's own pixels: 2 to 7 ms per 1080p picture, nothing is copied beforehand."""

    def __init__(self, document: api.Document, node: api.Node) -> None:
        self._node = node
        self._size = (document.width(), document.height())
        self._keyframes = keyframe_times(document, node)
        self.times: tuple[int, ...] = self._keyframes or (0,)
        """Frame numbers with a picture of their own, ascending; a still layer has one at 0."""

    def picture(self, time: int) -> bytes:
        """BGRA bytes of the picture that starts at `time`, one of `times`."""
        width, height = self._size
        if self._keyframes:
            data = self._node.pixelDataAtTime(0, 0, width, height, time)
        else:
            data = self._node.pixelData(0, 0, width, height)
        return _whole(data.data(), self._size)

    def close(self) -> None:
        """Nothing is held open."""


class ConvertedReader:
    """Reads a paint layer of another depth or model through a converted hidden copy."""

    def __init__(self, copy: api.Document, twin: api.Node) -> None:
        """`twin`: the layer in the hidden `copy`."""
        self._copy = copy
        self._reader = PixelReader(copy, twin)
        self.times = self._reader.times

    @classmethod
    async def open(cls, document: api.Document, node: api.Node, space: ColorSpace) -> ConvertedReader:
        copy = await copy_of(document)
        try:
            _twin(copy, node).setColorSpace(space.model, space.depth, space.profile)
            await until_idle(copy)
            return cls(copy, _twin(copy, node))
        except BaseException:
            close_hidden(copy)
            raise

    def picture(self, time: int) -> bytes:
        return self._reader.picture(time)

    def close(self) -> None:
        close_hidden(self._copy)


class LookReader:
    """Reads how a group, clone or masked layer looks, from a hidden copy whose playhead may move."""

    def __init__(self, copy: api.Document, twin: api.Node) -> None:
        """`twin`: the layer in the hidden `copy`."""
        self.times = times_shown(copy, twin)
        self._copy = copy
        self._node = twin

    @classmethod
    async def open(cls, document: api.Document, node: api.Node, space: ColorSpace) -> LookReader:
        copy = await copy_of(document)
        try:
            if color_space_of(copy) != space:
                await _convert(copy, space)
            twin = _twin(copy, node)
            _show(copy, twin)
            return cls(copy, twin)
        except BaseException:
            close_hidden(copy)
            raise

    def picture(self, time: int) -> bytes:
        width, height = self._copy.width(), self._copy.height()
        self._copy.setCurrentTime(time)
        self._copy.waitForDone()
        data = self._node.projectionPixelData(0, 0, width, height)
        return _whole(data.data(), (width, height))

    def close(self) -> None:
        close_hidden(self._copy)


Reader = PixelReader | ConvertedReader | LookReader


async def open_reader(document: api.Document, node: api.Node, space: ColorSpace) -> Reader:
    """A reader for any kind of layer; close it after use. `space` is 8-bit RGBA."""
    if is_derived(node):
        return await LookReader.open(document, node, space)
    return await open_pixel_reader(document, node, space)


async def open_pixel_reader(
    document: api.Document, node: api.Node, space: ColorSpace
) -> PixelReader | ConvertedReader:
    """For a paint layer's own pixels, whatever masks it has."""
    if not color_space_of(node).is_work_format:
        return await ConvertedReader.open(document, node, space)
    return PixelReader(document, node)


async def _convert(copy: api.Document, space: ColorSpace) -> None:
    for node, _depth in layers.walk(copy.rootNode()):
        node.setColorSpace(space.model, space.depth, space.profile)
    copy.setColorSpace(space.model, space.depth, space.profile)
    await until_idle(copy)


def _show(copy: api.Document, node: api.Node) -> None:
    """Krita does not compute the look of hidden layers."""
    root = layers.identity(copy.rootNode())
    within: api.Node | None = node
    while within is not None and layers.identity(within) != root:
        within.setVisible(True)
        within = within.parentNode()


def _twin(copy: api.Document, node: api.Node) -> api.Node:
    """The same layer in a hidden copy: `Document.clone` keeps the ids."""
    twin = layers.find(copy, layers.identity(node))
    if twin is None:
        raise no_such_layer(node.name())
    return twin


def _whole(data: bytes, size: tuple[int, int]) -> bytes:
    expected = size[0] * size[1] * 4
    if len(data) != expected:
        raise KeycelError(
            ErrorCode.DOC_UNREADABLE_PICTURE,
            _("Krita gave an incomplete picture of a frame."),
            _("Wait until Krita is idle, then press the button again."),
            f"{len(data)} bytes instead of {expected}",
        )
    return data
