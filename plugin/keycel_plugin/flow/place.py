"""Where colours go: which layer, whether it can be written, in which document, under which name."""

from __future__ import annotations

from collections.abc import Sequence

from keycel_plugin.flow.memory import ShotMemory
from keycel_plugin.flow.target import layer_under_review
from keycel_plugin.host.ports import LayerInfo, ShotDocument
from keycel_plugin.state.progress import Progress
from keycel_plugin.state.records import LayerRecord
from keycel_plugin.tasks import pause
from keycel_plugin.words import _
from keycel_shared.errors import ErrorCode, KeycelError

_POLL_MS = 150


def free_name(layers: Sequence[LayerInfo], plain: str) -> str:
    """`plain`, or with a number where that name is taken."""
    taken = {layer.name for layer in layers}
    name, number = plain, 1
    while name in taken:
        number += 1
        name = f"{plain} {number}"
    return name


async def in_front(document: ShotDocument, progress: Progress) -> None:
    """Wait until the artist looks at the document: Krita replaces keyframes only there.

    Raises:
        KeycelError: DOC_NO_SHOT if it is closed meanwhile.
    """
    await pause()
    while not document.is_active():
        if not document.is_open():
            raise KeycelError(
                ErrorCode.DOC_NO_SHOT,
                _("The document was closed before the new colours were in it."),
                _("Open it and press the button again; finished colours are kept."),
            )
        name = document.name
        progress.show(_("Waiting: switch to “{name}”, where the new colours go").format(name=name))
        await pause(_POLL_MS)


def layer_at_hand(document: ShotDocument) -> LayerRecord:
    """Our layer that the artist works on.

    Raises:
        KeycelError: DOC_NO_SHOT, or DOC_NOT_OURS if there is none.
    """
    if not document.is_open():
        raise KeycelError(
            ErrorCode.DOC_NO_SHOT,
            _("There is no open document."),
            _("Open the animation and press Colorize first."),
        )
    ours = layer_under_review(document, ShotMemory(document).record())
    if ours is None:
        raise KeycelError(
            ErrorCode.DOC_NOT_OURS,
            _("This document has no layer made by Keycel."),
            _("Press Colorize first."),
        )
    return ours


def check_still_there(document: ShotDocument, layer: str) -> None:
    """Raises DOC_NOT_OURS if our layer is gone, DOC_LAYER_LOCKED or DOC_NOT_ACTIVE if it is not writable."""
    if layer not in document.our_layers():
        raise KeycelError(
            ErrorCode.DOC_NOT_OURS,
            _("The layer that was to be coloured is not in the document any more."),
            _("Press Colorize for a new one; finished colours are kept."),
        )
    document.check_writable(layer)


def check_can_begin(document: ShotDocument, layer: str) -> None:
    """The same before any work; another document may be in front until the colours are ready."""
    try:
        check_still_there(document, layer)
    except KeycelError as error:
        if error.value.code is not ErrorCode.DOC_NOT_ACTIVE:
            raise


def is_locked(document: ShotDocument, layer: str) -> bool:
    """True if the artist has locked a layer of ours, or a group that it lies in."""
    try:
        document.check_writable(layer)
    except KeycelError as error:
        return error.value.code is ErrorCode.DOC_LAYER_LOCKED
    return False


def check_unlocked(ours: LayerRecord, times: Sequence[int]) -> None:
    """Raises DOC_FRAME_LOCKED if the artist has locked one of the frames."""
    locked = [time for time in times if ours.frame(time).locked]
    if locked:
        raise KeycelError(
            ErrorCode.DOC_FRAME_LOCKED,
            _("Locked, so left as they are: frames {frames}.").format(
                frames=", ".join(str(time) for time in locked)
            ),
            _("Unlock them in the frame strip, or select others."),
        )
