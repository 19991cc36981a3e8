"""Which layers Keycel has made; only those are ever written to.

Layers are known by their id, never by name: an artist may rename ours or name one of their own
“Keycel colour”. A copy of one of ours has an id of its own and is the artist's.
"""

from __future__ import annotations

import json
from typing import Any, cast

from . import annotations, api, layers

_FORMAT = 2


def our_layers(document: api.Document) -> list[str]:
    """Ids of ours that are in the document, oldest first. A damaged record reads as none."""
    present = {layers.identity(node) for node, _ in layers.walk(document.rootNode())}
    return [identity for identity in _read(document) if identity in present]


def claim(document: api.Document, identity: str) -> None:
    """The layer was made by us. Ids of layers that are gone stay: undo may bring them back."""
    body = {"format": _FORMAT, "layers": [*_read(document), identity]}
    annotations.write_layers(document, json.dumps(body).encode())


def is_ours(document: api.Document, node: api.Node) -> bool:
    return layers.identity(node) in _read(document)


def _read(document: api.Document) -> list[str]:
    try:
        body: Any = json.loads(annotations.read_layers(document))
        found: Any = body["layers"] if body["format"] == _FORMAT else []
    except (ValueError, KeyError, TypeError):
        return []
    entries = cast("list[object]", found) if isinstance(found, list) else []
    return [entry for entry in entries if isinstance(entry, str)]
