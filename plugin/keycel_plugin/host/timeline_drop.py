"""Replacing keyframes of an existing layer in one undo step.

Krita has no API for it, but its timeline accepts dragged keyframes, also from another open
document. This builds the data of such a drag and hands it to the timeline's model. The format
(`application/x-krita-frame`) is the same in Krita 5.1 to 6.0; the result is read back afterwards.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Sequence

from keycel_plugin.qt import QtCore
from keycel_plugin.tasks import pause
from keycel_shared.errors import ErrorCode, KeycelError

from . import api, layers
from .artists_view import TIMELINE_VIEW, find_view

_COPY_FRAMES = 2
"""MimeCopyPolicy::CopyFramesPolicy."""

_ROW_TIMEOUT = 2.0
"""Seconds; far more than Krita takes."""

_POLL_MS = 5


@contextlib.asynccontextmanager
async def timeline_row(document: api.Document, target: api.Node) -> AsyncIterator[int | None]:
    """The row of `target`, a layer of the active `document`, in Krita's timeline; None if it has none.

    Only pinned layers have a row, so the layer is pinned meanwhile. Check again afterwards what must
    not have changed: the artist may have done something while this waited.
    """
    pinned = target.isPinnedToTimeline()
    if not pinned:
        target.setPinnedToTimeline(True)
    try:
        yield await _row_of(document, target)
    finally:
        if not pinned:
            target.setPinnedToTimeline(False)


def drop_keyframes(
    source: api.Document, source_node: api.Node, times: Sequence[int], row: int | None
) -> None:
    """Copy the keyframes at `times` onto the same times of the timeline's `row`.

    Existing keyframes are replaced, others are not touched, clone keyframes are parted.

    Raises:
        KeycelError: OUT_NOT_WRITABLE if the timeline does not take the frames.
    """
    model = _timeline_model()
    accepted = False
    if model is not None and row is not None:
        data = QtCore.QMimeData()
        data.setData("application/x-krita-frame", _dragged(source, source_node, times))
        accepted = model.dropMimeData(data, QtCore.Qt.DropAction.CopyAction, -1, -1, model.index(row, 0))
    if not accepted:
        raise KeycelError(
            ErrorCode.OUT_NOT_WRITABLE,
            "Krita's timeline did not take the new frame.",
            "Open the Animation Timeline docker once (Settings > Dockers), then press the button again.",
            f"row {row}",
        )


async def _row_of(document: api.Document, target: api.Node) -> int | None:
    """The layer's row. The model knows rows by name only; among namesakes it bears another meanwhile."""
    name = target.name()
    if sum(node.name() == name for node, _ in layers.walk(document.rootNode())) == 1:
        return await _row_named(name)
    unique = uuid.uuid4().hex
    target.setName(unique)
    try:
        return await _row_named(unique)
    finally:
        target.setName(name)


async def _row_named(name: str) -> int | None:
    """Wait for the row: from Krita 5.2 on it appears some events after the layer was pinned."""
    deadline = time.monotonic() + _ROW_TIMEOUT
    while (row := _find_row(name)) is None and time.monotonic() < deadline:
        await pause(_POLL_MS)
    return row


def _find_row(name: str) -> int | None:
    model = _timeline_model()
    if model is None:
        return None
    for row in range(model.rowCount()):
        if model.data(model.index(row, 0), QtCore.Qt.ItemDataRole.DisplayRole) == name:
            return row
    return None


def _timeline_model() -> QtCore.QAbstractItemModel | None:
    view = find_view(TIMELINE_VIEW)
    return view.model() if view is not None else None


def _dragged(source: api.Document, node: api.Node, times: Sequence[int]) -> QtCore.QByteArray:
    """What the timeline writes when cells are dragged: the image, then one entry per cell."""
    data = QtCore.QByteArray()
    stream = QtCore.QDataStream(data, QtCore.QIODevice.OpenModeFlag.WriteOnly)
    _write_id(stream, source.rootNode().uniqueId())
    for value in (len(times), 0, 0):  # number of cells, first row, first column
        stream.writeInt32(value)
    for frame in sorted(times):
        stream.writeInt32(0)  # row relative to the row dropped on
        stream.writeInt32(frame)  # column relative to the column dropped on, which is 0
        _write_id(stream, node.uniqueId())
    stream.writeInt32(_COPY_FRAMES)
    return data


def _write_id(stream: QtCore.QDataStream, identity: QtCore.QUuid) -> None:
    raw = identity.toRfc4122().data()
    stream.writeInt32(len(raw))
    stream.writeRawData(raw)
