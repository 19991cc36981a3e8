"""Data of ours inside the document: Krita saves its annotations in the .kra, byte for byte.

Tried in Krita 5.1.5 and 6.0.4 with 200 of 50 KB each; they are not part of the undo history.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import api

_LAYERS = "keycel"
_MEMO_PREFIX = "keycel-"
_DESCRIPTION = "Colouring by Keycel"


def read_layers(document: api.Document) -> bytes:
    """The record of which layers are ours; empty if there is none."""
    return document.annotation(_LAYERS).data()


def write_layers(document: api.Document, data: bytes) -> None:
    _write(document, _LAYERS, data)


def read_memo(document: api.Document, name: str) -> bytes:
    """Empty if there is none."""
    return document.annotation(_MEMO_PREFIX + name).data()


def write_memo(document: api.Document, name: str, data: bytes) -> None:
    """Empty `data` removes it."""
    _write(document, _MEMO_PREFIX + name, data)


def memo_names(document: api.Document) -> Sequence[str]:
    start = len(_MEMO_PREFIX)
    return [name[start:] for name in document.annotationTypes() if name.startswith(_MEMO_PREFIX)]


def _write(document: api.Document, name: str, data: bytes) -> None:
    """To Krita, every change of an annotation is one that must be saved.

    Not to the artist: nobody wants to be asked about saving for having looked at a document.
    """
    modified = document.modified()
    if data:
        document.setAnnotation(name, _DESCRIPTION, data)
    else:
        document.removeAnnotation(name)
    if not modified:
        document.setModified(False)
