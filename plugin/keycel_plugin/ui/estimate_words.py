"""The estimate in one line."""

from __future__ import annotations

from keycel_plugin.state.choice import Estimate
from keycel_plugin.ui.figures import duration, size
from keycel_plugin.words import _, plural


def inbetween_words(estimate: Estimate) -> str:
    frames = plural("One frame", "{count} frames", estimate.frames)
    if estimate.stored >= estimate.frames:
        return _("{frames}: all stored already, nothing to compute").format(frames=frames)
    return _("{frames} · {duration} · {memory}").format(
        frames=frames, duration=duration(estimate.seconds), memory=size(estimate.memory_bytes)
    )


def estimate_words(estimate: Estimate | None) -> str:
    if estimate is None:
        return _("No estimate yet")
    if estimate.frames == 0:
        return _("No drawing to colour")
    frames = plural("One drawing", "{count} drawings", estimate.frames)
    if estimate.stored >= estimate.frames:
        return _("{drawings}: all stored already, nothing to compute").format(drawings=frames)
    words = _("{drawings} · {duration} · {memory}").format(
        drawings=frames, duration=duration(estimate.seconds), memory=size(estimate.memory_bytes)
    )
    if estimate.stored:
        words += "; " + plural("one is stored already", "{count} are stored already", estimate.stored)
    return words
