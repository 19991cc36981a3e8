"""Finding layers. Krita 5.1 cannot look one up by its id, so the tree is walked."""

from __future__ import annotations

from collections.abc import Iterator

from . import api

MASK_TYPES = frozenset({"transparencymask", "filtermask", "transformmask", "colorizemask"})
"""Masks that change what a layer looks like (a selection mask does not)."""


def identity(node: api.Node) -> str:
    """The layer's id: kept in the .kra, the same after undo, redo and reopening."""
    return node.uniqueId().toString()


def walk(node: api.Node, depth: int = 0) -> Iterator[tuple[api.Node, int]]:
    """All layers below `node` with their depth, top-most first, as the layer docker lists them."""
    for child in reversed(node.childNodes()):
        if child.type().endswith("mask"):
            continue
        yield child, depth
        yield from walk(child, depth + 1)


def find(document: api.Document, wanted: str) -> api.Node | None:
    """The layer with this id, or None if it is gone."""
    for node, _ in walk(document.rootNode()):
        if identity(node) == wanted:
            return node
    return None


def sibling_below(node: api.Node) -> api.Node | None:
    """The layer directly beneath `node` in its group, or None if it is the lowest."""
    parent = node.parentNode()
    below: api.Node | None = None
    for sibling in parent.childNodes() if parent else ():
        if identity(sibling) == identity(node):
            return below
        below = sibling
    return None


def has_visible_masks(node: api.Node) -> bool:
    """True if the layer is shown through masks, so that its own pixels are not what the artist sees."""
    return any(child.type() in MASK_TYPES and child.visible() for child in node.childNodes())


def with_groups(node: api.Node) -> Iterator[api.Node]:
    """The layer and the groups that it lies in, without the root of the image."""
    part: api.Node | None = node
    while part is not None:
        parent = part.parentNode()
        if parent is not None:
            yield part
        part = parent
