"""Putting a finished layer into the artist's document, in one undo step."""

from __future__ import annotations

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
