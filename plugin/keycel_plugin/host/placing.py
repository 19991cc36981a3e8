"""Putting a finished layer into the artist's document, in one undo step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import api, layers, our_layers
from .artists_view import ArtistsView
from .idle import until_idle
from .ports import Place
from .refusals import no_such_layer
from .staging import Staging


async def place_layer(
    document: api.Document, source: Staging, name: str, beside: api.Node, place: Place
) -> str:
    """Returns the id of the new layer. The document need not be in front."""
    await source.settle()
    spot = _above(beside) if place is Place.ABOVE else _beneath(beside, document.rootNode())
    if spot.behind:
        source.node.setBlendingMode("behind")  # here: in the artist's document it would be a second step
    artist = ArtistsView(document)
    layer = source.node.clone()
    layer.setName(name)
    layer.setVisible(True)
    layer.setPinnedToTimeline(True)  # a clone is not pinned; without a row it could not be regenerated
    identity = layers.identity(layer)
    spot.parent.addChildNode(layer, spot.above)
    our_layers.claim(document, identity)
    await until_idle(document)
    await artist.restore()
    return identity


async def place_group(
    document: api.Document, sources: Sequence[tuple[Staging, str]], name: str, beside: api.Node
) -> list[str]:
    """Returns the ids of the layers, bottom-most first as in `sources`. The document need not be in front.

    The group is put together in the first staging document: adding it is one undo step then.
    """
    base = sources[0][0]
    nodes: list[api.Node] = []
    for source, _title in sources:
        await source.settle()
        nodes.append(await base.adopt(source))
    group = base.document.createGroupLayer(name)
    base.document.rootNode().addChildNode(group, None)
    below: api.Node | None = None
    for node, (_source, title) in zip(nodes, sources, strict=True):
        layer = node.clone()
        layer.setName(title)
        layer.setVisible(True)
        group.addChildNode(layer, below)
        await until_idle(base.document)
        below = layer
    spot = _above(beside)
    artist = ArtistsView(document)
    twin = group.clone()
    identity = layers.identity(twin)
    spot.parent.addChildNode(twin, spot.above)
    await until_idle(document)
    placed = layers.find(document, identity)
    if placed is None:
        raise no_such_layer(name)
    found: list[str] = []
    for layer in placed.childNodes():
        layer.setPinnedToTimeline(True)  # a clone is not pinned; without a row it could not be regenerated
        found.append(layers.identity(layer))
        our_layers.claim(document, found[-1])
    await artist.restore()
    return found


@dataclass(frozen=True)
class _Spot:
    """Where a new layer goes: into `parent`, directly above `above`."""

    parent: api.Node
    above: api.Node
    behind: bool = False
    """It lies above its neighbour after all and is blended behind it, which looks the same."""


def _above(beside: api.Node) -> _Spot:
    parent = beside.parentNode()
    if parent is None:
        raise no_such_layer(beside.name())
    return _Spot(parent, beside)


def _beneath(beside: api.Node, root: api.Node) -> _Spot:
    """Directly beneath the layer; beneath its group where it is the lowest.

    Krita can only put a layer above another one. With nothing at all beneath, it goes above.
    """
    node, parent = beside, beside.parentNode()
    while parent is not None:
        below = layers.sibling_below(node)
        if below is not None:
            return _Spot(parent, below)
        if layers.identity(parent) == layers.identity(root):
            return _Spot(parent, node, behind=True)
        node, parent = parent, parent.parentNode()
    raise no_such_layer(beside.name())
