"""Putting coloured frames into the document, and making sure that they are there."""

from __future__ import annotations

from collections.abc import Sequence

from keycel_plugin.flow.collect import Shot
from keycel_plugin.host.ports import LayerInfo, ShotDocument, StagedLayer
from keycel_plugin.state.progress import Progress
from keycel_plugin.tasks import pause
from keycel_shared.errors import ErrorCode, KeycelError
from keycel_shared.pixels import byte_count

LAYER_NAME = "Keycel colour"


def free_name(layers: Sequence[LayerInfo]) -> str:
    """“Keycel colour”, or with a number where that name is taken."""
    taken = {layer.name for layer in layers}
    name, number = LAYER_NAME, 1
    while name in taken:
        number += 1
        name = f"{LAYER_NAME} {number}"
    return name


def check_fits(shot: Shot, pixels: int) -> None:
    """Raises DOC_SIZE_MISMATCH if the canvas was resized while the shot was being coloured."""
    if shot.source.document.size != shot.size or pixels != byte_count(*shot.size):
        raise KeycelError(
            ErrorCode.DOC_SIZE_MISMATCH,
            "The size of the image has changed since the shot was sent.",
            "Press the button again to colour it at the new size.",
            f"{shot.size} then, {shot.source.document.size} now",
        )


async def read_back(
    document: ShotDocument, staged: StagedLayer, layer: str, times: Sequence[int], progress: Progress
) -> None:
    """Compare what the document now has with what was put there, bit by bit, one frame per event.

    Raises:
        KeycelError: OUT_READ_BACK if any pixel differs.
    """
    wrong: list[int] = []
    for number, time in enumerate(times):
        progress.deliver("Checking the new frames", number, len(times))
        await pause()
        if document.digest_at(layer, time) != staged.digests[time]:
            wrong.append(time)
    if wrong:
        raise KeycelError(
            ErrorCode.OUT_READ_BACK,
            f"{len(wrong)} of {len(times)} new frames did not arrive unchanged in the document.",
            "Undo the last step (Ctrl+Z) and press the button again; the colours are kept.",
            f"frames {wrong}",
            retryable=True,
        )
