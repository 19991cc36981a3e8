"""Replacing keyframes of an existing layer in one undo step.

Krita has no API for it, but its timeline accepts dragged keyframes, also from another open
document. This builds the data of such a drag and hands it to the timeline's model. The format
(`application/x-krita-frame`) is the same in Krita 5.1 to 6.0; the result is read back afterwards.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from keycel_plugin.qt import QtCore
from keycel_shared.errors import ErrorCode, KeycelError

from . import api, layers
from .artists_view import TIMELINE_VIEW, find_view

_COPY_FRAMES = 2
"""MimeCopyPolicy::CopyFramesPolicy."""


def replace_keyframes(
    source: api.Document,
    source_node: api.Node,
    document: api.Document,
    target: api.Node,
    times: Sequence[int],
) -> None:
    """Copy the keyframes at `times` onto the same times of `target`, a layer of the active `document`.

    Existing keyframes are replaced, others are not touched, clone keyframes are parted.

    Raises:
        KeycelError: OUT_NOT_WRITABLE if the timeline does not take the frames.
    """
    view = find_view(TIMELINE_VIEW)
    model = view.model() if view is not None else None
    pinned = target.isPinnedToTimeline()
    if not pinned:
        target.setPinnedToTimeline(True)  # only pinned layers have a row to drop on
    row = _row_of(document, target, model) if model is not None else None
    accepted = False
    if model is not None and row is not None:
        data = QtCore.QMimeData()
        data.setData("application/x-krita-frame", _dragged(source, source_node, times))
        accepted = model.dropMimeData(data, QtCore.Qt.DropAction.CopyAction, -1, -1, model.index(row, 0))
    if not pinned:
        target.setPinnedToTimeline(False)
    if not accepted:
        raise KeycelError(
            ErrorCode.OUT_NOT_WRITABLE,
            "Krita's timeline did not take the new frame.",
            "Open the Animation Timeline docker once (Settings > Dockers), then press the button again.",
            f"row {row}",
        )


def _row_of(document: api.Document, target: api.Node, model: QtCore.QAbstractItemModel) -> int | None:
    """The layer's row. The model knows rows by name only; among namesakes it bears another meanwhile."""
    name = target.name()
    if sum(node.name() == name for node, _ in layers.walk(document.rootNode())) == 1:
        return _row_named(name, model)
    unique = uuid.uuid4().hex
    target.setName(unique)
    row = _row_named(unique, model)
    target.setName(name)
    return row


def _row_named(name: str, model: QtCore.QAbstractItemModel) -> int | None:
    for row in range(model.rowCount()):
        if model.data(model.index(row, 0), QtCore.Qt.ItemDataRole.DisplayRole) == name:
            return row
    return None


def _dragged(source: api.Document, node: api.Node, times: Sequence[int]) -> QtCore.QByteArray:
    """What the timeline writes when cells are dragged: the image, then one entry per cell."""
    data = QtCore.QByteArray()
    stream = QtCore.QDataStream(data, QtCore.QIODevice.OpenModeFlag.WriteOnly)
    _write_id(stream, source.rootNode().uniqueId())
    for value in (len(times), 0, 0):  # number of cells, first row, first column
        stream.writeInt32(value)
    for time in sorted(times):
        stream.writeInt32(0)  # row relative to the row dropped on
        stream.writeInt32(time)  # column relative to the column dropped on, which is 0
        _write_id(stream, node.uniqueId())
    stream.writeInt32(_COPY_FRAMES)
    return data


def _write_id(stream: QtCore.QDataStream, identity: QtCore.QUuid) -> None:
    raw = identity.toRfc4122().data()
    stream.writeInt32(len(raw))
    stream.writeRawData(raw)
