"""Which layers Keycel has made, kept in an annotation of the document (saved inside the .kra).

Layers are known by their id, never by name: an artist may rename ours or name one of their own
“Keycel colour”, and only ours are ever written to.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from . import api, layers
from .ports import OurLayer

ANNOTATION = "keycel"
_DESCRIPTION = "Layers made by Keycel and what they were made from"
_FORMAT = 1


def our_layers(document: api.Document) -> list[OurLayer]:
    """Ours that are still in the document, oldest first. Damaged annotations read as none."""
    records = _read(document)
    present = {layers.identity(node) for node, _ in layers.walk(document.rootNode())}
    return [record for record in records if record.layer in present]


def remember(document: api.Document, layer: OurLayer) -> None:
    """Add or replace the record of one layer.

    Records of layers that are gone stay: undo may bring them back.
    """
    others = [record for record in _read(document) if record.layer != layer.layer]
    body = {"format": _FORMAT, "layers": [asdict(record) for record in (*others, layer)]}
    document.setAnnotation(ANNOTATION, _DESCRIPTION, json.dumps(body, sort_keys=True).encode())


def _read(document: api.Document) -> list[OurLayer]:
    if ANNOTATION not in document.annotationTypes():
        return []
    try:
        body: Any = json.loads(document.annotation(ANNOTATION).data())
        if body["format"] != _FORMAT:
            return []
        return [_record(entry) for entry in body["layers"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _record(entry: Any) -> OurLayer:
    takes = {str(time): int(take) for time, take in entry["takes"].items()}
    return OurLayer(str(entry["layer"]), str(entry["line_layer"]), str(entry["color_layer"]), takes)
