"""Between which key sketches an in-between lies: another sketch, or at another time, makes it stale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from keycel_plugin.flow.drawings import open_drawings
from keycel_plugin.flow.slices import shown_digest
from keycel_plugin.host.ports import ShotDocument
from keycel_plugin.state.records import LayerRecord
from keycel_plugin.tasks import pause


def keys_around(keys: Mapping[int, str], times: Iterable[int]) -> dict[int, str]:
    """For each of `times` what says between which keys it lies; empty outside of them.

    `keys`: frame number to digest of each key sketch; blank ones, with an empty digest, do not count.
    """
    drawn = {time: digest for time, digest in sorted(keys.items()) if digest}
    found: dict[int, str] = {}
    for time in times:
        before = max((key for key in drawn if key <= time), default=None)
        after = min((key for key in drawn if key >= time), default=None)
        around = () if before is None or after is None else dict.fromkeys((before, after))
        found[time] = " ".join(f"{key}:{drawn[key]}" for key in around)
    return found


async def keys_now(document: ShotDocument, drawn: LayerRecord | None, times: Iterable[int]) -> dict[int, str]:
    """The same of key sketches as they are now; empty if the in-betweens have no sketches (any more).

    `drawn`: the record of our layer with drawn in-betweens.
    """
    reader = await open_drawings(document, drawn) if drawn is not None else None
    if reader is None:
        return {}
    keys: dict[int, str] = {}
    try:
        for time in reader.times:
            await pause()
            keys[time] = await shown_digest(reader.picture(time))
    finally:
        reader.close()
    return keys_around(keys, times)
