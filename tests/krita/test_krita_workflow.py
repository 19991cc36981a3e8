"""An animator's day in a real Krita: review, correct, spread, take again, protect, recolour, come back."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from support.krita_process import KritaProcess
from support.krita_states import (
    COLORS,
    UNTOUCHED,
    command,
    differing,
    keyframes,
    layer,
    open_shot,
    paint,
    put_artist,
    review_of,
    state_of,
    without,
)

from keycel_backend.io.kra.reader import read_kra

TIMES = (0, 2, 3, 5, 9, 44)
"""Drawings of the small shot; that of 5 comes back at 44, as a clone keyframe."""


@pytest.fixture
def coloured(krita: KritaProcess, small_shot: Path) -> KritaProcess:
    open_shot(krita, small_shot)
    put_artist(krita, 3, "Colour keys")
    command(krita, "colorize")
    return krita


def test_every_frame_is_proposed_and_shown(coloured: KritaProcess) -> None:
    seen = review_of(coloured)
    assert seen["states"] == dict.fromkeys(TIMES, "proposed")
    assert list(seen["ends"].values())[:-1] == list(TIMES[1:])
    assert seen["current"] == 3
    assert seen["thumbnails"] == list(TIMES)
    assert [origin for _, origin, _ in seen["takes"]] == ["engine"]
    assert all(frames > 0 for _, _, _, frames, _ in seen["palette"])


def test_review_survives_saving_and_reopening(coloured: KritaProcess, tmp_path: Path) -> None:
    spoil(coloured, 3)
    review_of(coloured)
    coloured.run("docker", "answer_when_asked", name="regenerate", yes=True, timeout=120)
    command(coloured, "lock")
    put_artist(coloured, 2, "Colour keys")
    command(coloured, "accept")
    before = review_of(coloured)
    assert (before["states"][2], before["locked"], before["takes_of"][3]) == ("accepted", [3], 2)
    saved = tmp_path / "saved.kra"
    coloured.run("shots", "save_as", path=str(saved))
    open_shot(coloured, saved)
    put_artist(coloured, 2, "Colour keys")
    assert review_of(coloured) == before


def test_a_click_in_the_strip_moves_the_playhead(coloured: KritaProcess) -> None:
    review_of(coloured)
    coloured.run("docker", "click_cell", time=9)
    assert state_of(coloured)["playhead"] == 9


def test_selected_frames_are_regenerated_together_and_alone(coloured: KritaProcess) -> None:
    before = state_of(coloured)
    for time in (2, 3):
        spoil(coloured, time)
    painted = state_of(coloured)
    review_of(coloured)
    coloured.run("docker", "do", name="select", arguments=[[2, 3]])
    answer = coloured.run("docker", "answer_when_asked", name="regenerate", yes=True, timeout=120).result
    assert answer["details"] == "", answer
    after = state_of(coloured)
    assert differing(keyframes(painted), keyframes(after)) == {2, 3}
    assert differing(keyframes(before), keyframes(after)) <= {2, 3}
    assert after["undo_steps"] == painted["undo_steps"] + 1
    assert without(after, COLORS) == without(painted, COLORS)
    assert {key: after[key] for key in UNTOUCHED} == {key: painted[key] for key in UNTOUCHED}
    undone = coloured.run("shots", "undo").result
    assert undone["layers"] == painted["layers"]


def spoil(krita: KritaProcess, time: int) -> None:
    """Spoil a frame, so that any take differs from what is there."""
    paint(krita, time, COLORS)
    put_artist(krita, time, "Colour keys")


def test_takes_are_kept_and_chosen(coloured: KritaProcess) -> None:
    first = keyframes(state_of(coloured))[3]
    paint(coloured, 3, COLORS)
    put_artist(coloured, 3, "Colour keys")
    by_hand = keyframes(state_of(coloured))[3]
    assert review_of(coloured)["states"][3] == "edited"
    asked = coloured.run("docker", "answer_when_asked", name="regenerate", yes=True, timeout=120).result
    assert asked["details"] == "", asked
    takes = review_of(coloured)["takes"]
    origins = [origin for _, origin, _ in takes]
    assert origins[:2] == ["engine", "artist"]
    command(coloured, "choose_take", takes[1][0])
    assert keyframes(state_of(coloured))[3] == by_hand
    steps = state_of(coloured)["undo_steps"]
    command(coloured, "choose_take", takes[0][0])
    after = state_of(coloured)
    assert keyframes(after)[3] == first
    assert after["undo_steps"] == steps + 1


def test_no_means_no(coloured: KritaProcess) -> None:
    paint(coloured, 3, COLORS)
    put_artist(coloured, 3, "Colour keys")
    review_of(coloured)
    before = state_of(coloured)
    coloured.run("docker", "answer_when_asked", name="regenerate", yes=False, timeout=120)
    assert state_of(coloured) == before


def test_a_correction_spreads_to_free_frames_only(coloured: KritaProcess) -> None:
    put_artist(coloured, 2, "Colour keys")
    command(coloured, "accept")
    put_artist(coloured, 5, "Colour keys")
    command(coloured, "lock")
    # All of frame 3 in one colour: what its neighbours take over from it cannot be overlooked.
    paint(coloured, 3, COLORS, (0, 0, 320, 180))
    put_artist(coloured, 3, "Colour keys")
    painted = state_of(coloured)
    states = {**dict.fromkeys(TIMES, "proposed"), 2: "accepted", 3: "edited"}
    assert review_of(coloured)["states"] == states
    answer = command(coloured, "spread")
    after = state_of(coloured)
    changed = differing(keyframes(painted), keyframes(after))
    assert not changed & {2, 3, 5}, answer
    assert 44 in changed  # the drawing of 5 again, and neither locked nor accepted
    assert without(after, COLORS) == without(painted, COLORS)


def test_colorize_again_leaves_protected_frames_alone(coloured: KritaProcess) -> None:
    paint(coloured, 3, COLORS)
    put_artist(coloured, 0, "Colour keys")
    before = state_of(coloured)
    command(coloured, "colorize")
    assert state_of(coloured) == before


def test_a_changed_drawing_makes_its_frame_stale(coloured: KritaProcess) -> None:
    paint(coloured, 3, "Lines", (150, 10, 4, 160))
    put_artist(coloured, 3, "Colour keys")
    assert review_of(coloured)["states"] == {**dict.fromkeys(TIMES, "proposed"), 3: "stale"}
    before = state_of(coloured)
    command(coloured, "colorize")
    after = state_of(coloured)
    assert differing(keyframes(before), keyframes(after)) <= {3}
    assert review_of(coloured)["states"][3] == "proposed"


def test_undo_is_understood(coloured: KritaProcess) -> None:
    paint(coloured, 3, COLORS)
    assert review_of(coloured)["states"][3] == "edited"
    coloured.run("shots", "undo")
    assert review_of(coloured)["states"][3] == "proposed"


def test_a_locked_frame_is_refused(coloured: KritaProcess) -> None:
    command(coloured, "lock")
    before = state_of(coloured)
    command(coloured, "regenerate", error="DOC_FRAME_LOCKED")
    assert state_of(coloured) == before


def test_scope_current_frame_colours_one_frame(krita: KritaProcess, small_shot: Path) -> None:
    open_shot(krita, small_shot)
    put_artist(krita, 4, "Colour keys")
    krita.run("docker", "choose_scope", scope="current")
    command(krita, "colorize")
    states = review_of(krita)["states"]
    assert states == {**dict.fromkeys(TIMES, "empty"), 3: "proposed"}
    assert sorted(keyframes(state_of(krita))) == list(TIMES)  # blank where nothing is coloured: no false hold
    krita.run("docker", "choose_scope", scope="all")
    command(krita, "colorize")
    assert set(review_of(krita)["states"].values()) == {"proposed"}


def test_unsure_regions_have_a_layer_of_their_own(coloured: KritaProcess) -> None:
    before = state_of(coloured)
    command(coloured, "show_unsure", True)
    shown = state_of(coloured)
    marks = layer(shown, "Keycel unsure")
    names = [entry["name"] for entry in shown["layers"] if entry["type"] == "paintlayer"]
    assert names == ["Keycel unsure", "Lines", COLORS, "Colour keys", "Paper"]
    assert without(shown, "Keycel unsure") == before["layers"]
    assert {int(time) for time in marks["keyframes"]} == set(TIMES)
    listed = review_of(coloured)["unsure"]
    unsure = {time for first, _number, _box, _reason, also in listed for time in (first, *also)}
    blank = {
        time for time, digest in keyframes(shown, "Keycel unsure").items() if digest == blank_digest(320, 180)
    }
    assert blank == set(TIMES) - unsure
    command(coloured, "show_unsure", False)
    assert layer(state_of(coloured), "Keycel unsure")["visible"] is False


def blank_digest(width: int, height: int) -> str:
    return hashlib.sha256(bytes(4 * width * height)).hexdigest()


def test_a_colour_is_replaced_everywhere_at_once(coloured: KritaProcess) -> None:
    put_artist(coloured, 2, "Colour keys")
    command(coloured, "accept")
    put_artist(coloured, 0, "Colour keys")
    before = state_of(coloured)
    palette = review_of(coloured)["palette"]
    original = palette[0][0]
    command(coloured, "replace_color", original, [1, 250, 3, 255])
    after = state_of(coloured)
    assert differing(keyframes(before), keyframes(after)) == set(TIMES) - {2}
    assert after["undo_steps"] == before["undo_steps"] + 1
    assert [1, 250, 3, 255] in [color for _, color, *_ in review_of(coloured)["palette"]]
    assert keyframes(coloured.run("shots", "undo").result) == keyframes(before)
    assert [1, 250, 3, 255] not in [color for _, color, *_ in review_of(coloured)["palette"]]
    command(coloured, "replace_color", original, [1, 250, 3, 255])
    assert keyframes(state_of(coloured)) == keyframes(after)
    command(coloured, "replace_color", original, original)
    assert keyframes(state_of(coloured)) == keyframes(before)


def test_a_palette_file_is_the_law(krita: KritaProcess, small_shot: Path, tmp_path: Path) -> None:
    palette = tmp_path / "two.gpl"
    palette.write_text("GIMP Palette\nName: two\nColumns: 2\n#\n200 10 10 red\n10 10 200 blue\n")
    open_shot(krita, small_shot)
    command(krita, "load_palette", str(palette))
    command(krita, "colorize")
    saved = tmp_path / "saved.kra"
    krita.run("shots", "save_as", path=str(saved))
    used = {
        tuple(color)
        for picture in colors_of_layer(saved)
        for color in np.unique(picture.reshape(-1, 4), axis=0)
    }
    assert {color for color in used if color[3]} <= {(200, 10, 10, 255), (10, 10, 200, 255)}
    assert len(used) > 1


def colors_of_layer(path: Path) -> list[np.ndarray]:
    return [picture.load() for picture in read_kra(path, "Lines", COLORS, None).colors.values()]


def test_regenerate_waits_for_its_document(coloured: KritaProcess) -> None:
    spoil(coloured, 3)
    review_of(coloured)
    answer = coloured.run("docker", "regenerate_behind", width=64, height=64, timeout=120).result
    assert answer["said"].startswith("Waiting"), answer
    assert answer["details"] == "", answer
