"""Frame states in words and tints."""

from __future__ import annotations

from keycel_plugin.state.review import Cell
from keycel_plugin.ui.tints import Tint
from keycel_plugin.words import _, plural
from keycel_shared.states import FrameState

TINTS = {
    FrameState.EMPTY: Tint.NEUTRAL,
    FrameState.PROPOSED: Tint.OPEN,
    FrameState.ACCEPTED: Tint.GOOD,
    FrameState.EDITED: Tint.OWN,
    FrameState.STALE: Tint.ATTENTION,
    FrameState.FAILED: Tint.BAD,
}


def state_words(state: FrameState) -> str:
    return {
        FrameState.EMPTY: _("no colours yet"),
        FrameState.PROPOSED: _("coloured, waiting for your review"),
        FrameState.ACCEPTED: _("accepted by you"),
        FrameState.EDITED: _("painted on by you"),
        FrameState.STALE: _("the drawing or its key sketches have changed since it was coloured"),
        FrameState.FAILED: _("colouring failed"),
    }[state]


def cell_words(cell: Cell) -> str:
    """Everything the cell's marks say, one fact a line."""
    frames = cell.end - cell.time
    lines = [
        _("Frame {frame}: {state}").format(frame=cell.time, state=state_words(cell.state)),
        plural("Shown on one frame", "Held for {count} frames", frames),
    ]
    if cell.keyframe:
        lines.append(_("You have painted a keyframe for this drawing"))
    if cell.locked:
        lines.append(_("Locked: nothing changes its colours"))
    if cell.unsure:
        lines.append(plural("One unsure region", "{count} unsure regions", cell.unsure))
    if cell.takes:
        lines.append(plural("One take", "{count} takes", cell.takes))
    if cell.error:
        lines.append(cell.error)
    return "\n".join(lines)
