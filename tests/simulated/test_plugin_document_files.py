"""What the plugin writes into files and documents: the staging skeleton, the record of our layers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from keycel_backend.io.kra.archive import KraArchive
from keycel_backend.io.kra.document import KraDocument, read_document
from keycel_plugin.host import our_layers
from keycel_plugin.host.staging_file import Skeleton, write_skeleton
from keycel_plugin.qt import QtCore


def skeleton(tmp_path: Path, cels: list[list[int]]) -> KraDocument:
    path = tmp_path / "staging.kra"
    write_skeleton(path, Skeleton(1280, 720, 'a "profile" & more.icc', b"icc", cels))
    return read_document(KraArchive(path))


def test_a_skeleton_has_keyframes_at_the_exact_times(tmp_path: Path) -> None:
    document = skeleton(tmp_path, [[0, 12], [3], [7]])
    [layer] = document.layers
    keyframes = {keyframe.time: keyframe.filename for keyframe in document.keyframes(layer)}
    assert (document.width, document.height) == (1280, 720)
    assert sorted(keyframes) == [0, 3, 7, 12]
    assert keyframes[0] == keyframes[12], "one picture, shared as clone keyframes"
    assert len(set(keyframes.values())) == 3
    assert document.clip == (0, 12)


def test_a_skeleton_always_has_a_keyframe_at_0(tmp_path: Path) -> None:
    document = skeleton(tmp_path, [[9], [4]])
    assert [keyframe.time for keyframe in document.keyframes(document.layers[0])] == [0, 4, 9]


class Node:
    def __init__(self, identity: str = "", *children: Node) -> None:
        self._identity = identity
        self._children = children

    def uniqueId(self) -> QtCore.QUuid:  # noqa: N802 - Krita's name
        return QtCore.QUuid(self._identity)

    def type(self) -> str:
        return "paintlayer"

    def childNodes(self) -> tuple[Node, ...]:  # noqa: N802 - Krita's name
        return self._children


class Document:
    """As much of a Krita document as keeps annotations."""

    def __init__(self, *layers: str) -> None:
        self.layers = list(layers)
        self.annotations: dict[str, bytes] = {}

    def rootNode(self) -> Node:  # noqa: N802 - Krita's name
        return Node("", *(Node(layer) for layer in self.layers))

    def annotationTypes(self) -> list[str]:  # noqa: N802 - Krita's name
        return list(self.annotations)

    def annotation(self, name: str) -> QtCore.QByteArray:
        return QtCore.QByteArray(self.annotations.get(name, b""))

    def setAnnotation(self, name: str, _: str, data: bytes) -> None:  # noqa: N802 - Krita's name
        self.annotations[name] = data

    def modified(self) -> bool:
        return True


A, B, LINES, COLORS = (f"{{0000000{number}-0000-0000-0000-000000000000}}" for number in range(1, 5))


def test_our_layers_are_remembered_in_order() -> None:
    document = Document(A, B, LINES, COLORS)
    our_layers.claim(document, B)
    our_layers.claim(document, A)
    assert our_layers.our_layers(document) == [B, A]


def test_an_undone_layer_is_out_of_the_list_and_comes_back() -> None:
    document = Document(A, LINES, COLORS)
    our_layers.claim(document, A)
    document.layers.remove(A)
    assert our_layers.our_layers(document) == []
    our_layers.claim(document, B)
    document.layers += [A, B]
    assert our_layers.our_layers(document) == [A, B]


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\xff\x00",
        b"[]",
        b'{"format": 2}',
        b'{"format": 2, "layers": 7}',
        json.dumps({"format": 2, "layers": [{"layer": A}]}).encode(),
        json.dumps({"format": 99, "layers": [A]}).encode(),
    ],
)
def test_a_damaged_record_reads_as_none(damaged: bytes) -> None:
    document = Document(A)
    document.annotations["keycel"] = damaged
    assert our_layers.our_layers(document) == []
