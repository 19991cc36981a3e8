"""Replacing keyframes of layers of ours, all in one undo step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import api
from .artists_view import ArtistsView
from .color_space import color_space_of
from .idle import until_idle
from .refusals import converted
from .staging import Staging
from .timeline_drop import Cell, drop_cells, timeline_rows


@dataclass(frozen=True)
class Change:
    """The keyframes of `target` at `times` become those of `source`."""

    source: Staging
    target: api.Node
    times: Sequence[int]


async def replace_keyframes(
    document: api.Document, changes: Sequence[Change], check: Callable[[], None]
) -> None:
    """`check` raises if the layers may not be written to; it is asked again right before they are.

    Raises:
        KeycelError: what `check` raises; DOC_UNSUPPORTED_COLOR; OUT_NOT_WRITABLE.
    """
    check()
    for change in changes:
        _check_color_space(change)
        await change.source.settle()
    # One drop has one source document, so all staged layers are brought together in the first.
    base = changes[0].source
    nodes = [await base.adopt(change.source) for change in changes]
    artist = ArtistsView(document)
    async with timeline_rows(document, [change.target for change in changes]) as rows:
        check()
        cells = [
            Cell(row, time, node.uniqueId())
            for change, node, row in zip(changes, nodes, rows, strict=True)
            for time in sorted(change.times)
        ]
        drop_cells(base.document, cells)
    await until_idle(document)  # until then the frames are still being copied
    await artist.restore()


def _check_color_space(change: Change) -> None:
    """A keyframe keeps its bytes when it is copied, so they must mean the same in both layers."""
    space = color_space_of(change.target)
    if space != change.source.space:
        raise converted(change.target.name(), f"{space} instead of {change.source.space}")
