"""Reading the timeline: where keyframes are. Nothing here changes the playhead or the undo history."""

from __future__ import annotations

from . import api, layers


def keyframe_times(document: api.Document, node: api.Node) -> tuple[int, ...]:
    """Frame numbers of a layer's own keyframes, ascending; empty for a still layer."""
    if not node.animated():
        return ()
    return tuple(time for time in range(document.animationLength()) if node.hasKeyframeAtTime(time))


def times_of_change(document: api.Document, node: api.Node) -> tuple[int, ...]:
    """Frame numbers at which what a group, clone or masked layer shows may change, ascending, from 0.

    A group changes where a layer inside does, masks included. Krita 5.1 does not tell the source
    of a clone layer, so a clone (and a group with one inside) may change wherever any layer does.
    """
    within = [node, *(child for child, _ in layers.walk(node))]
    if any(layer.type() == "clonelayer" for layer in within):
        within = [layer for layer, _ in layers.walk(document.rootNode())]
    times: set[int] = {0}
    for layer in within:
        for part in (layer, *layer.childNodes()):
            times.update(keyframe_times(document, part))
    return tuple(sorted(times))
