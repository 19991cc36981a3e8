"""Making sure that what was put into the document is there."""

from __future__ import annotations

from collections.abc import Mapping

from keycel_plugin.flow.slices import shown_digest
from keycel_plugin.host.ports import ShotDocument
from keycel_plugin.state.progress import Progress
from keycel_plugin.words import _, plural
from keycel_shared.errors import ErrorCode, KeycelError


async def read_back(
    document: ShotDocument, layer: str, wanted: Mapping[int, str], progress: Progress
) -> None:
    """Compare every frame that was written with the digest that it shall have (empty: nothing visible).

    Raises:
        KeycelError: OUT_READ_BACK if any visible pixel differs.
    """
    wrong: list[int] = []
    for number, time in enumerate(sorted(wanted)):
        progress.deliver(_("Checking the new frames"), number, len(wanted))
        if await shown_digest(await document.picture_at(layer, time)) != wanted[time]:
            wrong.append(time)
    if wrong:
        raise KeycelError(
            ErrorCode.OUT_READ_BACK,
            plural(
                "{count} new frame did not arrive unchanged in the document.",
                "{count} new frames did not arrive unchanged in the document.",
                len(wrong),
            ),
            _("Undo the last step (Ctrl+Z) and press the button again; the colours are kept."),
            f"frames {wrong}",
            retryable=True,
        )
