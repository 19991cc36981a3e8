"""What one of our layers has at this moment: the digests from which the frames' states follow."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from keycel_plugin.flow.slices import shown_digest
from keycel_plugin.host.ports import ShotDocument
from keycel_plugin.state.progress import Progress
from keycel_plugin.state.records import FrameRecord, LayerRecord
from keycel_plugin.words import _
from keycel_shared.states import FrameState


@dataclass(frozen=True)
class Stock:
    """Taken afresh for each work; the layer may have changed a moment later."""

    ours: LayerRecord
    drawings: Mapping[int, str]
    """Frame number to digest of the drawing shown there; empty where nothing is drawn."""
    shown: Mapping[int, str] = field(default_factory=dict[int, str])
    """Frame number to digest of what the layer has there; empty (or none) if there is nothing visible."""
    keys: Mapping[int, str] = field(default_factory=dict[int, str])
    """Frame number of an in-between to the key sketches around it (`flow.keys`)."""

    def shown_at(self, time: int) -> str:
        return self.shown.get(time, "")

    def state(self, time: int) -> FrameState:
        return self.ours.frame(time).state_given(
            self.shown_at(time), self.drawings[time], self.keys.get(time, "")
        )

    def protected(self, time: int) -> bool:
        """True if only an explicit wish may change its colours."""
        return self.would_protect(self.ours.frame(time), self.shown_at(time))

    def would_protect(self, frame: FrameRecord, shown: str) -> bool:
        """The same for any record of the frame, if the layer has `shown` there."""
        return is_protected(frame, shown, self.drawings[frame.time], self.keys.get(frame.time, ""))


def is_protected(frame: FrameRecord, shown: str, drawing: str, keys: str = "") -> bool:
    """True for a locked frame, and for one that the artist has accepted or edited."""
    state = frame.state_given(shown, drawing, keys)
    return frame.locked or state in (FrameState.ACCEPTED, FrameState.EDITED)


async def take_stock(
    document: ShotDocument,
    ours: LayerRecord,
    drawings: Mapping[int, str],
    progress: Progress,
    times: Collection[int] | None = None,
) -> Stock:
    """Look at the frames `times` of our layer (None: all that `drawings` names).

    drawings: frame number to digest of the drawing shown there. A layer that is yet to be made has nothing.
    """
    shown: dict[int, str] = {}
    looked_at = sorted(drawings if times is None else times) if ours.layer else []
    for number, time in enumerate(looked_at):
        progress.show(_("Looking for changes of yours"), number, len(looked_at))
        shown[time] = await shown_digest(await document.picture_at(ours.layer, time))
    return Stock(ours, drawings, shown)
