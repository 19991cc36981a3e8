"""Shots as they come: late or negative first keyframes, pixels off the canvas, profiles, groups, masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.kra_writer import ICC, Layer, Pixels, write_kra
from support.krita_facts import SMALL, blank_digest, digest, layer, value_digest
from support.krita_process import KritaProcess
from support.walking_figure import figure

WIDE_GAMUT = ICC.with_name("ClayRGB-elle-V2-g22.icc")
"""Krita's free Adobe RGB, in every build."""


def drawing(time: int) -> Pixels:
    return figure(time, *SMALL, painted=False)


def painting(time: int) -> Pixels:
    return figure(time, *SMALL, painted=True)


def open_layers(krita: KritaProcess, path: Path, layers: list[Layer], **more: object) -> None:
    write_kra(path, *SMALL, layers, **more)
    krita.run("shots", "open_shot", path=str(path))


def read(krita: KritaProcess, name: str = "Lines", color_layer: str = "Keys") -> dict[str, str]:
    return krita.run("host", "read_layer", layer=name, color_layer=color_layer).result["digests"]


def test_holds_are_not_pictures(krita: KritaProcess, tmp_path: Path) -> None:
    """Irregular exposures: 1, 4, 2 and 13 frames; a clone keyframe comes back in between."""
    cels = {(0, 5): drawing(0), (1,): drawing(9), (7,): drawing(20)}
    open_layers(
        krita, tmp_path / "a.kra", [Layer("Lines", cels), Layer("Keys", {(0,): painting(0)})], last=19
    )
    zero, nine, twenty = digest(drawing(0)), digest(drawing(9)), digest(drawing(20))
    assert read(krita) == {"0": zero, "1": nine, "5": zero, "7": twenty}
    facts = krita.run("host", "facts").result
    assert facts["keyframe_times"]["Lines"] == [0, 1, 5, 7]
    assert facts["length"] == 20
    krita.run("host", "add_layer", name="New", beside="Lines", cels=[[0, 5], [1], [7]])
    pictures = krita.run("host", "pictures_at", layer="New", times=[0, 1, 2, 5, 7, 19]).result
    first, second, third = map(value_digest, (1, 2, 3))
    assert pictures == {"0": first, "1": second, "2": None, "5": first, "7": third, "19": None}


def test_a_first_keyframe_above_zero(krita: KritaProcess, tmp_path: Path) -> None:
    """Krita puts a blank one at 0."""
    cels = {(4,): drawing(4), (6,): drawing(6)}
    open_layers(krita, tmp_path / "a.kra", [Layer("Lines", cels), Layer("Keys", {(4,): painting(4)})])
    assert read(krita) == {"0": blank_digest(), "4": digest(drawing(4)), "6": digest(drawing(6))}


def test_keyframes_below_zero(krita: KritaProcess, tmp_path: Path) -> None:
    """Krita's timeline begins at 0. It warns in a window of its own and moves what lies before that."""
    cels = {(-3,): drawing(30), (0,): drawing(0), (2,): drawing(2)}
    path = tmp_path / "a.kra"
    write_kra(path, *SMALL, [Layer("Lines", cels), Layer("Keys", {(0,): painting(0)})])
    krita.run("host", "open_quietly", path=str(path))
    shown = layer(krita.run("shots", "state").result, "Lines")["keyframes"]
    assert {digest(drawing(time)) for time in (0, 2, 30)} <= set(shown.values())
    assert read(krita) == shown
    krita.run("host", "group", name="Group", layers=["Lines"])
    assert read(krita, "Group") == shown


def test_a_group_is_read_while_its_layers_are_moved(krita: KritaProcess, small_shot: Path) -> None:
    """Krita copies documents without a lock of its own: it crashed when its threads changed the layers."""
    krita.run("shots", "open_shot", path=str(small_shot))
    krita.run("host", "group", name="Group", layers=["Lines"])
    opened = krita.run("disturbing", "read_while_layers_move", group="Group", layer="Lines", rounds=60).result
    assert opened > 0


def test_a_group_is_not_copied_in_the_middle_of_a_transformation(
    krita: KritaProcess, small_shot: Path
) -> None:
    krita.run("shots", "open_shot", path=str(small_shot))
    krita.run("host", "group", name="Group", layers=["Lines"])
    before = read(krita, "Group", "Colour keys")
    arguments = {"layer": "Group", "color_layer": "Colour keys"}
    during, after = krita.run("disturbing", "read_while_transforming", **arguments).result
    assert during["error"] == "DOC_UNREADABLE_PICTURE"
    assert "transformation" in during["remedy"]
    assert after["digests"] == before


@pytest.mark.parametrize("offset", [(-50, -30), (200, 100), (-50, 100)])
@pytest.mark.parametrize("grouped", [False, True])
def test_pixels_off_the_canvas_are_cut_off(
    krita: KritaProcess, tmp_path: Path, offset: tuple[int, int], grouped: bool
) -> None:
    """Layers that were moved, also to negative coordinates."""
    left, top = offset
    open_layers(
        krita,
        tmp_path / "a.kra",
        [
            Layer("Lines", {(0,): painting(0), (2,): painting(2)}, offset=offset),
            Layer("Keys", {(0,): painting(0)}),
            Layer("Still", still=painting(5), offset=offset),
        ],
    )
    if grouped:
        krita.run("host", "group", name="Line group", layers=["Lines"])
    expected = {str(time): digest(shifted(painting(time), left, top)) for time in (0, 2)}
    assert read(krita, "Line group" if grouped else "Lines") == expected
    assert read(krita, "Still") == {"0": digest(shifted(painting(5), left, top))}


def shifted(picture: Pixels, left: int, top: int) -> Pixels:
    """What a canvas shows of a picture of its own size that lies at `left`, `top`."""
    height, width = picture.shape[:2]
    canvas = np.zeros_like(picture)
    rows, columns = slice(max(top, 0), height + min(top, 0)), slice(max(left, 0), width + min(left, 0))
    from_rows = slice(max(-top, 0), height - max(top, 0))
    from_columns = slice(max(-left, 0), width - max(left, 0))
    canvas[rows, columns] = picture[from_rows, from_columns]
    return canvas


def test_another_rgb_profile_keeps_every_byte(krita: KritaProcess, tmp_path: Path) -> None:
    """Read, delivered, saved and reopened in the document's own profile: nothing is converted."""
    cels = {(0,): painting(0), (3,): painting(3)}
    open_layers(
        krita,
        tmp_path / "a.kra",
        [Layer("Lines", cels), Layer("Keys", {(0,): painting(0)})],
        profile=WIDE_GAMUT,
    )
    assert krita.run("host", "profiles").result == {"Lines": WIDE_GAMUT.name, "Keys": WIDE_GAMUT.name}
    assert read(krita) == {"0": digest(painting(0)), "3": digest(painting(3))}
    assert krita.run("host", "facts").result["notes"] == []
    added = krita.run("host", "add_layer", name="New", beside="Lines", cels=[[0], [3]]).result
    assert added["read_back"] == {"0": True, "3": True}
    replaced = krita.run("host", "replace_frames", changes={"New": {"3": 77}}, color_layer="Keys").result
    assert replaced["read_back"] == [{"3": True}]
    path = str(tmp_path / "saved.kra")
    krita.run("shots", "save_as", path=path)
    krita.run("shots", "open_shot", path=path)
    assert krita.run("host", "profiles").result["New"] == WIDE_GAMUT.name
    new = layer(krita.run("shots", "state").result, "New")
    assert new["keyframes"] == {"0": value_digest(1), "3": value_digest(77)}


def test_a_16_bit_document_gets_an_8_bit_layer(krita: KritaProcess, small_shot: Path, tmp_path: Path) -> None:
    krita.run("shots", "open_shot", path=str(small_shot))
    krita.run("host", "convert", model="RGBA", depth="U16")
    added = krita.run("host", "add_layer", name="New", beside="Lines", cels=[[0], [3]]).result
    assert added["read_back"] == {"0": True, "3": True}
    replaced = krita.run(
        "host", "replace_frames", changes={"New": {"3": 77}}, color_layer="Colour keys"
    ).result
    assert replaced["read_back"] == [{"3": True}]
    path = str(tmp_path / "saved.kra")
    krita.run("shots", "save_as", path=path)
    krita.run("shots", "open_shot", path=path)
    new = layer(krita.run("shots", "state").result, "New")
    assert new["color"] == ["RGBA", "U8"]
    assert new["keyframes"] == {"0": value_digest(1), "3": value_digest(77)}


def test_a_group_with_a_masked_layer_changes_where_its_layers_do(krita: KritaProcess, tmp_path: Path) -> None:
    layers = [
        Layer("Upper", {(0,): drawing(0), (3,): drawing(3)}),
        Layer("Lower", {(0,): drawing(8), (5,): drawing(11)}),
        Layer("Keys", {(0,): painting(0)}),
    ]
    open_layers(krita, tmp_path / "a.kra", layers)
    krita.run("host", "group", name="Group", layers=["Lower", "Upper"])
    krita.run("host", "invert_by_mask", layer="Lower")  # now: moving a layer by the API loses its masks
    facts = krita.run("host", "facts").result
    assert facts["keyframe_times"]["Group"] == [0, 3, 5]
    before = krita.run("shots", "state").result
    pictures = krita.run("host", "read_layer", layer="Group", color_layer="Keys").result["visible"]
    expected = {
        str(time): digest(over(drawing(upper), inverted(drawing(lower))))
        for time, upper, lower in ((0, 0, 8), (3, 3, 8), (5, 3, 11))
    }
    assert pictures == expected
    assert krita.run("shots", "state").result == before


def inverted(picture: Pixels) -> Pixels:
    """Colours inverted where there is paint; what hides in transparent pixels is not looked at."""
    colors = np.where(picture[:, :, 3:] > 0, 255 - picture[:, :, :3], 0)
    return np.concatenate([colors, picture[:, :, 3:]], axis=2).astype(np.uint8)


def over(upper: Pixels, lower: Pixels) -> Pixels:
    """Both have opaque and empty pixels only."""
    return np.where(upper[:, :, 3:] > 0, upper, lower)
