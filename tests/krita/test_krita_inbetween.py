"""In-betweens in a real Krita, with the real engine: two layers, one undo step, keys as they were drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.kra_writer import write_kra
from support.krita_process import KritaProcess
from support.krita_states import command, differing, keyframes, open_shot, put_artist, review_of, state_of
from support.walking_figure import layers

KEYS = (0, 3, 6)
COLORS, LINES, GROUP = "In-between colour", "In-between lines", "Keycel in-betweens"


@pytest.fixture
def sketches(tmp_path: Path) -> Path:
    path = tmp_path / "sketches.kra"
    write_kra(path, 320, 180, layers(320, 180, times=KEYS))
    return path


def test_the_frames_between_key_sketches(krita: KritaProcess, sketches: Path) -> None:
    open_shot(krita, sketches)
    before = put_artist(krita, 3, "Colour keys")
    done = command(krita, "inbetween")
    assert done["line"] == "Lines"
    assert done["message"].startswith("7 frames drawn and coloured."), done
    after = state_of(krita)
    drawn, keys = keyframes(after, LINES), keyframes(after, "Lines")
    assert sorted(drawn) == sorted(keyframes(after, COLORS)) == list(range(7))
    assert {time: drawn[time] for time in KEYS} == {time: keys[time] for time in KEYS}
    assert len(set(drawn.values())) == len(drawn)
    assert after["undo_steps"] == before["undo_steps"] + 1
    assert after["playhead"] == before["playhead"]
    seen = review_of(krita)
    assert seen["states"] == dict.fromkeys(range(7), "proposed")
    command(krita, "accept")
    assert review_of(krita)["states"][3] == "accepted"


def test_one_more_take_of_one_frame_and_back(krita: KritaProcess, sketches: Path) -> None:
    open_shot(krita, sketches)
    put_artist(krita, 4, "Colour keys")
    command(krita, "inbetween")
    before = state_of(krita)
    krita.run("docker", "choose_scope", scope="current")
    command(krita, "inbetween")
    after = state_of(krita)
    for name in (LINES, COLORS):
        assert differing(keyframes(before, name), keyframes(after, name)) <= {4}
    assert [each["name"] for each in after["layers"]] == [each["name"] for each in before["layers"]]
    for _step in range(after["undo_steps"]):
        krita.run("shots", "undo")
    left = {layer["name"] for layer in state_of(krita)["layers"]}
    assert {"Lines", "Colour keys", "Paper"} <= left
    assert not left & {LINES, COLORS, GROUP}
