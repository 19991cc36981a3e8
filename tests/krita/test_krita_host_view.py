"""What the artist sees and has chosen, asked from and told to a real Krita by the host."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.krita_facts import layer
from support.krita_process import KritaProcess

ASK_MS = 16
"""A question that the docker asks again and again must not be felt."""


@pytest.fixture
def shot(krita: KritaProcess, small_shot: Path) -> KritaProcess:
    krita.run("shots", "open_shot", path=str(small_shot))
    return krita


def test_the_selection_in_the_timeline_is_known(shot: KritaProcess) -> None:
    shot.run("host", "select_cells", first=3, last=9)
    assert shot.run("host", "facts").result["selected_times"] == [3, 4, 5, 6, 7, 8, 9]
    shot.run("host", "select_cells", first=44, last=44)
    assert shot.run("host", "facts").result["selected_times"] == [44]


def test_the_playhead_moves_as_by_a_click(shot: KritaProcess) -> None:
    """Cells selected before are not selected any more, or commands would still mean them."""
    before = shot.run("shots", "state").result
    shot.run("host", "select_cells", first=3, last=9)
    moved = shot.run("host", "move_playhead", time=5).result
    assert (moved["later"], moved["timeline"], moved["selected"]) == (5, 5, [5])
    assert moved["active"] == before["active"]
    assert moved["undo_steps"] <= 1, "moving the playhead is at most the step that Krita makes of it"
    assert shot.run("shots", "state").result["layers"] == before["layers"]
    shot.run("host", "select_cells", first=2, last=5)
    again = shot.run("host", "move_playhead", time=5).result
    assert (again["later"], again["selected"]) == (5, [5])
    assert again["undo_steps"] == 0


def test_undo_is_the_artists_undo(shot: KritaProcess) -> None:
    before = shot.run("shots", "state").result
    shot.run("host", "add_layer", name="New", beside="Lines", cels=[[0]])
    shot.run("host", "undo")
    assert shot.run("shots", "state").result["layers"] == before["layers"]


def test_showing_and_hiding_our_layer_is_seen_at_once_and_no_step(shot: KritaProcess) -> None:
    shot.run("host", "add_layer", name="New", beside="Lines", cels=[[0]], place="above")
    before = shot.run("shots", "state").result
    hidden = shot.run("host", "set_visible", layer="New", visible=False).result
    assert shot.run("host", "facts").result["visible"]["New"] is False
    shown = shot.run("host", "set_visible", layer="New", visible=True).result
    assert shot.run("host", "facts").result["visible"]["New"] is True
    assert hidden["up_to_date"]
    assert shown["up_to_date"]
    assert hidden["seen"] != shown["seen"]
    assert shot.run("shots", "state").result == before


def test_every_kind_of_layer_tells_where_its_pictures_start(shot: KritaProcess) -> None:
    shot.run("host", "clone_layer", name="Clone", source="Lines")
    shot.run("host", "group", name="Group", layers=["Colour keys"])
    facts = shot.run("host", "facts").result
    lines = [0, 2, 3, 5, 9, 44]
    assert facts["keyframe_times"]["Lines"] == lines
    assert facts["keyframe_times"]["Colour keys"] == [0, 9]
    assert facts["keyframe_times"]["Group"] == [0, 9]
    assert set(lines) <= set(facts["keyframe_times"]["Clone"])
    assert facts["keyframe_times"]["Paper"] == [0]
    assert facts["length"] == 45
    for name, times in facts["keyframe_times"].items():
        read = shot.run("host", "read_layer", layer=name, color_layer="Colour keys").result
        assert sorted(map(int, read["digests"])) == times


def test_the_questions_that_are_asked_again_and_again_are_cheap(shot: KritaProcess) -> None:
    shot.run("host", "add_layer", name="New", beside="Lines", cels=[[0]])
    shot.run("host", "keep_memos", count=100, size=1000)
    timings = shot.run("host", "timings").result
    assert max(timings.values()) < ASK_MS, timings


def test_only_documents_with_a_window_count(krita: KritaProcess, small_shot: Path) -> None:
    krita.run("shots", "open_shot", path=str(small_shot))
    krita.run("shots", "add_document", width=64, height=64)
    seen = krita.run("host", "several_documents").result
    assert seen["documents"] == ["Other", "shot"]
    assert seen["front"] == "Other"
    assert seen["same"] == 1
    assert (seen["selected_times"], seen["active_layer"]) == ([], "")
    assert seen["closed"] == [False, False, True], "closed, not the other one; the other one is in front"
    assert seen["refused"] == {
        "undo": "DOC_NOT_ACTIVE",
        "move_playhead": "DOC_NOT_ACTIVE",
        "layers": "DOC_NO_SHOT",
    }


def test_icons_and_resources_are_kritas_own(krita: KritaProcess) -> None:
    things = krita.run("host", "host_things").result
    assert things["icon"] == [False, True]
    assert Path(things["resources"]) == krita.folder / "data" / "krita"


def test_a_layer_is_added_to_a_document_in_the_back(krita: KritaProcess, small_shot: Path) -> None:
    krita.run("shots", "open_shot", path=str(small_shot))
    front = krita.run("host", "add_layer_in_the_back", name="New", beside="Lines", cels=[[0], [3]]).result
    assert front["read_back"] == {"0": True, "3": True}
    assert front["layers_in_front"] == ["Background"]
    assert front["refused"] == "DOC_NOT_ACTIVE"


def test_a_note_tells_when_the_new_layer_is_of_another_depth(shot: KritaProcess) -> None:
    assert shot.run("host", "facts").result["notes"] == []
    shot.run("host", "convert", model="RGBA", depth="U16")
    [note] = shot.run("host", "facts").result["notes"]
    assert "RGB, 16-bit integer" in note
    state = shot.run("shots", "state").result
    assert layer(state, "Lines")["color"] == ["RGBA", "U16"]
