"""Reading layers and adding them in a real Krita, against pictures whose content is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.krita_facts import SMALL, blank_digest, digest, layer, line_digests, untouched
from support.krita_process import KritaProcess, ScenarioError


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
    added = shot.run("host", "add_layer", name="New", beside="Lines", cels=cels).result
    after = shot.run("shots", "state").result
    assert added["read_back"] == {str(time): True for times in cels for time in times}
    new = layer(after, "New")
    assert sorted(map(int, new["keyframes"])) == [0, 3, 4, 7, 12]
    assert new["keyframes"]["0"] == new["keyframes"]["12"]
    assert len(set(new["keyframes"].values())) == 4
    names = [entry["name"] for entry in after["layers"] if entry["type"] == "paintlayer"]
    assert names == ["Lines", "New", "Colour keys", "Paper"]
    assert untouched(after) == untouched(before)
    assert after["undo_steps"] == before["undo_steps"] + 1
    assert shot.run("shots", "undo").result["layers"] == before["layers"]
    assert shot.run("shots", "redo").result["layers"] == after["layers"]


def test_a_layer_may_start_late(shot: KritaProcess) -> None:
    added = shot.run("host", "add_layer", name="Late", beside="Lines", cels=[[7], [40]]).result
    assert added["read_back"] == {"7": True, "40": True}
    late = layer(shot.run("shots", "state").result, "Late")["keyframes"]
    assert sorted(map(int, late)) == [0, 7, 40]
    assert late["0"] == blank_digest()


@pytest.mark.parametrize(
    ("place", "beside", "order"),
    [
        ("above", "Lines", ["New", "Lines", "Colour keys", "Paper"]),
        ("above", "Paper", ["Lines", "Colour keys", "New", "Paper"]),
        ("beneath", "Colour keys", ["Lines", "Colour keys", "New", "Paper"]),
    ],
)
def test_a_new_layer_lies_where_it_was_wished(
    shot: KritaProcess, place: str, beside: str, order: list[str]
) -> None:
    shot.run("host", "add_layer", name="New", beside=beside, cels=[[0]], place=place)
    assert [name for name, _depth, _ours in shot.run("host", "facts").result["layers"]] == order


def test_with_nothing_beneath_the_new_layer_is_blended_behind(shot: KritaProcess) -> None:
    shot.run("host", "add_layer", name="New", beside="Paper", cels=[[0]], place="beneath")
    state = shot.run("shots", "state").result
    assert [entry["name"] for entry in state["layers"]] == ["Lines", "Colour keys", "New", "Paper"]
    assert layer(state, "New")["blending"] == "behind"


@pytest.mark.parametrize(("place", "index"), [("above", 1), ("beneath", 2)])
def test_in_a_group_the_new_layer_stays_in_it(shot: KritaProcess, place: str, index: int) -> None:
    shot.run("host", "group", name="Group", layers=["Colour keys", "Lines"])
    shot.run("host", "add_layer", name="New", beside="Lines", cels=[[0]], place=place)
    layers = shot.run("host", "facts").result["layers"]
    assert layers.index(["New", 1, True]) == index
    assert layers[0] == ["Group", 0, False]


def test_a_scenario_that_fails_says_why(krita: KritaProcess) -> None:
    with pytest.raises(ScenarioError, match="ZeroDivisionError"):
        krita.run("basics", "evaluate", source="1 / 0")
