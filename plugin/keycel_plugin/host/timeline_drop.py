"""Replacing keyframes of existing layers in one undo step.

Krita has no API for it, but its timeline accepts dragged keyframes, also from another open
document. This builds the data of such a drag and hands it to the timeline's model. The format
(`application/x-krita-frame`) is the same in Krita 5.1 to 6.0; the result is read back afterwards.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from keycel_plugin.qt import QtCore
from keycel_plugin.tasks import pause
from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, KeycelError

from . import api, layers
from .artists_view import TIMELINE_VIEW, find_view

_COPY_FRAMES = 2
"""MimeCopyPolicy::CopyFramesPolicy."""

_ROW_TIMEOUT = 2.0
"""Seconds; far more than Krita takes."""

_POLL_MS = 5


@dataclass(frozen=True)
class Cell:
    """One keyframe to copy onto the same time of another layer."""

    row: int
    """Of the layer that it is copied to, in the timeline."""
    time: int
    source: QtCore.QUuid
    """Id of the layer that it is copied from."""


@contextlib.asynccontextmanager
async def timeline_rows(document: api.Document, targets: Sequence[api.Node]) -> AsyncIterator[list[int]]:
    """The rows of layers of the active `document` in Krita's timeline.

    Only pinned layers have a row, so they are pinned meanwhile. Check again afterwards what must
    not have changed: the artist may have done something while this waited.

    Raises:
        KeycelError: OUT_NOT_WRITABLE if one of them gets no row.
    """
    unpinned = [target for target in targets if not target.isPinnedToTimeline()]
    for target in unpinned:
        target.setPinnedToTimeline(True)
    try:
        rows = await _rows_of(document, targets)
        if rows is None:
            raise _not_taken("no row")
        yield rows
    finally:
        for target in unpinned:
            target.setPinnedToTimeline(False)


def drop_cells(source: api.Document, cells: Sequence[Cell]) -> None:
    """Copy keyframes of layers of `source`, in one undo step.

    Existing keyframes are replaced, others are not touched, clone keyframes are parted.

    Raises:
        KeycelError: OUT_NOT_WRITABLE if the timeline does not take the frames.
    """
    model = _timeline_model()
    first = min(cell.row for cell in cells)
    data = QtCore.QMimeData()
    data.setData("application/x-krita-frame", _dragged(source, cells, first))
    copy = QtCore.Qt.DropAction.CopyAction
    if model is None or not model.dropMimeData(data, copy, -1, -1, model.index(first, 0)):
        raise _not_taken(f"rows {sorted({cell.row for cell in cells})}")


async def _rows_of(document: api.Document, targets: Sequence[api.Node]) -> list[int] | None:
    """The layers' rows. The model knows rows by name only; namesakes bear another meanwhile."""
    taken = Counter(node.name() for node, _depth in layers.walk(document.rootNode()))
    renamed = [(target, target.name()) for target in targets if taken[target.name()] > 1]
    for target, _name in renamed:
        target.setName(uuid.uuid4().hex)
    try:
        return await _rows_named([target.name() for target in targets])
    finally:
        for target, name in renamed:
            target.setName(name)


async def _rows_named(names: Sequence[str]) -> list[int] | None:
    """Wait for the rows: from Krita 5.2 on they appear some events after the layers were pinned."""
    deadline = time.monotonic() + _ROW_TIMEOUT
    while time.monotonic() < deadline:
        rows = _rows_by_name()
        if all(name in rows for name in names):
            return [rows[name] for name in names]
        await pause(_POLL_MS)
    return None


def _rows_by_name() -> dict[str, int]:
    model = _timeline_model()
    if model is None:
        return {}
    role = QtCore.Qt.ItemDataRole.DisplayRole
    return {str(model.data(model.index(row, 0), role)): row for row in range(model.rowCount())}


def _timeline_model() -> QtCore.QAbstractItemModel | None:
    view = find_view(TIMELINE_VIEW)
    return view.model() if view is not None else None


def _dragged(source: api.Document, cells: Sequence[Cell], first_row: int) -> QtCore.QByteArray:
    """What the timeline writes when cells are dragged: the image, then one entry per cell."""
    data = QtCore.QByteArray()
    stream = QtCore.QDataStream(data, QtCore.QIODevice.OpenModeFlag.WriteOnly)
    _write_id(stream, source.rootNode().uniqueId())
    for value in (len(cells), 0, 0):  # number of cells, first row, first column
        stream.writeInt32(value)
    for cell in cells:
        stream.writeInt32(cell.row - first_row)  # relative to the row dropped on
        stream.writeInt32(cell.time)  # column relative to the column dropped on, which is 0
        _write_id(stream, cell.source)
    stream.writeInt32(_COPY_FRAMES)
    return data


def _write_id(stream: QtCore.QDataStream, identity: QtCore.QUuid) -> None:
    raw = identity.toRfc4122().data()
    stream.writeInt32(len(raw))
    stream.writeRawData(raw)


def _not_taken(detail: str) -> KeycelError:
    return KeycelError(
        ErrorCode.OUT_NOT_WRITABLE,
        _("Krita's timeline did not take the new frames."),
        _("Open the Animation Timeline docker once (Settings > Dockers), then press the button again."),
        detail,
    )
