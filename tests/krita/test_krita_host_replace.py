"""Replacing keyframes of our layers in a real Krita: one undo step, nothing else touched, only ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.krita_facts import untouched, value_digest
from support.krita_process import KritaProcess

CELS = [[0, 12], [3], [4]]
SECOND_CELS = [[0], [3, 12], [6]]


@pytest.fixture
def shot(krita: KritaProcess, small_shot: Path) -> KritaProcess:
    krita.run("shots", "open_shot", path=str(small_shot))
    return krita


def add(shot: KritaProcess, name: str, cels: list[list[int]], **more: object) -> str:
    """Returns the new layer's id."""
    return shot.run("host", "add_layer", name=name, beside="Lines", cels=cels, **more).result["layer"]


def replace(shot: KritaProcess, changes: dict[str, dict[str, int]], **more: object) -> dict[str, Any]:
    """`changes`: layer id to {time: value of its new pixels}."""
    return shot.run("host", "replace_frames", changes=changes, color_layer="Colour keys", **more).result


def keyframes(state: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Layer id to {time: digest}."""
    return {entry["id"]: dict(entry["keyframes"]) for entry in state["layers"]}


def except_keyframes(state: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**entry, "keyframes": None} for entry in state["layers"]]


def check_one_step(before: dict[str, Any], after: dict[str, Any], expected: dict[str, Any]) -> None:
    """`expected`: all keyframes, as `keyframes` gives them."""
    assert keyframes(after) == expected
    assert except_keyframes(after) == except_keyframes(before)
    assert untouched(after) == untouched(before)
    assert after["undo_steps"] == before["undo_steps"] + 1


@pytest.mark.parametrize("trouble", ["none", "not pinned", "same name as another layer", "in a group"])
def test_a_replaced_frame_is_one_step_and_alone(shot: KritaProcess, trouble: str) -> None:
    new = add(shot, "New", CELS)
    if trouble == "not pinned":
        shot.run("host", "pin", layer="New", pinned=False)
    elif trouble == "same name as another layer":
        shot.run("host", "rename", layer="New", name="Paper")
    elif trouble == "in a group":
        shot.run("host", "group", name="Group", layers=["New"])
    before = shot.run(
        "shots", "place_artist", time=3, active="Lines", selected=["Colour keys"], box=[8, 9, 50, 40]
    ).result
    assert replace(shot, {new: {"12": 99}})["read_back"] == [{"12": True}]
    after = shot.run("shots", "state").result
    expected = keyframes(before)
    expected[new]["12"] = value_digest(99)  # 0 had the same picture; it keeps it
    check_one_step(before, after, expected)
    assert shot.run("shots", "undo").result["layers"] == before["layers"]


@pytest.mark.parametrize("trouble", ["none", "not pinned", "namesakes"])
def test_frames_of_several_layers_are_replaced_in_one_step(shot: KritaProcess, trouble: str) -> None:
    first = add(shot, "Colours", CELS)
    second = add(shot, "Unsure", SECOND_CELS, place="above")
    if trouble == "not pinned":
        shot.run("host", "pin", layer="Colours", pinned=False)
        shot.run("host", "pin", layer="Unsure", pinned=False)
    elif trouble == "namesakes":
        shot.run("host", "rename", layer="Unsure", name="Colours")
    before = shot.run(
        "shots", "place_artist", time=3, active="Paper", selected=["Lines"], box=[8, 9, 50, 40]
    ).result
    replaced = replace(shot, {first: {"3": 70, "12": 71}, second: {"0": 80, "3": 81, "6": 82}})
    assert replaced["read_back"] == [{"3": True, "12": True}, {"0": True, "3": True, "6": True}]
    after = shot.run("shots", "state").result
    expected = keyframes(before)
    expected[first].update({"3": value_digest(70), "12": value_digest(71)})
    expected[second].update({time: value_digest(value) for time, value in (("0", 80), ("3", 81), ("6", 82))})
    check_one_step(before, after, expected)
    assert shot.run("shots", "undo").result["layers"] == before["layers"]
    assert shot.run("shots", "redo").result["layers"] == after["layers"]


def test_a_frame_held_so_far_gets_a_keyframe_of_its_own(shot: KritaProcess) -> None:
    new = add(shot, "New", CELS)
    before = shot.run("shots", "state").result
    replace(shot, {new: {"8": 50}})
    expected = keyframes(before)
    expected[new]["8"] = value_digest(50)
    check_one_step(before, shot.run("shots", "state").result, expected)


def test_a_frame_that_the_artist_has_moved_is_put_right(shot: KritaProcess) -> None:
    new = add(shot, "New", CELS)
    shot.run("host", "move", layer="New", x=40, y=-20)
    moved = shot.run("shots", "state").result
    assert keyframes(moved)[new]["0"] != value_digest(1)
    assert replace(shot, {new: {"0": 60}})["read_back"] == [{"0": True}]


def test_nothing_is_written_to_layers_that_are_not_ours(shot: KritaProcess) -> None:
    add(shot, "New", CELS)
    shot.run("host", "duplicate", layer="New")
    before = shot.run("shots", "state").result
    for name in ("Lines", "Colour keys", "Paper", "New copy"):
        refusals = shot.run("host", "calls_refused", layer=name).result
        assert set(refusals.values()) == {"DOC_NOT_OURS"}, name
        assert replace(shot, {name: {"0": 9}})["error"] == "DOC_NOT_OURS"
    assert shot.run("host", "facts").result["our_layers"] == ["New"]
    assert shot.run("shots", "state").result["layers"] == before["layers"]


def test_one_foreign_layer_stops_the_whole_step(shot: KritaProcess) -> None:
    new = add(shot, "New", CELS)
    before = shot.run("shots", "state").result
    refused = replace(shot, {new: {"0": 9}, "Lines": {"0": 9}})
    assert refused["error"] == "DOC_NOT_OURS"
    assert "Lines" in refused["title"]
    assert shot.run("shots", "state").result == before


@pytest.mark.parametrize("locked", ["New", "Group"])
def test_locked_layers_and_groups_are_refused_until_unlocked(shot: KritaProcess, locked: str) -> None:
    new = add(shot, "New", CELS)
    shot.run("host", "group", name="Group", layers=["New"])
    shot.run("host", "lock", layer=locked)
    before = shot.run("shots", "state").result
    assert replace(shot, {new: {"0": 9}})["error"] == "DOC_LAYER_LOCKED"
    assert shot.run("shots", "state").result == before
    shot.run("host", "unlock", layer="New")
    assert not any(entry["locked"] for entry in shot.run("shots", "state").result["layers"])
    assert replace(shot, {new: {"0": 9}})["read_back"] == [{"0": True}]


def test_a_layer_locked_at_the_last_moment_is_refused(shot: KritaProcess) -> None:
    new = add(shot, "New", CELS)
    before = keyframes(shot.run("shots", "state").result)
    lock = 'krita.activeDocument().nodeByName("New").setLocked(True)'
    assert replace(shot, {new: {"0": 9}}, interruption=lock)["error"] == "DOC_LAYER_LOCKED"
    assert keyframes(shot.run("shots", "state").result) == before


def test_a_layer_converted_by_the_artist_is_read_but_not_written_to(shot: KritaProcess) -> None:
    """Its keyframes would get bytes that mean something else there."""
    new = add(shot, "New", CELS)
    converted = shot.run("host", "convert_layer", layer="New", model="RGBA", depth="U16").result
    assert converted == ["RGBA", "U16"]
    pictures = shot.run("host", "pictures_at", layer="New", times=[0, 3, 4, 5]).result
    assert pictures == {"0": value_digest(1), "3": value_digest(2), "4": value_digest(3), "5": None}
    assert replace(shot, {new: {"0": 9}})["error"] == "DOC_UNSUPPORTED_COLOR"
