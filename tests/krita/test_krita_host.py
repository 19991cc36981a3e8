"""Reading and writing layers in a real Krita, against pictures whose content is known."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.krita_process import KritaProcess, ScenarioError
from support.walking_figure import figure

SMALL = (320, 180)
TIMES = (0, 2, 3, 9)
WITH_CLONE = (*TIMES, 5, 44)


def digest(pixels: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(pixels[:, :, [2, 1, 0, 3]]).tobytes()).hexdigest()


def line_digests() -> dict[str, str]:
    """By frame number (as JSON keys) the lines as they were written into the file."""
    digests = {str(time): digest(figure(time, *SMALL, painted=False)) for time in (*TIMES, 5)}
    return {**digests, "44": digests["5"]}


def layer(state: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [layer for layer in state["layers"] if layer["name"] == name]
    return found


@pytest.fixture
def shot(krita: KritaProcess, small_shot: Path) -> KritaProcess:
    krita.run("shots", "open_shot", path=str(small_shot))
    return krita


def test_own_pixels_are_read_bit_by_bit(shot: KritaProcess) -> None:
    before = shot.run("shots", "state").result
    read = shot.run("host", "read_layer", layer="Lines", color_layer="Colour keys").result
    assert read["kind"] == "PixelReader"
    assert read["digests"] == line_digests()
    assert shot.run("shots", "state").result == before


def test_a_still_layer_has_one_picture(shot: KritaProcess) -> None:
    read = shot.run("host", "read_layer", layer="Paper", color_layer="Paper").result
    assert read["digests"] == {"0": digest(np.full((SMALL[1], SMALL[0], 4), 255, np.uint8))}


@pytest.mark.parametrize("hidden", [False, True])
def test_a_group_is_read_as_it_looks(shot: KritaProcess, hidden: bool) -> None:
    shot.run("host", "group", name="Line group", layers=["Lines"])
    if hidden:
        shot.run("host", "hide", layer="Line group")
    before = shot.run("shots", "state").result
    read = shot.run("host", "read_layer", layer="Line group", color_layer="Colour keys").result
    assert read["kind"] == "LookReader"
    assert read["digests"] == line_digests()
    assert shot.run("shots", "state").result == before


def test_a_clone_layer_is_read_as_it_looks(shot: KritaProcess) -> None:
    shot.run("host", "clone_layer", name="Clone", source="Lines")
    read = shot.run("host", "read_layer", layer="Clone", color_layer="Colour keys").result
    assert read["kind"] == "LookReader"
    assert read["digests"] == line_digests()


def test_masks_are_applied(shot: KritaProcess) -> None:
    shot.run("host", "invert_by_mask", layer="Paper")
    read = shot.run("host", "read_layer", layer="Paper", color_layer="Colour keys").result
    assert read["kind"] == "LookReader"
    assert read["first"] == [0, 0, 0, 255]


def test_16_bit_layers_are_converted_without_loss(shot: KritaProcess) -> None:
    assert shot.run("host", "convert", model="RGBA", depth="U16").result == ["RGBA", "U16"]
    before = shot.run("shots", "state").result
    read = shot.run("host", "read_layer", layer="Lines", color_layer="Colour keys").result
    assert read["kind"] == "ConvertedReader"
    assert read["digests"] == line_digests()
    assert shot.run("shots", "state").result == before


def test_grey_layers_are_converted(shot: KritaProcess) -> None:
    assert shot.run("host", "convert", model="GRAYA", depth="U8").result == ["GRAYA", "U8"]
    read = shot.run("host", "read_layer", layer="Paper", color_layer="Paper").result
    assert read["kind"] == "ConvertedReader"
    assert read["first"] == [255, 255, 255, 255]


@pytest.mark.parametrize(("model", "depth"), [("RGBA", "F32"), ("CMYKA", "U8")])
def test_other_colour_spaces_are_refused(shot: KritaProcess, model: str, depth: str) -> None:
    shot.run("host", "convert", model=model, depth=depth)
    read = shot.run("host", "read_layer", layer="Lines", color_layer="Colour keys").result
    assert read["error"] == "DOC_UNSUPPORTED_COLOR"
    assert "Convert" in read["remedy"]


def test_a_new_layer_is_one_step_and_shares_repeated_pictures(shot: KritaProcess) -> None:
    before = shot.run(
        "shots", "place_artist", time=3, active="Colour keys", selected=["Paper"], box=[8, 9, 50, 40]
    ).result
    cels = [[0, 12], [3], [4], [7]]
    added = shot.run("host", "add_layer", name="New", line_layer="Lines", cels=cels).result
    after = shot.run("shots", "state").result
    assert added["read_back"] == {str(time): True for times in cels for time in times}
    new = layer(after, "New")
    assert sorted(map(int, new["keyframes"])) == [0, 3, 4, 7, 12]
    assert new["keyframes"]["0"] == new["keyframes"]["12"]
    assert len(set(new["keyframes"].values())) == 4
    names = [entry["name"] for entry in after["layers"] if entry["type"] == "paintlayer"]
    assert names == ["Lines", "New", "Colour keys", "Paper"]
    untouched = ("playhead", "active", "selected", "selection", "documents")
    assert {key: after[key] for key in untouched} == {key: before[key] for key in untouched}
    assert after["undo_steps"] == before["undo_steps"] + 1
    assert shot.run("shots", "undo").result["layers"] == before["layers"]
    assert shot.run("shots", "redo").result["layers"] == after["layers"]


def test_a_layer_may_start_late(shot: KritaProcess) -> None:
    added = shot.run("host", "add_layer", name="Late", line_layer="Lines", cels=[[7], [40]]).result
    assert added["read_back"] == {"7": True, "40": True}
    late = layer(shot.run("shots", "state").result, "Late")["keyframes"]
    blank = hashlib.sha256(bytes(SMALL[0] * SMALL[1] * 4)).hexdigest()
    assert sorted(map(int, late)) == [0, 7, 40]
    assert late["0"] == blank


@pytest.mark.parametrize("trouble", ["none", "not pinned", "same name as another layer"])
def test_a_replaced_frame_is_one_step_and_alone(shot: KritaProcess, trouble: str) -> None:
    shot.run("host", "add_layer", name="New", line_layer="Lines", cels=[[0, 12], [3], [4]])
    name = "New"
    if trouble == "not pinned":
        shot.run("host", "pin", layer="New", pinned=False)
    elif trouble == "same name as another layer":
        name = "Colour keys"
        shot.run("host", "rename", layer="Colour keys", name="Old")
        shot.run("host", "rename", layer="New", name=name)
        shot.run("host", "rename", layer="Old", name="Colour keys ")
    before = shot.run(
        "shots", "place_artist", time=3, active="Lines", selected=["Paper"], box=[8, 9, 50, 40]
    ).result
    assert shot.run("host", "replace_frame", layer=name, time=12, value=99).result == {"read_back": True}
    after = shot.run("shots", "state").result
    old, new = layer(before, name)["keyframes"], layer(after, name)["keyframes"]
    assert {time for time in new if new[time] != old.get(time)} == {"12"}
    assert old.keys() == new.keys()
    others = [entry for entry in after["layers"] if entry["name"] != name]
    assert others == [entry for entry in before["layers"] if entry["name"] != name]
    untouched = ("playhead", "active", "selected", "selection", "documents")
    assert {key: after[key] for key in untouched} == {key: before[key] for key in untouched}
    assert after["undo_steps"] == before["undo_steps"] + 1
    assert shot.run("shots", "undo").result["layers"] == before["layers"]


def test_a_scenario_that_fails_says_why(krita: KritaProcess) -> None:
    with pytest.raises(ScenarioError, match="ZeroDivisionError"):
        krita.run("basics", "evaluate", source="1 / 0")
