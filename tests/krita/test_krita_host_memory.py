"""What the host keeps inside a document of a real Krita, and that it is there after reopening."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.krita_process import KritaProcess

COUNT = 200
SIZE = 50_000


@pytest.fixture
def shot(krita: KritaProcess, small_shot: Path) -> KritaProcess:
    krita.run("shots", "open_shot", path=str(small_shot))
    return krita


def test_many_memos_survive_saving_and_reopening(shot: KritaProcess, tmp_path: Path) -> None:
    before = shot.run("shots", "state").result
    kept = shot.run("host", "keep_memos", count=COUNT, size=SIZE).result
    assert kept["quiet"], "a document is not modified for having been remembered"
    assert kept["marked"]
    memos = shot.run("host", "facts").result["memos"]
    assert len(memos) == COUNT
    assert {"take-" + digest for digest in memos.values()} == memos.keys()
    assert shot.run("shots", "state").result == before, "not an undo step"
    path = str(tmp_path / "remembered.kra")
    shot.run("shots", "save_as", path=path)
    shot.run("shots", "open_shot", path=path)
    assert shot.run("host", "facts").result["memos"] == memos


def test_memos_can_be_removed(shot: KritaProcess, tmp_path: Path) -> None:
    shot.run("host", "keep_memos", count=5, size=100)
    assert shot.run("host", "forget_memos", count=3).result == [2, [True, True]]
    path = str(tmp_path / "forgotten.kra")
    shot.run("shots", "save_as", path=path)
    shot.run("shots", "open_shot", path=path)
    assert len(shot.run("host", "facts").result["memos"]) == 2


def test_undo_leaves_the_memory_alone(shot: KritaProcess) -> None:
    shot.run("host", "add_layer", name="New", beside="Lines", cels=[[0]])
    shot.run("host", "keep_memos", count=3, size=100)
    memos = shot.run("host", "facts").result["memos"]
    shot.run("host", "undo")
    facts = shot.run("host", "facts").result
    assert facts["memos"] == memos
    assert facts["our_layers"] == []
    shot.run("shots", "redo")
    assert shot.run("host", "facts").result["our_layers"] == ["New"]


def test_our_layers_are_still_ours_after_reopening(shot: KritaProcess, tmp_path: Path) -> None:
    for name in ("First", "Second"):
        shot.run("host", "add_layer", name=name, beside="Lines", cels=[[0], [3]])
    shot.run("host", "rename", layer="First", name="Renamed")
    path = str(tmp_path / "ours.kra")
    shot.run("shots", "save_as", path=path)
    shot.run("shots", "open_shot", path=path)
    assert shot.run("host", "facts").result["our_layers"] == ["Renamed", "Second"]
    replaced = shot.run(
        "host", "replace_frames", changes={"Renamed": {"3": 40}}, color_layer="Colour keys"
    ).result
    assert replaced["read_back"] == [{"3": True}]


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\x00",
        b"[]",
        json.dumps({"format": 2, "layers": 5}).encode(),
        json.dumps({"format": 2, "layers": [None, {"layer": "x"}]}).encode(),
        json.dumps({"format": 1, "layers": [{"layer": "{0}"}]}).encode(),
    ],
)
def test_a_damaged_record_makes_no_layer_ours(shot: KritaProcess, data: bytes) -> None:
    shot.run("host", "add_layer", name="New", beside="Lines", cels=[[0]])
    assert shot.run("host", "damage_claims", data=data.hex()).result == []
    assert shot.run("host", "calls_refused", layer="New").result["check_writable"] == "DOC_NOT_OURS"
